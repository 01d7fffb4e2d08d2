"""Convex programs whose answer is known by construction."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

from lp_solvers.convex_program import ConvexProgram, SeparableCost
from lp_solvers.linear_program import LinearProgram, LPSolution
from tests.lp_solvers.program_strategies import integers

Array = NDArray[np.float64]
Draw = Callable[[st.SearchStrategy[Array]], Array]


@st.composite
def costs(draw: Draw, size: int) -> SeparableCost:
    """A cost with every term, finite for 0 < x < 5, strictly convex."""
    quadratic, power, weight, barrier = draw(integers((4, size), 0, 3))
    degree = float(draw(integers((1,), 2, 5))[0])
    return SeparableCost(1.0 + quadratic, power, weight, barrier, np.full(size, 8.0), degree=degree)


@st.composite
def solved_convex_programs(draw: Draw) -> tuple[ConvexProgram, LPSolution]:
    """A strictly convex program and its optimal primal-dual pair, strictly complementary.

    As for linear programs: point, slacks and multipliers are drawn, right-hand sides and linear
    costs follow. Variables with a logarithm stay positive.
    """
    n, n_ub, n_eq = (int(k) for k in draw(integers((3,), 0, 3)))
    n += 1
    cost = draw(costs(n))
    A_ub, A_eq = draw(integers((n_ub, n))), draw(integers((n_eq, n)))
    x = np.where(cost.log_weight > 0, draw(integers((n,), 1, 4)), draw(integers((n,), 0, 4)))
    reduced = np.where(x > 0, 0.0, draw(integers((n,), 1, 3)))
    y_ub = draw(integers((n_ub,), 0, 3))
    slack = np.where(y_ub > 0, 0.0, draw(integers((n_ub,), 1, 3)))
    y_eq = draw(integers((n_eq,)))
    c = reduced - A_ub.T @ y_ub + A_eq.T @ y_eq - cost.derivative(x)
    program = ConvexProgram(LinearProgram(c, A_ub, A_ub @ x + slack, A_eq, A_eq @ x), cost)
    return program, LPSolution(x, program.value(x), y_ub, y_eq)
