from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.theory.collisions import (
    additive_variance,
    conditional,
    guidance_norm,
    halves,
    mean_deviation,
    moments,
    tilted,
    uniform,
)
from refimpl.dgpg.theory.counterexamples import negative_deviation, unit_jobs
from refimpl.dgpg.theory.estimators import guidance_samples, joint_moments, return_samples
from refimpl.dgpg.theory.games import expected_deviation, gradients, law, outcomes
from tests.dgpg.theory.strategies import seeds

MOMENTS = ("mean_return", "mean_guidance", "var_return", "var_guidance", "covariance")


@given(seeds, st.sampled_from([(1, 2), (2, 2), (3, 2), (5, 2), (2, 3), (3, 3), (4, 3), (3, 4)]))
def test_moments_are_those_of_the_enumerated_game(seed, size) -> None:
    (n, k), rng = size, np.random.default_rng(seed)
    p, direction, baseline = rng.dirichlet(np.ones(k)) + 1e-3, rng.normal(size=k), rng.normal()
    p /= p.sum()
    game = unit_jobs(n, [1.0] * k, negative_deviation(np.ones((k, 1))))
    logits = np.tile(np.log(p), (n, 1))
    first = return_samples(game, logits, baseline=-baseline)[:, 0] @ direction
    second = guidance_samples(game, logits)[:, 0] @ direction
    listed = joint_moments(law(logits, outcomes(game).actions), first, second)
    found = moments(n, p, direction, baseline)
    for name in MOMENTS:
        assert getattr(found, name) == pytest.approx(getattr(listed, name), abs=1e-11)
    assert mean_deviation(n, p) == pytest.approx(float(expected_deviation(game, logits)))


@pytest.mark.parametrize("n", [2, 4, 16, 100, 1000])
def test_closed_forms_of_the_uniform_policy(n) -> None:
    """((N-1)/N)^2 and its half for K = N; (N-1)/4, N/16 and (N^2-N)/32 for two servers."""
    many, two, first = uniform(n), uniform(2), np.array([1.0, 0.0])
    noise = ((n - 1) / n) ** 2
    np.testing.assert_allclose(conditional(n, many).var_coefficient, noise)
    assert moments(n, many, halves(n)).var_guidance == pytest.approx(noise / 2)
    np.testing.assert_allclose(conditional(n, two).var_coefficient, (n - 1) / 4)
    on_two = moments(n, two, first, mean_deviation(n, two))
    assert on_two.var_guidance == pytest.approx(n / 16)
    assert on_two.var_return == pytest.approx((n * n - n) / 32)


@given(st.integers(2, 200), st.floats(0.55, 0.95))
def test_both_signals_are_equal_and_relative_guidance_noise_depends_on_the_tilt_only(
    half, first
) -> None:
    n = 2 * half
    p = tilted(n, first)
    found = moments(n, p, halves(n), mean_deviation(n, p))
    assert found.mean_return == pytest.approx(-found.mean_guidance, rel=1e-6)
    four = moments(4, tilted(4, first), halves(4))
    ratio = found.relative_variances[1] / four.relative_variances[1]
    assert ratio == pytest.approx(1.0, rel=1e-9)


def test_the_squared_norm_adds_up_over_agents() -> None:
    n, p, v = 3, np.array([0.7, 0.3]), np.array([1.0, 0.0])
    game = unit_jobs(n, [1.0, 1.0], negative_deviation(np.ones((2, 1))))
    slopes = gradients(game, np.tile(np.log(p), (n, 1)))[1] @ v
    assert guidance_norm(n, p, v) == pytest.approx(float(slopes @ slopes))


def test_the_sign_of_the_correlation_is_not_that_of_alignment() -> None:
    """J = -G exactly, p = 0.668 for all, exact baseline: -0.548, +0.076, +0.162."""
    p, first = np.array([0.668, 0.332]), np.array([1.0, 0.0])
    found = [moments(n, p, first, mean_deviation(n, p)).correlation for n in (2, 16, 64)]
    assert found == pytest.approx([-0.5481, 0.0763, 0.1618], abs=5e-5)


def test_additive_returns() -> None:
    assert [additive_variance(16, t) for t in (1, 4, 16)] == [3.75, 39.0, 540.0]
    assert additive_variance(5) == 1.0
    for bad in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="must be an integer >= 1"):
            additive_variance(*bad)


def test_policies_and_directions() -> None:
    np.testing.assert_array_equal(halves(4), [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(tilted(4, 0.8), [0.4, 0.4, 0.1, 0.1])
    with pytest.raises(ValueError, match="n_servers must be even; got 3"):
        halves(3)
    with pytest.raises(ValueError, match="policy must be probabilities that sum to 1"):
        conditional(3, np.array([0.5, 0.6]))
    with pytest.raises(ValueError, match="n_agents must be an integer >= 1; got 0"):
        conditional(0, np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match=r"direction must have shape \(2,\)"):
        moments(2, uniform(2), np.ones(3))
