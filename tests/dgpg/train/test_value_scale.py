"""The running scale of the returns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.train.value_scale import LEAST_VARIANCE, UNSCALED, ValueScale
from tests.dgpg.train.strategies import rngs

MOMENTA = st.floats(0, 0.999)


@given(rngs, MOMENTA)
def test_the_first_episode_sets_the_scale(rng, momentum) -> None:
    returns = 5 + 3 * rng.standard_normal((4, 3))
    scale = ValueScale(momentum).seen(returns)
    assert scale.center == pytest.approx(returns.mean(), rel=1e-9)
    assert scale.spread == pytest.approx(returns.std(), rel=1e-6)
    scaled = scale.normalized(returns)
    assert scaled.mean() == pytest.approx(0, abs=1e-8)
    assert scaled.std() == pytest.approx(1, rel=1e-6)


@given(rngs, MOMENTA, st.integers(1, 4))
def test_statistics_are_weighted_means_over_the_episodes(rng, momentum, n) -> None:
    episodes = [rng.normal(k, 2, (3, 2)) for k in range(n)]
    scale = ValueScale(momentum)
    for returns in episodes:
        scale = scale.seen(returns)
    weights = momentum ** np.arange(n - 1, -1, -1.0)
    mean = np.average([x.mean() for x in episodes], weights=weights)
    square = np.average([(x * x).mean() for x in episodes], weights=weights)
    assert scale.center == pytest.approx(mean, abs=1e-9)
    assert scale.spread**2 == pytest.approx(max(square - mean**2, LEAST_VARIANCE), abs=1e-7)


@given(rngs, MOMENTA)
def test_restoring_undoes_scaling(rng, momentum) -> None:
    returns = 100 * rng.standard_normal(5)
    scale = ValueScale(momentum).seen(returns)
    np.testing.assert_allclose(scale.restored(scale.normalized(returns)), returns, atol=1e-9)


def test_momentum_zero_forgets_and_one_never_scales() -> None:
    first, second = np.array([0.0, 100.0]), np.array([4.0, 6.0])
    assert ValueScale(0.0).seen(first).seen(second).center == 5
    scale = UNSCALED.seen(first).seen(second)
    np.testing.assert_array_equal(scale.normalized(first), first)
    np.testing.assert_array_equal(scale.restored(second), second)


def test_equal_returns_do_not_divide_by_zero() -> None:
    scale = ValueScale().seen(np.full(3, 7.0))
    assert scale.spread == pytest.approx(np.sqrt(LEAST_VARIANCE))
    np.testing.assert_allclose(scale.normalized(np.full(3, 7.0)), 0, atol=1e-12)


@pytest.mark.parametrize("momentum", [-0.1, 1.1, np.nan])
def test_a_momentum_outside_the_unit_interval_is_refused(momentum) -> None:
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\]"):
        ValueScale(momentum)
