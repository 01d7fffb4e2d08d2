"""Alignment with one's own minimiser is convexity; with any other cost it must be asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers.linear_program import linear_program
from refimpl.dgpg.theory.domains.alignment import (
    check_alignment,
    feasible_states,
    segment,
    slope_towards,
)
from tests.dgpg.theory.domains.strategies import vectors

CENTRE = np.array([1.0, -2.0, 3.0])


def away(x):
    """Gradient of half the squared distance from the centre."""
    return x - CENTRE


@given(vectors(3, -9))
def test_slope_of_a_squared_distance_is_its_double_negative(x) -> None:
    assert slope_towards(away, x, CENTRE) == -((x - CENTRE) @ (x - CENTRE))


def test_share_and_worst_state_written_out() -> None:
    states = np.array([[0.0], [0.25], [0.5], [1.0]])
    found = check_alignment(lambda x: np.array([1.0, -1.0, 3.0, 1.0])[states.tolist().index([*x])]
                            * np.ones(1), states, np.ones(1))  # fmt: skip
    # Slopes: 1 * 1, -1 * 0.75, 3 * 0.5, 1 * 0.
    assert (found.worst, found.state.tolist(), found.share) == (1.5, [0.5], 0.5)


def test_a_lower_cost_elsewhere_shows_on_the_way() -> None:
    """<grad, xr - x> is above 0 somewhere between a better state and the reference."""
    start, reference = CENTRE, np.zeros(3)
    found = check_alignment(away, segment(start, reference), reference)
    assert found.worst > 0
    np.testing.assert_allclose(segment(start, reference)[[0, -1]], [start, reference])


def test_feasible_states_are_feasible_and_spread() -> None:
    constraints = linear_program(np.zeros(3), np.eye(3)[:1], [0.5], np.ones((1, 3)), [1.0])
    states = feasible_states(constraints, 50, np.random.default_rng(0))
    assert (states >= -1e-12).all()
    assert (states[:, 0] <= 0.5 + 1e-12).all()
    np.testing.assert_allclose(states.sum(axis=1), 1.0)
    assert (np.ptp(states, axis=0) > 0.3).all()


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"reference must have shape \(3,\); got \(2,\)"):
        slope_towards(away, CENTRE, np.zeros(2))
    with pytest.raises(ValueError, match=r"gradient must have shape \(3,\); got \(1,\)"):
        slope_towards(lambda x: x[:1], CENTRE, CENTRE)
    with pytest.raises(ValueError, match=r"states must have shape.*got \(0, 3\)"):
        check_alignment(away, np.zeros((0, 3)), CENTRE)
