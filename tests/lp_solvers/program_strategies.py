"""Linear programs whose answer is known by construction. All data are small integers: exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import sparse

from lp_solvers.errors import FarkasRay
from lp_solvers.linear_program import LinearProgram, LPSolution

Array = NDArray[np.float64]
Draw = Callable[[st.SearchStrategy[Array]], Array]


def integers(shape: tuple[int, ...], low: int = -4, high: int = 4) -> st.SearchStrategy[Array]:
    """Float arrays of integers in ``low..high``."""
    return hnp.arrays(np.float64, shape, elements=st.integers(low, high).map(float))


@st.composite
def solved_programs(draw: Draw, max_size: int = 4) -> tuple[LinearProgram, LPSolution]:
    """A program and an optimal primal-dual pair of it.

    Pairs (x, reduced cost) and (multiplier, slack) are drawn with at most one positive entry each;
    right-hand sides and costs follow. Both entries may be zero, so degenerate programs and
    non-unique optima are common.
    """
    n, n_ub, n_eq = (int(k) for k in draw(integers((3,), 0, max_size)))
    n += 1
    A_ub, A_eq = draw(integers((n_ub, n))), draw(integers((n_eq, n)))
    x_or_reduced, y_or_slack = draw(integers((n,))), draw(integers((n_ub,)))
    x, reduced = np.maximum(x_or_reduced, 0), np.maximum(-x_or_reduced, 0)
    y_ub, slack = np.maximum(y_or_slack, 0), np.maximum(-y_or_slack, 0)
    y_eq = draw(integers((n_eq,)))
    c = reduced - A_ub.T @ y_ub + A_eq.T @ y_eq
    lp = LinearProgram(c, A_ub, A_ub @ x + slack, A_eq, A_eq @ x)
    return lp, LPSolution(x, float(c @ x), y_ub, y_eq)


@st.composite
def infeasible_programs(draw: Draw) -> tuple[LinearProgram, FarkasRay]:
    """A program without feasible point and a ray that proves it."""
    n, n_ub, n_eq = (int(k) for k in draw(integers((3,), 0, 3)))
    n += 1
    A_ub, b_ub, y_ub = (draw(integers(s)) for s in ((n_ub, n), (n_ub,), (n_ub,)))
    A_eq, b_eq, y_eq = (draw(integers(s)) for s in ((n_eq, n), (n_eq,), (n_eq,)))
    y_ub = np.abs(y_ub)
    combined, gain = draw(integers((n,), 0)), draw(integers((1,), 1))
    # A last inequality, of multiplier 1, makes the combination of all rows what was drawn.
    row = combined - A_ub.T @ y_ub + A_eq.T @ y_eq
    right = b_eq @ y_eq - b_ub @ y_ub - gain
    lp = LinearProgram(
        draw(integers((n,))), np.vstack([A_ub, row]), np.append(b_ub, right), A_eq, b_eq
    )
    return lp, FarkasRay(np.append(y_ub, 1.0), y_eq)


@dataclass(frozen=True, eq=False)
class Unbounded:
    """A program with a feasible point and a feasible improving direction."""

    lp: LinearProgram
    point: Array
    direction: Array


@st.composite
def unbounded_programs(draw: Draw) -> Unbounded:
    """Programs whose objective falls for ever, with the proof."""
    n, n_ub, n_eq = (int(k) for k in draw(integers((3,), 0, 3)))
    c, A_ub, A_eq = (draw(integers(s)) for s in ((n,), (n_ub, n), (n_eq, n)))
    others = draw(integers((n,), 0))
    fall, gain = draw(integers((n_ub,), 0)), draw(integers((1,), 1))
    # The last column, of direction 1, makes rows and cost move along the direction as drawn.
    A_ub = np.column_stack([A_ub, -A_ub @ others - fall])
    A_eq = np.column_stack([A_eq, -A_eq @ others])
    c = np.append(c, -c @ others - gain)
    point = draw(integers((n + 1,), 0))
    slack = draw(integers((n_ub,), 0))
    lp = LinearProgram(c, A_ub, A_ub @ point + slack, A_eq, A_eq @ point)
    return Unbounded(lp, point, np.append(others, 1.0))


def as_sparse(lp: LinearProgram) -> LinearProgram:
    """The same program with sparse constraint matrices."""
    return LinearProgram(
        lp.c, sparse.csr_array(lp.A_ub), lp.b_ub, sparse.csr_array(lp.A_eq), lp.b_eq
    )
