"""The second back end agrees with the first, in value, signs and named failures."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from lp_solvers import convex_program, cvx, highs
from lp_solvers.certificate import certify, verify_farkas, verify_unbounded
from lp_solvers.convex_program import ConvexProgram, SeparableCost
from lp_solvers.errors import FarkasRay, InfeasibleError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from tests.lp_solvers.convex_strategies import solved_convex_programs
from tests.lp_solvers.program_strategies import (
    Unbounded,
    as_sparse,
    infeasible_programs,
    solved_programs,
    unbounded_programs,
)
from tests.lp_solvers.textbook import TEXTBOOK

Solved = tuple[LinearProgram, LPSolution]
# CVXPY compiles every program anew, which takes 10 ms.
few = settings(max_examples=max(5, settings().max_examples // 5))


@pytest.mark.parametrize("solver", ["CLARABEL", "HIGHS"])
@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_answer(name: str, solver: str) -> None:
    lp, expected = TEXTBOOK[name]()
    solution = cvx.solve(lp, solver)
    assert solution.x == pytest.approx(expected.x, rel=1e-7, abs=1e-7)
    assert solution.y_ub == pytest.approx(expected.y_ub, rel=1e-7, abs=1e-7)
    assert solution.y_eq == pytest.approx(expected.y_eq, rel=1e-7, abs=1e-7)
    assert certify(lp, solution).worst <= 1e-9


@few
@given(solved_programs())
def test_both_solvers_agree_with_the_reference(program: Solved) -> None:
    lp, known = program
    reference = highs.solve(lp).value
    for solver, tolerance in (("CLARABEL", 1e-6), ("HIGHS", 1e-9)):
        solution = cvx.solve(lp, solver)
        assert solution.value == pytest.approx(reference, rel=tolerance, abs=tolerance)
        assert solution.value == pytest.approx(known.value, rel=tolerance, abs=tolerance)
    assert certify(lp, cvx.solve(lp, "HIGHS")).worst <= 1e-9


@few
@given(solved_programs())
def test_sparse_programs_are_accepted(program: Solved) -> None:
    lp, known = program
    assert cvx.solve(as_sparse(lp), "HIGHS").value == pytest.approx(known.value, abs=1e-9)


@pytest.mark.parametrize("solver", ["CLARABEL", "HIGHS"])
def test_solver_tolerances_are_relative_to_the_units(solver: str) -> None:
    lp, expected = TEXTBOOK["product_mix"]()
    tiny = cvx.solve(replace(lp, c=2.0**-60 * lp.c, b_ub=2.0**-50 * lp.b_ub), solver)
    assert tiny.value == pytest.approx(2.0**-110 * expected.value, rel=1e-9)
    assert tiny.y_ub == pytest.approx(2.0**-60 * expected.y_ub, rel=1e-6, abs=2.0**-80)


@few
@given(infeasible_programs())
def test_infeasible_program_raises_with_proof(program: tuple[LinearProgram, FarkasRay]) -> None:
    lp, _ = program
    for solver in ("CLARABEL", "HIGHS"):
        with pytest.raises(InfeasibleError) as caught:
            cvx.solve(lp, solver)
        assert verify_farkas(lp, caught.value.ray)


@few
@given(unbounded_programs())
def test_unbounded_program_raises_with_proof(program: Unbounded) -> None:
    for solver in ("CLARABEL", "HIGHS"):
        with pytest.raises(UnboundedError) as caught:
            cvx.solve(program.lp, solver)
        assert verify_unbounded(program.lp, caught.value.point, caught.value.direction)


def test_unknown_solver_is_refused_by_name() -> None:
    lp, _ = TEXTBOOK["product_mix"]()
    with pytest.raises(ValueError, match=r"solver must be one of .*; got 'SIMPLEX'"):
        cvx.solve(lp, "SIMPLEX")


def test_failing_solver_is_a_solver_error(monkeypatch: pytest.MonkeyPatch) -> None:
    lp, _ = TEXTBOOK["product_mix"]()
    monkeypatch.setitem(cvx._OPTIONS, "CLARABEL", {"max_iter": 1})
    with pytest.raises(SolverError, match=r"no optimum found.*CLARABEL"):
        cvx.solve(lp, "CLARABEL")


def test_importing_the_package_does_not_import_cvxpy() -> None:
    code = (
        "import sys, lp_solvers.cvx, lp_solvers.parametric, lp_solvers.duality; "
        "raise SystemExit('cvxpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_answer_is_made_of_arrays_of_the_right_shape() -> None:
    for make in TEXTBOOK.values():
        lp, _ = make()
        solution = cvx.solve(lp)
        for value, size in ((solution.x, lp.n_variables), (solution.y_ub, lp.n_ub)):
            assert isinstance(value, np.ndarray)
            assert value.shape == (size,)
        assert solution.y_eq.shape == (lp.n_eq,)


@few
@given(solved_convex_programs())
def test_convex_programs_are_solved_to_rounding(program: tuple[ConvexProgram, LPSolution]) -> None:
    """Curvature is at least 1 and gradients are some thousands, so x is good to 1e-9."""
    convex, known = program
    found = cvx.minimise(convex)
    assert convex_program.certify(convex, found).worst <= 1e-12
    np.testing.assert_allclose(found.x, known.x, atol=1e-9)
    assert found.value == pytest.approx(known.value, rel=1e-10, abs=1e-8)


def test_infeasible_and_unbounded_convex_programs_are_named() -> None:
    cost = SeparableCost(quadratic=np.array([1.0, 0.0]))
    empty = ConvexProgram(linear_program([0.0, 0.0], A_eq=[[1.0, 1.0]], b_eq=[-1.0]), cost)
    with pytest.raises(InfeasibleError) as caught:
        cvx.minimise(empty)
    assert verify_farkas(empty.linear, caught.value.ray)
    with pytest.raises(SolverError):
        cvx.minimise(ConvexProgram(linear_program([0.0, -1.0]), cost))
