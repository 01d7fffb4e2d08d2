"""Second, independent back end: CVXPY with Clarabel (interior point) or HiGHS.

This is the only file that imports cvxpy, and only when ``solve`` is called: the import takes about
half a second.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np

from lp_solvers import highs
from lp_solvers.diagnosis import explain_failure
from lp_solvers.errors import SolverError
from lp_solvers.linear_program import LinearProgram, LPSolution, in_unit_scale

# Clarabel's default 1e-8 leaves multipliers with an error of about 1e-5.
_OPTIONS: dict[str, dict[str, Any]] = {
    "CLARABEL": {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12},
    "HIGHS": {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
}


def solve(lp: LinearProgram, solver: str = "CLARABEL") -> LPSolution:
    """Optimal point and multipliers of ``lp`` by CVXPY.

    Clarabel follows the central path: where the optimum is not unique it returns a point in the
    middle of the optimal face, not a vertex, and zeros only up to its tolerance.

    Parameters
    ----------
    lp : LinearProgram
        The program.
    solver : {"CLARABEL", "HIGHS"}
        Solver that CVXPY calls.

    Raises
    ------
    ValueError
        If ``solver`` is not one of the two.
    InfeasibleError, UnboundedError
        With a verified proof.
    SolverError
        If the solver fails for another reason.
    """
    if solver not in _OPTIONS:
        raise ValueError(f"solver must be one of {sorted(_OPTIONS)}; got {solver!r}")
    try:
        return in_unit_scale(lp, partial(_run, solver=solver))
    except SolverError as error:
        # Proofs are verified exactly, so they come from the vertex solver.
        raise explain_failure(lp, highs.solve, str(error)) from error


def _run(lp: LinearProgram, solver: str) -> LPSolution:
    import cvxpy

    x = cvxpy.Variable(lp.n_variables, nonneg=True)
    # CVXPY refuses constraints without rows.
    upper = [lp.A_ub @ x <= lp.b_ub] if lp.n_ub else []
    equal = [lp.A_eq @ x == lp.b_eq] if lp.n_eq else []
    problem = cvxpy.Problem(cvxpy.Minimize(lp.c @ x), upper + equal)
    try:
        with warnings.catch_warnings():
            # The status says the same and becomes an error below.
            warnings.filterwarnings("ignore", message="Solution may be inaccurate")
            problem.solve(solver=solver, **_OPTIONS[solver])
    except cvxpy.SolverError as error:
        raise SolverError(f"{solver}: {error}") from error
    if problem.status != cvxpy.OPTIMAL:
        raise SolverError(f"{solver}: status {problem.status}")
    point = np.maximum(x.value, 0.0)
    y_ub = np.maximum(upper[0].dual_value, 0.0) if upper else np.zeros(0)
    # CVXPY's equality multiplier belongs to +(A_eq x - b_eq) in the Lagrangian, ours to minus it.
    y_eq = -np.asarray(equal[0].dual_value) if equal else np.zeros(0)
    return LPSolution(point, float(lp.c @ point), np.atleast_1d(y_ub), np.atleast_1d(y_eq))
