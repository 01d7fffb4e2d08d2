"""Why there is no optimum: the auxiliary programs and the verdict drawn from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers import highs
from lp_solvers.certificate import verify_farkas, verify_unbounded
from lp_solvers.diagnosis import elastic_program, explain_failure, improving_direction_program
from lp_solvers.errors import FarkasRay, InfeasibleError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from tests.lp_solvers.program_strategies import (
    Unbounded,
    as_sparse,
    infeasible_programs,
    solved_programs,
    unbounded_programs,
)

Solved = tuple[LinearProgram, LPSolution]


@given(solved_programs())
def test_feasible_program_needs_no_violation(program: Solved) -> None:
    assert highs.solve(elastic_program(program[0])).value == pytest.approx(0, abs=1e-12)


@given(infeasible_programs())
def test_infeasible_program_needs_some_violation(
    program: tuple[LinearProgram, FarkasRay],
) -> None:
    assert highs.solve(elastic_program(program[0])).value > 1e-6


def test_least_violation_by_hand() -> None:
    # 4 x <= 4 and 2 x = 5 disagree by 3/2 in x, which is what rows of size 1 count.
    lp = linear_program([7.0], [[4.0]], [4.0], [[2.0]], [5.0])
    assert highs.solve(elastic_program(lp)).value == pytest.approx(1.5)


@given(solved_programs())
def test_bounded_program_has_no_improving_direction(program: Solved) -> None:
    assert highs.solve(improving_direction_program(program[0])).value == pytest.approx(0, abs=1e-12)


@given(unbounded_programs())
def test_improving_direction_is_at_least_as_steep_as_the_known_one(program: Unbounded) -> None:
    known = program.lp.c @ program.direction / program.direction.sum()
    assert highs.solve(improving_direction_program(program.lp)).value <= known + 1e-12


@given(infeasible_programs())
def test_verdict_infeasible(program: tuple[LinearProgram, FarkasRay]) -> None:
    lp, _ = program
    error = explain_failure(as_sparse(lp), highs.solve, "?")
    assert isinstance(error, InfeasibleError)
    assert verify_farkas(lp, error.ray)


@given(unbounded_programs())
def test_verdict_unbounded(program: Unbounded) -> None:
    error = explain_failure(program.lp, highs.solve, "?")
    assert isinstance(error, UnboundedError)
    assert verify_unbounded(program.lp, error.point, error.direction)


@given(solved_programs())
def test_program_with_an_optimum_is_never_called_anything_else(program: Solved) -> None:
    """A solver that gave up on a solvable program is a solver error, with what it said."""
    error = explain_failure(program[0], highs.solve, "iteration limit")
    assert type(error) is SolverError
    assert "iteration limit" in str(error)


def test_hair_thin_infeasibility_is_proved_or_left_open_but_never_guessed() -> None:
    """x >= 1 + gap and x <= 1: proved down to the rounding of the data, a solver error below."""
    for gap, verdict in ((1e-6, InfeasibleError), (1e-12, SolverError)):
        lp = linear_program([1.0], [[1.0], [-1.0]], [1.0, -1.0 - gap])
        assert type(explain_failure(lp, highs.solve, "?")) is verdict


def test_large_and_small_rows_weigh_the_same() -> None:
    for unit in (1e-6, 1.0, 1e6):
        lp = linear_program([1.0], [[1.0], [-unit]], [1.0, -2.0 * unit])
        error = explain_failure(lp, highs.solve, "?")
        assert isinstance(error, InfeasibleError)
        assert error.ray.y_ub[1] * unit == pytest.approx(error.ray.y_ub[0])
        assert np.abs(error.ray.y_ub).max() == 1
