"""The dual as a linear program of its own, and the exact set of optimal multipliers.

At a kink of the optimal value the multiplier is not unique: the optimal multipliers form a face of
the dual polyhedron. Given any optimal x, that face is the set of dual feasible y complementary to
x, so the extreme values of a linear function of y over it are two linear programs. By duality they
are one-sided derivatives of the value: with V(t) the value for right-hand sides shifted by t along
``(d_ub, d_eq)``, the right derivative at 0 is the maximum and the left one the minimum of
``d_eq.y_eq - d_ub.y_ub`` over the face.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from lp_solvers import highs, validation
from lp_solvers.errors import DegenerateError, InfeasibleError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from lp_solvers.validation import Matrix, Vector

# A variable or slack below this fraction of the largest one counts as zero. HiGHS returns vertices,
# whose zeros are exact up to the rounding of one triangular solve.
_ZERO = 1e-10


def dual_program(lp: LinearProgram) -> LinearProgram:
    """State the dual of ``lp`` in the same form; its value is minus the value of ``lp``.

    Variables are ``(y_ub, y_eq_plus, y_eq_minus)``, all non-negative, with
    ``y_eq = y_eq_plus - y_eq_minus``; see :func:`split_multipliers`. The multiplier of its row j
    is the optimal ``x_j``.

    Raises
    ------
    ValueError
        If ``lp`` has no constraint rows: its dual has no variables.
    """
    if lp.n_ub + lp.n_eq == 0:
        raise ValueError("lp must have at least one constraint row; got none")
    return linear_program(np.concatenate([lp.b_ub, -lp.b_eq, lp.b_eq]), _dual_rows(lp), lp.c)


def split_multipliers(lp: LinearProgram, point: Vector) -> tuple[Vector, Vector]:
    """Multipliers ``(y_ub, y_eq)`` of ``lp`` held by a point of :func:`dual_program`."""
    y_ub, plus, minus = np.split(point, [lp.n_ub, lp.n_ub + lp.n_eq])
    return y_ub, plus - minus


def derivative_range(
    lp: LinearProgram, solution: LPSolution, d_ub: Vector, d_eq: Vector
) -> tuple[float, float]:
    """Left and right derivative of the value along ``(b_ub, b_eq) + t (d_ub, d_eq)`` at t = 0.

    Parameters
    ----------
    lp : LinearProgram
        The program.
    solution : LPSolution
        An optimal vertex, e.g. from HiGHS; only ``x`` is used. (An interior-point answer has no
        exact zeros, so its complementary face is not reliable.)
    d_ub, d_eq : (m_ub,), (m_eq,) arrays
        Direction.

    Returns
    -------
    tuple of float
        ``(left, right)``, ``left <= right`` because the value is convex in t. ``-inf`` or ``inf``
        when the program is infeasible on that side.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong shape or is not finite.
    SolverError
        If ``solution`` is not optimal, so that no multiplier is complementary to it.
    """
    d_ub = validation.vector("d_ub", d_ub, lp.n_ub)
    d_eq = validation.vector("d_eq", d_eq, lp.n_eq)
    objective = np.concatenate([-d_ub, d_eq, -d_eq])
    if objective.size == 0:
        return 0.0, 0.0
    face = _optimal_face(lp, validation.vector("solution.x", solution.x, lp.n_variables))
    # The order of equal ends could be lost in rounding.
    low, high = sorted((_least(face(objective)), -_least(face(-objective))))
    return low, high


def multiplier_range(lp: LinearProgram, solution: LPSolution, row: int) -> tuple[float, float]:
    """Least and largest optimal multiplier of inequality ``row``; see :func:`derivative_range`.

    The largest is ``inf`` when the constraint cannot be tightened at all.

    Raises
    ------
    TypeError, ValueError
        If ``row`` is not an inequality row or ``solution`` has the wrong shape.
    """
    direction = np.zeros(lp.n_ub)
    direction[validation.row_index("row", row, lp.n_ub)] = 1.0
    left, right = derivative_range(lp, solution, direction, np.zeros(lp.n_eq))
    return max(0.0, -right), max(0.0, -left)


def unique_multiplier(
    lp: LinearProgram, solution: LPSolution, row: int, tolerance: float = 1e-9
) -> float:
    """Return the multiplier of inequality ``row``, provided there is only one.

    Raises
    ------
    DegenerateError
        If the optimal multipliers form an interval wider than ``tolerance`` times the largest
        multiplier of ``solution``; the interval is attached.
    TypeError, ValueError
        As :func:`multiplier_range`.
    """
    low, high = multiplier_range(lp, solution, row)
    largest = np.abs(np.concatenate([solution.y_ub, solution.y_eq])).max()
    if high - low > tolerance * largest:
        raise DegenerateError(
            f"multiplier of row {row} is not unique: all of [{low:.6g}, {high:.6g}] are optimal",
            (low, high),
        )
    return (low + high) / 2


def _optimal_face(lp: LinearProgram, x: Vector) -> Callable[[Vector], LinearProgram]:
    """Program over the dual feasible multipliers complementary to x, for a given objective."""
    slack = lp.b_ub - lp.A_ub @ x
    positive = x > _ZERO * np.abs(x).max()
    terms = abs(lp.A_ub) @ np.abs(x) + np.abs(lp.b_ub)
    loose = np.flatnonzero(slack > _ZERO * terms)
    rows = _dual_rows(lp)
    closed = sparse.csr_array(
        (np.ones(loose.size), (np.arange(loose.size), loose)), shape=(loose.size, rows.shape[1])
    )
    A_ub, b_ub = rows[~positive], lp.c[~positive]
    A_eq = sparse.vstack([rows[positive], closed])
    b_eq = np.concatenate([lp.c[positive], np.zeros(loose.size)])
    return lambda objective: linear_program(objective, A_ub, b_ub, A_eq, b_eq)


def _dual_rows(lp: LinearProgram) -> sparse.csr_array:
    """Rows of ``-A_ub' y_ub + A_eq' (y_eq_plus - y_eq_minus) <= c``."""
    blocks: list[Matrix] = [-sparse.csr_array(lp.A_ub.T), sparse.csr_array(lp.A_eq.T)]
    return sparse.csr_array(sparse.hstack([*blocks, -blocks[1]]))


def _least(lp: LinearProgram) -> float:
    try:
        return highs.solve(lp).value
    except UnboundedError:
        return -np.inf
    except InfeasibleError as error:
        raise SolverError(
            "solution is not optimal: no multiplier is complementary to it"
        ) from error
