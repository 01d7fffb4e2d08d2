from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring, star
from refimpl.meanfield.objective.credit import light_cone_credit, total_credit
from refimpl.meanfield.objective.exact import ExactObjective
from refimpl.meanfield.objective.observations import (
    own_state,
    own_state_and_level,
    own_state_and_neighbours,
)
from refimpl.meanfield.objective.sampled import (
    Estimate,
    SampledObjective,
    controlled_rate_gradient,
    plain_rate_gradient,
)

RULE = np.array([0.1, 0.12, 0.27, 0.43, 0.62, 0.84])
HALF = np.full(6, 0.5)


def scores(found: Estimate, exact: tuple[float, np.ndarray]) -> np.ndarray:
    """z-scores of value and gradient."""
    value = (found.value - exact[0]) / found.value_error
    return np.append(value, (found.gradient - exact[1]) / found.gradient_error)


@pytest.mark.parametrize(
    ("graph", "dt", "observe", "copies", "rule"),
    [
        (ring(4), 3.0, own_state, 8, RULE),
        (ring(4), 1.0, own_state, 8, RULE),
        # a third of the gradient is in the scores, and two copies centre on each other
        (star(3), 3.0, own_state, 2, HALF),
        (path(3), 2.0, own_state_and_level, 8, RULE),
    ],
    ids=["ring-3", "ring-1", "star-pairs", "level"],
)
def test_the_gradient_is_unbiased(
    graph: object, dt: float, observe: object, copies: int, rule: np.ndarray
) -> None:
    """Against the exact gradient, 1600 episodes; all |z| < 4, seed fixed."""
    system = System(graph, dt=dt)  # type: ignore[arg-type]
    sampled = SampledObjective(system, 8, observe(), 1600 // copies, copies)  # type: ignore[operator]
    table = np.resize(rule, sampled.observation.size(system))
    exact = ExactObjective(system, 8, sampled.observation).value_and_gradient(table)
    assert np.abs(scores(sampled.estimate(table), exact)).max() < 4


def test_a_rule_that_sees_its_neighbours() -> None:
    """Directional derivative, because most of its entries are hardly ever used."""
    system = System(path(3), buffer=2, dt=2.0)
    sampled = SampledObjective(system, 6, own_state_and_neighbours(), 200, 8)
    table = np.random.default_rng(0).uniform(0.1, 0.9, 27)
    direction = np.random.default_rng(1).normal(size=27)
    _, gradient = ExactObjective(system, 6, sampled.observation).value_and_gradient(table)
    along = sampled.estimate(table).by_path @ direction
    error = along.std(ddof=1) / np.sqrt(len(along))
    assert abs(along.mean() - gradient @ direction) < 4 * error


@lru_cache(maxsize=1)
def large() -> tuple[SampledObjective, Estimate, dict[str, Estimate]]:
    """Ring of 101 at delay 5: the estimate, and plain ones from the same episodes."""
    system = System(ring(101), dt=5.0)
    sampled = SampledObjective(system, 10, own_state(), 32, 8)
    ran = sampled.episodes(RULE)
    plain = {
        credit.__name__: sampled.summary(ran, plain_rate_gradient(system, ran, credit))
        for credit in (total_credit, light_cone_credit)
    }
    return sampled, sampled.summary(ran, controlled_rate_gradient(system, ran, 8)), plain


def test_controls_cut_the_variance_a_thousandfold_and_change_no_mean() -> None:
    """Plain scores times later drops, then the light cone, then all controls."""
    _, controlled, plain = large()
    naive, cone = (plain[name] for name in ("total_credit", "light_cone_credit"))
    gains = (naive.gradient_error / controlled.gradient_error) ** 2
    assert gains.min() > 1000
    assert ((cone.gradient_error / controlled.gradient_error) ** 2).min() > 10
    for other in (naive, cone):
        assert np.abs((other.gradient - controlled.gradient) / other.gradient_error).max() < 4


def test_on_a_regular_graph_the_entries_cancel() -> None:
    """Shifting all probabilities changes nothing, path by path, in every estimate."""
    _, controlled, _ = large()
    np.testing.assert_allclose(controlled.by_path.sum(axis=1), 0.0, atol=1e-10)


def test_the_value_agrees_with_differences_of_the_value() -> None:
    """Central difference with common random numbers along the strongest direction."""
    sampled, controlled, _ = large()
    direction = np.array([-1.0, -0.5, 0.0, 0.0, 0.5, 1.0]) * 0.05
    high, low = (
        sampled.episodes(RULE + s * direction).drops.mean(axis=2).sum(axis=0) for s in (1, -1)
    )
    by_path = ((high - low) / 2).reshape(32, 8).mean(axis=1)
    along = controlled.by_path @ direction
    gap = along - by_path
    assert abs(gap.mean()) < 4 * gap.std(ddof=1) / np.sqrt(32)


def test_short_memory_is_less_noisy_and_hardly_biased() -> None:
    """Delay 1, 30 epochs: credit over 12 epochs against all; exact gradient known."""
    system = System(ring(4), dt=1.0)
    whole = SampledObjective(system, 30, own_state(), 100, 8)
    _, gradient = ExactObjective(system, 30, own_state()).value_and_gradient(RULE)
    short, long = replace(whole, lags=12).estimate(RULE), whole.estimate(RULE)
    assert (short.gradient_error < 0.8 * long.gradient_error).sum() >= 5
    assert np.abs(short.gradient - gradient).max() < 0.1 * np.abs(gradient).max()


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    one = SampledObjective(System(ring(5), dt=2.0), 4, own_state(), 4, 2)
    np.testing.assert_array_equal(one.estimate(RULE).gradient, one.estimate(RULE).gradient)
    value, gradient = one.value_and_gradient(RULE)
    assert value == one.estimate(RULE).value
    assert not np.allclose(gradient, replace(one, seed=1).estimate(RULE).gradient)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1; got 0"),
        ({"paths": 2}, "paths must be at least 4; got 2"),
        ({"paths": 7}, "paths must be even, for two halves; got 7"),
        ({"copies": 1}, "copies must be at least 2; got 1"),
        ({"lags": 0}, "lags must be an integer >= 1; got 0"),
    ],
)
def test_bad_sizes_are_refused(change: dict[str, int], message: str) -> None:
    one = SampledObjective(System(ring(5)), 4, own_state())
    with pytest.raises(ValueError, match=message):
        replace(one, **change)  # type: ignore[arg-type]


def test_bad_tables_are_refused() -> None:
    one = SampledObjective(System(ring(5)), 4, own_state())
    with pytest.raises(ValueError, match=r"table must have shape \(6,\); got \(5,\)"):
        one.estimate(np.zeros(5))
    with pytest.raises(ValueError, match=r"table must be in \[0, 1\]; got nan"):
        one.estimate([np.nan] * 6)


def test_small_samples_are_unbiased_too() -> None:
    """Four paths of two episodes, 600 times: a control fitted on its own half would show."""
    sampled = SampledObjective(System(star(3), buffer=3, dt=1.0), 6, own_state(), 4, 2)
    rule = HALF[:4]
    _, gradient = ExactObjective(sampled.system, 6, own_state()).value_and_gradient(rule)
    found = np.array([replace(sampled, seed=k).estimate(rule).gradient for k in range(600)])
    deviation = (found.mean(axis=0) - gradient) / (found.std(axis=0, ddof=1) / np.sqrt(600))
    assert np.abs(deviation).max() < 4
