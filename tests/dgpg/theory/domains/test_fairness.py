"""Jain's index and dominant resource fairness by their textbook examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.theory.domains.fairness import (
    dominant_resource_fair,
    dominant_shares,
    jain_index,
)
from tests.dgpg.theory.domains.strategies import Floats, vectors


@given(vectors(4))
def test_jain_is_a_function_of_mean_and_variance(utilization: Floats) -> None:
    expected = 1.0 / (1.0 + utilization.var() / utilization.mean() ** 2)
    assert jain_index(utilization) == pytest.approx(expected)


def test_dominant_shares_of_the_textbook() -> None:
    """9 CPU and 18 GB; tasks of (1, 4) and (3, 1): three of one, two of the other."""
    demand, capacity = np.array([[1.0, 4.0], [3.0, 1.0]]), np.array([9.0, 18.0])
    tasks = dominant_resource_fair(demand, capacity)
    np.testing.assert_allclose(tasks, [3.0, 2.0])
    np.testing.assert_allclose(dominant_shares(tasks, demand, capacity), [2 / 3, 2 / 3])


@given(vectors(6), vectors(2))
def test_shares_are_equal_and_a_resource_is_full(demand: Floats, capacity: Floats) -> None:
    demand = demand.reshape(3, 2)
    tasks = dominant_resource_fair(demand, capacity)
    shares = dominant_shares(tasks, demand, capacity)
    np.testing.assert_allclose(shares, shares[0])
    assert (tasks @ demand / capacity).max() == pytest.approx(1.0)


def test_bad_users_are_refused() -> None:
    with pytest.raises(ValueError, match="demand must be positive in some resource"):
        dominant_resource_fair(np.zeros((1, 2)), np.ones(2))
    with pytest.raises(ValueError, match="capacity must be > 0"):
        dominant_resource_fair(np.ones((1, 2)), np.array([1.0, 0.0]))
