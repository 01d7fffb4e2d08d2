from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.theory.sweeps import (
    Bounds,
    ToleranceError,
    average_bounds,
    discounted_bounds,
)


@given(st.integers(2, 6), st.floats(0.0, 0.99), st.integers(0, 2**32 - 1))
def test_bounds_enclose_the_solutions_of_linear_equations(n: int, gamma: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, costs, law = rng.dirichlet(np.ones(n), n), rng.random(n), rng.dirichlet(np.ones(n))
    exact = law @ np.linalg.solve(np.eye(n) - gamma * matrix, costs)
    found = discounted_bounds(lambda v: costs + gamma * matrix @ v, law, gamma, 1e-9)
    assert found.low - 1e-11 <= exact <= found.high + 1e-11
    assert found.high - found.low <= 1e-9 + 1e-11
    balance = np.vstack([matrix.T - np.eye(n), np.ones(n)])
    stationary = np.linalg.lstsq(balance, np.append(np.zeros(n), 1.0), rcond=None)[0]
    average = average_bounds(lambda v: costs + matrix @ v, np.zeros(n), 1e-9)
    assert average.low - 1e-12 <= stationary @ costs <= average.high + 1e-12


def test_a_loose_tolerance_gives_wide_bounds_that_still_enclose() -> None:
    matrix, costs = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.0, 3.0])
    wide = average_bounds(lambda v: costs + matrix @ v, np.zeros(2), 1.0)
    assert 0.1 < wide.high - wide.low <= 1.0
    assert wide.low < 1.0 < wide.high
    assert Bounds(1.0, 2.0).value == 1.5


def test_a_chain_that_takes_its_time_is_waited_for() -> None:
    """Fifty states in a row: nothing seems to happen until the last one is reached."""
    matrix = np.eye(50, k=1)
    matrix[-1, -1] = 1.0
    costs = np.eye(50)[-1]
    found = average_bounds(lambda v: costs + matrix @ v, np.zeros(50), 1e-9)
    assert (found.low, found.high) == (1.0, 1.0)


def test_what_is_not_attainable_is_said() -> None:
    costs = np.array([0.0, 1.0])
    with pytest.raises(
        ToleranceError, match=r"stay 1 apart, which is more than the 0\.1 asked for"
    ):
        average_bounds(lambda v: costs + v, np.zeros(2), 0.1)
    with pytest.raises(ValueError, match="tolerance must be finite and > 0; got 0"):
        average_bounds(lambda v: costs + v, np.zeros(2), 0.0)
