"""Influence vectors are marginal effects exactly where the state is a sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.theory.domains.influence import (
    additive_error,
    backlogged_stock,
    interference,
    lost_sales_stock,
    marginal_effects,
    signal_to_interference,
)
from tests.dgpg.theory.domains.strategies import Floats, vectors


@given(vectors(2, 0), vectors(2, 0), vectors(6, 0))
def test_orders_add_to_backlogged_stock(stock: Floats, demand: Floats, orders: Floats) -> None:
    state, orders = backlogged_stock(stock, demand), orders.reshape(3, 2)
    assert additive_error(state, orders) == 0.0
    np.testing.assert_array_equal(marginal_effects(state, orders), orders)


def test_lost_sales_are_no_sum() -> None:
    """Demand 3 without stock: two orders of 2 leave 1, each alone leaves nothing."""
    state = lost_sales_stock(np.zeros(1), np.array([3.0]))
    orders = np.array([[2.0], [2.0]])
    np.testing.assert_array_equal(state(orders), [1.0])
    assert additive_error(state, orders) == 1.0
    np.testing.assert_array_equal(marginal_effects(state, orders), [[1.0], [1.0]])


@given(vectors(9), vectors(3))
def test_powers_add_to_interference_not_to_its_ratio(gain: Floats, power: Floats) -> None:
    gain, power = gain.reshape(3, 3), power[:, None]
    effects = marginal_effects(interference(gain), power)
    expected = (gain - np.diag(np.diag(gain))).T * power
    np.testing.assert_allclose(effects, expected, rtol=1e-12)
    assert additive_error(interference(gain), power) <= 1e-12 * expected.sum()
    assert additive_error(signal_to_interference(gain, 1.0), power) > 1e-3


def test_ratio_by_hand() -> None:
    state = signal_to_interference(np.array([[2.0, 1.0], [3.0, 4.0]]), 1.0)
    assert state(np.array([[1.0], [1.0]])) == pytest.approx([1.0, 1.0])
