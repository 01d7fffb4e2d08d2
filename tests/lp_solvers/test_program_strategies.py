"""The generated programs are what they claim to be, in exact integer arithmetic."""

from __future__ import annotations

import numpy as np
from hypothesis import find, given
from scipy import sparse

from lp_solvers.errors import FarkasRay
from lp_solvers.linear_program import LinearProgram, LPSolution, dual_value, reduced_costs
from tests.lp_solvers.program_strategies import (
    Unbounded,
    as_sparse,
    infeasible_programs,
    solved_programs,
    unbounded_programs,
)

Solved = tuple[LinearProgram, LPSolution]


@given(solved_programs())
def test_solved_pair_is_feasible_on_both_sides_and_without_gap(program: Solved) -> None:
    lp, s = program
    assert (s.x >= 0).all()
    assert (lp.A_ub @ s.x <= lp.b_ub).all()
    assert (lp.A_eq @ s.x == lp.b_eq).all()
    assert (s.y_ub >= 0).all()
    assert (reduced_costs(lp, s.y_ub, s.y_eq) >= 0).all()
    assert s.value == lp.c @ s.x == dual_value(lp, s.y_ub, s.y_eq)


@given(infeasible_programs())
def test_ray_of_infeasible_program_is_exact(program: tuple[LinearProgram, FarkasRay]) -> None:
    lp, ray = program
    assert (ray.y_ub >= 0).all()
    assert (lp.A_ub.T @ ray.y_ub - lp.A_eq.T @ ray.y_eq >= 0).all()
    assert dual_value(lp, ray.y_ub, ray.y_eq) >= 1


@given(unbounded_programs())
def test_direction_of_unbounded_program_is_exact(program: Unbounded) -> None:
    lp, x, d = program.lp, program.point, program.direction
    assert (x >= 0).all()
    assert (d >= 0).all()
    assert (lp.A_ub @ x <= lp.b_ub).all()
    assert (lp.A_ub @ d <= 0).all()
    assert (lp.A_eq @ x == lp.b_eq).all()
    assert (lp.A_eq @ d == 0).all()
    assert lp.c @ d <= -1


def test_strategy_reaches_programs_with_both_kinds_of_rows_and_a_positive_multiplier() -> None:
    def rich(program: Solved) -> bool:
        lp, s = program
        return lp.n_eq > 0 and bool((s.y_ub > 0).any()) and bool((s.x > 0).any())

    assert rich(find(solved_programs(), rich))


@given(solved_programs())
def test_sparse_copy_holds_the_same_numbers(program: Solved) -> None:
    lp, _ = program
    copy = as_sparse(lp)
    assert np.array_equal(sparse.csr_array(copy.A_ub).toarray(), lp.A_ub)
    assert np.array_equal(sparse.csr_array(copy.A_eq).toarray(), lp.A_eq)
