from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import bethe, complete, path, ring, star
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.meanfield.theory.constant_shares import stationary_drop_rates
from refimpl.meanfield.theory.large_delay import (
    best_constant_shares,
    drop_rate_slope,
    least_slope_increase,
)


@given(st.floats(0.01, 5.0), st.floats(0.2, 3.0), st.integers(1, 10))
def test_the_slope_of_the_drop_rate_is_its_derivative(
    rate: float, service: float, buffer: int
) -> None:
    h = 1e-5 * rate
    system = System(path(2), buffer, service_rates=service)
    high, low = (stationary_drop_rates(system, [1.0, 1.0], rate + step)[0] for step in (h, -h))
    slope = drop_rate_slope(rate, service, buffer)
    assert slope == pytest.approx((high - low) / (2 * h), rel=1e-6, abs=1e-9)


@given(st.integers(1, 8), st.floats(0.2, 20.0))
def test_drops_of_an_epoch_are_convex_in_the_rate(buffer: int, dt: float) -> None:
    """Slopes never fall by more than rounding; the derivative has entries of order dt."""
    assert least_slope_increase(np.linspace(0.0, 4.0, 30), buffer, dt) >= -1e-13 * dt


def test_equal_servers_want_equal_rates_and_unequal_ones_do_not() -> None:
    np.testing.assert_allclose(best_constant_shares(System(ring(5)), 0.9), 1.0, atol=1e-6)
    system = System(complete(2), service_rates=(2.0, 1.0))
    shares = best_constant_shares(system, 0.9)
    # [audit MF-28] totals of the two servers: 0.1226 at equal rates, 0.0587 at a split of 2/3
    np.testing.assert_allclose(shares, [4 / 3, 2 / 3], atol=1e-4)
    assert stationary_drop_rates(system, [1, 1], 0.9).sum() == pytest.approx(0.1226, abs=5e-5)
    assert stationary_drop_rates(system, shares, 0.9).sum() == pytest.approx(0.0587, abs=5e-5)
    slopes = drop_rate_slope(0.9 * shares, system.services, 5)
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)


@pytest.mark.parametrize(
    ("graph", "value"), [(star(3), 0.1793), (path(10), 0.1183), (bethe(5), 0.1509)]
)
def test_random_is_worse_than_own_on_irregular_graphs(graph: object, value: float) -> None:
    system = System(graph)  # type: ignore[arg-type]
    empty = np.zeros((1, system.n), dtype=np.intp)
    shares = random_per_packet(system, empty, np.random.default_rng(0))[0]
    assert stationary_drop_rates(system, shares, 0.9).mean() == pytest.approx(value, abs=5e-5)
    own = stationary_drop_rates(system, np.ones(system.n), 0.9).mean()
    assert own == pytest.approx(0.1134, abs=5e-5)


def test_rates_must_increase() -> None:
    with pytest.raises(ValueError, match="rates must be at least two increasing numbers"):
        least_slope_increase([0.5, 0.5], 5, 1.0)
