"""Why a linear program has no optimum, with proof.

Infeasibility is proved by the elastic (phase-1) program: rows are scaled to size 1 and may be
violated at a cost of 1 per unit. Its optimum is zero exactly when the program is feasible;
otherwise its multipliers are a Farkas ray. Unboundedness is proved by a feasible point and a
feasible direction along which the objective falls. Both proofs are verified before they are raised.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from lp_solvers.certificate import verify_farkas, verify_unbounded
from lp_solvers.errors import FarkasRay, InfeasibleError, LPError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from lp_solvers.validation import Matrix, Vector

Solve = Callable[[LinearProgram], LPSolution]


def explain_failure(lp: LinearProgram, solve: Solve, status: str) -> LPError:
    """Named error that says why ``lp`` could not be solved, to be raised by the caller.

    Parameters
    ----------
    lp : LinearProgram
        The program a back end failed on.
    solve : callable
        Solves programs known to have an optimum: the phase-1 and direction programs.
    status : str
        What the back end said; repeated in the message when nothing can be proved.

    Returns
    -------
    LPError
        :class:`InfeasibleError` or :class:`UnboundedError` with a verified proof, else
        :class:`SolverError`.
    """
    elastic = elastic_program(lp)
    relaxed = solve(elastic)
    ray = _farkas_ray(relaxed)
    if verify_farkas(lp, ray):
        return InfeasibleError(
            f"no point satisfies the constraints; least total violation {relaxed.value:.6g}", ray
        )
    point = relaxed.x[: lp.n_variables]
    direction = solve(improving_direction_program(lp)).x
    if verify_unbounded(lp, point, direction):
        rate = float(lp.c @ direction)
        return UnboundedError(
            f"the objective falls without bound, by {-rate:.6g} per unit of direction",
            point,
            direction,
        )
    return SolverError(f"no optimum found, no proof of infeasibility or unboundedness: {status}")


def elastic_program(lp: LinearProgram) -> LinearProgram:
    """Phase-1 program: least total violation of the constraints, rows scaled to unit size.

    Variables are x, the excess of each inequality row, and excess and shortage of each equality
    row. Always feasible and bounded; its value is 0 exactly when ``lp`` is feasible.
    """
    n, n_ub, n_eq = lp.n_variables, lp.n_ub, lp.n_eq
    size_ub, size_eq = _row_sizes(lp.A_ub), _row_sizes(lp.A_eq)
    no_ub = sparse.csr_array((n_ub, 2 * n_eq))
    no_eq = sparse.csr_array((n_eq, n_ub))
    shift = sparse.diags_array(size_eq)
    return linear_program(
        np.concatenate([np.zeros(n), np.ones(n_ub + 2 * n_eq)]),
        sparse.hstack([sparse.csr_array(lp.A_ub), -sparse.diags_array(size_ub), no_ub]),
        lp.b_ub,
        sparse.hstack([sparse.csr_array(lp.A_eq), no_eq, -shift, shift]),
        lp.b_eq,
    )


def improving_direction_program(lp: LinearProgram) -> LinearProgram:
    """Steepest feasible direction of total size 1: least ``c.d`` over the recession cone.

    Minimise ``c.d`` subject to ``A_ub d <= 0``, ``A_eq d = 0``, ``sum d <= 1``, ``d >= 0``.
    """
    size_row = sparse.csr_array(np.ones((1, lp.n_variables)))
    return linear_program(
        lp.c,
        sparse.vstack([sparse.csr_array(lp.A_ub), size_row]),
        np.append(np.zeros(lp.n_ub), 1.0),
        lp.A_eq,
        np.zeros(lp.n_eq),
    )


def _farkas_ray(relaxed: LPSolution) -> FarkasRay:
    # Dual feasibility of the elastic program is exactly feasibility of the ray, because x costs
    # nothing there; strong duality makes its gain the least total violation.
    y_ub = np.maximum(relaxed.y_ub, 0.0)
    largest = max(np.abs(y_ub).max(initial=0.0), np.abs(relaxed.y_eq).max(initial=0.0), 1e-300)
    return FarkasRay(y_ub / largest, relaxed.y_eq / largest)


def _row_sizes(A: Matrix) -> Vector:
    sizes = np.asarray(abs(A).max(axis=1).toarray() if sparse.issparse(A) else abs(A).max(axis=1))
    sizes = sizes.ravel()
    return np.where(sizes > 0, sizes, 1.0)
