"""The convex programs drawn are solved: their pairs satisfy the conditions, written out again."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from lp_solvers.convex_program import ConvexProgram
from lp_solvers.linear_program import LPSolution
from tests.lp_solvers.convex_strategies import solved_convex_programs

Solved = tuple[ConvexProgram, LPSolution]


@given(solved_convex_programs())
def test_pairs_are_optimal(solved: Solved) -> None:
    program, s = solved
    lp = program.linear
    reduced = program.gradient(s.x) + lp.A_ub.T @ s.y_ub - lp.A_eq.T @ s.y_eq
    assert (s.x >= 0).all()
    assert (lp.A_ub @ s.x <= lp.b_ub).all()
    np.testing.assert_array_equal(lp.A_eq @ s.x, lp.b_eq)
    np.testing.assert_allclose(np.minimum(reduced, 0.0), 0.0, atol=1e-10)
    np.testing.assert_allclose(reduced * s.x, 0.0, atol=1e-9)
