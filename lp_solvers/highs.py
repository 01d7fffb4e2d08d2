"""Reference back end: HiGHS dual simplex through ``scipy.optimize.linprog``, refined to rounding.

HiGHS stops when violations fall below an absolute tolerance, 1e-10 at the tightest; on programs
with thousands of entries the value can then be off by 1e-7. Iterative refinement (Gleixner, Steffy
and Wolter, INFORMS Journal on Computing 28, 2016) mends that: the remaining violations, enlarged,
are a linear program of the same shape, and its solution, reduced again, is the correction. One
round usually leaves nothing but rounding. Programs solved exactly at once are not refined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from lp_solvers.certificate import certify
from lp_solvers.diagnosis import explain_failure
from lp_solvers.errors import SolverError
from lp_solvers.linear_program import LinearProgram, LPSolution, in_unit_scale

# The tightest tolerances HiGHS accepts; the default is 1e-7.
_OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
# Residual below which there is nothing to refine, largest number of rounds, and enlargement: a
# power of two, and small enough that rounding of redundant rows does not become infeasibility.
_SHARP, _ROUNDS, _ENLARGED = 1e-13, 3, 2.0**12


def solve(lp: LinearProgram) -> LPSolution:
    """Optimal vertex and multipliers of ``lp``.

    Convention: SciPy's marginals are ``dV/db``, so the sign of the inequality multipliers is
    flipped here.

    Raises
    ------
    InfeasibleError
        With a verified Farkas ray.
    UnboundedError
        With a verified feasible point and improving direction.
    SolverError
        If the solver fails for another reason.
    """
    try:
        return _solve_bounded(lp)
    except SolverError as error:
        raise explain_failure(lp, _solve_bounded, str(error)) from error


def _solve_bounded(lp: LinearProgram) -> LPSolution:
    return in_unit_scale(lp, _refined)


def _refined(lp: LinearProgram) -> LPSolution:
    """Solve, then correct as long as that makes the worst residual smaller."""
    solution = _first(lp)
    residual = certify(lp, solution).worst
    for _ in range(_ROUNDS):
        if residual <= _SHARP:
            break
        try:
            candidate = _corrected(lp, solution)
        except SolverError:
            break
        better = certify(lp, candidate).worst
        if not better < residual:
            break
        solution, residual = candidate, better
    return solution


def _first(lp: LinearProgram) -> LPSolution:
    result = _highs(lp.c, lp.A_ub, lp.b_ub, lp.A_eq, lp.b_eq, (0, None))
    return _solution(lp, result.x, -result.ineqlin.marginals, result.eqlin.marginals)


def _corrected(lp: LinearProgram, near: LPSolution) -> LPSolution:
    """Solve for the distance to the optimum, with slacks as variables of their own.

    Costs are the reduced costs of ``near`` and right-hand sides what it leaves of them, so the
    solution and the multipliers are corrections of ``near``'s.
    """
    slack = np.maximum(lp.b_ub - lp.A_ub @ near.x, 0.0)
    z = np.concatenate([near.x, slack])
    prices = np.concatenate([-near.y_ub, near.y_eq])
    upper = sparse.hstack([sparse.csr_array(lp.A_ub), sparse.eye_array(lp.n_ub)])
    lower = sparse.hstack([sparse.csr_array(lp.A_eq), sparse.csr_array((lp.n_eq, lp.n_ub))])
    rows = sparse.csr_array(sparse.vstack([upper, lower]))
    cost = np.concatenate([lp.c, np.zeros(lp.n_ub)]) - rows.T @ prices
    left = np.concatenate([lp.b_ub, lp.b_eq]) - rows @ z
    bounds = np.column_stack([-_ENLARGED * z, np.full(z.size, np.inf)])
    result = _highs(_ENLARGED * cost, None, None, rows, _ENLARGED * left, bounds)
    z = z + result.x / _ENLARGED
    prices = prices + result.eqlin.marginals / _ENLARGED
    return _solution(lp, z[: lp.n_variables], -prices[: lp.n_ub], prices[lp.n_ub :])


def _highs(c: Any, A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any, bounds: Any) -> Any:
    result = linprog(c, A_ub, b_ub, A_eq, b_eq, bounds, method="highs", options=_OPTIONS)
    if result.status != 0:
        raise SolverError(f"HiGHS status {result.status}: {result.message}")
    return result


def _solution(lp: LinearProgram, x: Any, y_ub: Any, y_eq: Any) -> LPSolution:
    # Adding 0.0 turns -0.0 into 0.0; entries rounded below their bound are put back on it.
    x = np.maximum(x, 0.0) + 0.0
    return LPSolution(x, float(lp.c @ x), np.maximum(y_ub, 0.0) + 0.0, y_eq + 0.0)
