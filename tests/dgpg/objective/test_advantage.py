"""Specifies the one line that changes, and the scaling of the guidance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refimpl.dgpg.objective.advantage import RunningScale, mix

NUMBERS = st.floats(-1e6, 1e6)
PAIRS = hnp.arrays(float, (2, 5), elements=NUMBERS)
WEIGHTS = st.floats(0, 1)


@given(PAIRS, WEIGHTS)
def test_the_mixture_is_linear_in_both(pair: np.ndarray, alpha: float) -> None:
    advantages, coefficients = pair
    found = mix(advantages, coefficients, alpha)
    for a, g, mixed in zip(advantages, coefficients, found, strict=True):
        assert mixed == pytest.approx((1 - alpha) * a - alpha * g, abs=1e-9)
    doubled = mix(2 * advantages, 2 * coefficients, alpha)
    np.testing.assert_allclose(doubled, 2 * found, rtol=1e-15)


@given(PAIRS)
def test_the_ends_are_the_advantage_and_minus_the_coefficient(pair: np.ndarray) -> None:
    advantages, coefficients = pair
    assert np.array_equal(mix(advantages, coefficients, 0.0), advantages)
    assert np.array_equal(mix(advantages, coefficients, 1.0), -coefficients)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, np.nan])
def test_weights_outside_the_unit_interval_are_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\]; got"):
        mix(np.zeros(2), np.zeros(2), alpha)


def test_other_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="coefficients must have shape"):
        mix(np.zeros(2), np.zeros(3), 0.5)
    with pytest.raises(ValueError, match="coefficients must be finite"):
        mix(np.zeros(2), np.array([0.0, np.nan]), 0.5)
    with pytest.raises(ValueError, match="advantages must be finite"):
        mix(np.array([0.0, np.inf]), np.zeros(2), 0.5)


@given(st.integers(2, 20), st.integers(0, 10**6), st.floats(1e-3, 1e3))
def test_the_first_batch_sets_the_statistics(size: int, seed: int, unit: float) -> None:
    batch = unit * np.random.default_rng(seed).normal(loc=3.0, size=size)
    scaled = RunningScale(momentum=0.9, clip=100.0).seen(batch).apply(batch)
    assert abs(scaled.mean()) < 1e-9
    # The scale is not quite the deviation: 1e-8 keeps it from being 0.
    assert scaled.std() == pytest.approx(batch.std() / (batch.std() + 1e-8), rel=1e-9)


@given(st.floats(0, 0.99), st.integers(0, 10**6))
def test_statistics_are_weighted_means_of_those_of_the_batches(momentum: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    batches = [rng.normal(size=6) * (k + 1) for k in range(3)]
    scale = RunningScale(momentum)
    mean, variance = batches[0].mean(), batches[0].var()
    for k, batch in enumerate(batches):
        scale = scale.seen(batch)
        if k:
            mean = momentum * mean + (1 - momentum) * batch.mean()
            variance = momentum * variance + (1 - momentum) * batch.var()
    assert (scale.mean, scale.variance) == pytest.approx((mean, variance), rel=1e-12)
    assert scale.batches == 3


def test_without_momentum_only_the_last_batch_counts() -> None:
    scale = RunningScale(0.0).seen(np.array([1e6, -1e6])).seen(np.array([1.0, 3.0]))
    assert (scale.mean, scale.variance) == (2.0, 1.0)


def test_large_coefficients_are_cut() -> None:
    scale = RunningScale(clip=2.0).seen(np.array([-1.0, 1.0]))
    assert scale.apply(np.array([-9.0, 0.5, 9.0])).tolist() == pytest.approx([-2, 0.5, 2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"),
        ({"momentum": -0.1}, r"momentum must be in \[0, 1\); got -0.1"),
        ({"clip": 0.0}, "clip must be"),
    ],
)
def test_bad_scales_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RunningScale(**changes)
