"""Second, independent back end: CVXPY with Clarabel (interior point) or HiGHS; convex programs too.

This is the only file that imports cvxpy, and only when something is solved: the import takes about
half a second.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lp_solvers import highs
from lp_solvers.convex_program import ConvexProgram, polished
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
    return _optimum(lp, x, lp.c @ x, (cvxpy.OPTIMAL,), solver, _OPTIONS[solver])


def minimise(program: ConvexProgram) -> LPSolution:
    """Optimal point and multipliers of a separable convex program, by CVXPY with Clarabel.

    What Clarabel returns is then brought to rounding by our own Newton steps. Certify the answer
    with :func:`lp_solvers.convex_program.verify`.

    Raises
    ------
    InfeasibleError
        With a verified proof.
    SolverError
        If the solver fails for another reason, an unbounded objective among them.
    """
    import cvxpy

    lp, cost = program.linear, program.cost
    x = cvxpy.Variable(lp.n_variables, nonneg=True)
    objective = lp.c @ x + cvxpy.sum(cvxpy.multiply(cost.quadratic / 2, cvxpy.square(x)))
    # Absent terms are left out: each would bring cones of its own.
    if (of := np.flatnonzero(cost.power)).size:
        powers = cvxpy.power(x[of], cost.degree)
        objective += cvxpy.sum(cvxpy.multiply(cost.power[of] / cost.degree, powers))
    if (of := np.flatnonzero(cost.log_weight)).size:
        objective -= cvxpy.sum(cvxpy.multiply(cost.log_weight[of], cvxpy.log(x[of])))
    if (of := np.flatnonzero(cost.barrier)).size:
        room = cvxpy.inv_pos(cost.ceiling[of] - x[of])
        objective += cvxpy.sum(cvxpy.multiply(cost.barrier[of], room))
    # Cones of logarithms and powers often stop just short of 1e-12; Newton's method goes on.
    accepted = (cvxpy.OPTIMAL, cvxpy.OPTIMAL_INACCURATE)
    try:
        near = _optimum(lp, x, objective, accepted, "CLARABEL", _OPTIONS["CLARABEL"])
    except SolverError:
        near = _at_default_tolerance(lp, x, objective, accepted)
    # What its absolute tolerance cannot tell from 0 would be all noise to a relative certificate.
    unit = 1.0 + float(np.abs(np.append(lp.b_ub, lp.b_eq)).max(initial=0.0))
    point = np.where((near.x < 1e-11 * unit) & (cost.log_weight == 0), 0.0, near.x)
    return polished(program, replace(near, x=point, value=program.value(point)))


def _at_default_tolerance(lp: LinearProgram, x: Any, objective: Any, accepted: Any) -> LPSolution:
    try:
        return _optimum(lp, x, objective, accepted, "CLARABEL", {})
    except SolverError as error:
        cause = explain_failure(replace(lp, c=np.zeros_like(lp.c)), highs.solve, str(error))
        raise cause from error


def _optimum(
    lp: LinearProgram,
    x: Any,
    objective: Any,
    accepted: Any,
    solver: str,
    options: dict[str, Any],
) -> LPSolution:
    import cvxpy

    # CVXPY refuses constraints without rows.
    upper = [lp.A_ub @ x <= lp.b_ub] if lp.n_ub else []
    equal = [lp.A_eq @ x == lp.b_eq] if lp.n_eq else []
    problem = cvxpy.Problem(cvxpy.Minimize(objective), upper + equal)
    try:
        with warnings.catch_warnings():
            # The status says the same and becomes an error below.
            warnings.filterwarnings("ignore", message="Solution may be inaccurate")
            problem.solve(solver=solver, **options)
    except cvxpy.SolverError as error:
        raise SolverError(f"{solver}: {error}") from error
    if problem.status not in accepted:
        raise SolverError(f"{solver}: status {problem.status}")
    point = np.maximum(x.value, 0.0)
    y_ub = np.maximum(upper[0].dual_value, 0.0) if upper else np.zeros(0)
    # CVXPY's equality multiplier belongs to +(A_eq x - b_eq) in the Lagrangian, ours to minus it.
    y_eq = -np.asarray(equal[0].dual_value) if equal else np.zeros(0)
    return LPSolution(point, float(lp.c @ point), np.atleast_1d(y_ub), np.atleast_1d(y_eq))
