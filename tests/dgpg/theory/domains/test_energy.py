"""Greedy filling is the energy optimum; the trained cost's gradient is its derivative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers import highs
from lp_solvers.linear_program import linear_program
from refimpl.dgpg.theory.domains.energy import TrainedCost, energy, least_energy
from tests.dgpg.theory.domains.strategies import Floats, clusters


@given(clusters())
def test_greedy_agrees_with_the_linear_program(cluster: tuple[Floats, Floats]) -> None:
    capacity, more = cluster
    efficiency = 0.5 + more / 10
    workload = 0.7 * capacity.sum(axis=0)
    found = least_energy(capacity, efficiency, workload)
    assert ((found >= 0) & (found <= capacity)).all()
    np.testing.assert_allclose(found.sum(axis=0), workload)
    n, r = capacity.shape
    lp = linear_program(
        (1 / efficiency).ravel(), np.eye(n * r), capacity.ravel(), np.tile(np.eye(r), n), workload
    )
    assert energy(found, efficiency) == pytest.approx(highs.solve(lp).value, rel=1e-12)


def test_trained_cost_by_hand() -> None:
    """One full server with 2 units waiting, one half full; weights 3 and 7."""
    cost = TrainedCost(
        np.array([[4.0], [6.0]]), np.array([[0.5], [0.8]]), np.array([0.5]), 3.0, 7.0
    )
    load = np.array([[6.0], [3.0]])
    assert cost.value(load) == pytest.approx(3.0 * 2.0 / 0.5 + 7.0 * (4 / 0.5 + 3 / 0.8) / 10)
    np.testing.assert_allclose(cost.gradient(load), [[6.0], [7.0 / 0.8 / 10]])


@given(clusters())
def test_trained_gradient_is_the_derivative(cluster: tuple[Floats, Floats]) -> None:
    """The cost is piecewise linear, and half-integer loads lie off the kinks."""
    capacity, load = cluster
    cost = TrainedCost(capacity, 0.5 + capacity / 20, np.ones(capacity.shape[1]), 0.5, 5.0)
    load = load + 0.5
    for where in np.ndindex(load.shape):
        step = np.zeros_like(load)
        step[where] = 0.25
        slope = (cost.value(load + step) - cost.value(load - step)) / 0.5
        assert cost.gradient(load)[where] == pytest.approx(slope, rel=1e-9, abs=1e-11)


def test_too_much_work_is_refused() -> None:
    with pytest.raises(ValueError, match="workload must fit"):
        least_energy(np.ones((2, 1)), np.ones((2, 1)), np.array([3.0]))
