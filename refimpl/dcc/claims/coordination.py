"""Claims about the slow time-scale: objective, gradient, algorithms [DCC eqs. 12 to 16]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.constrained_mdp import solve_by_lp
from refimpl.dcc.claims.findings import relative_error, small_environments, toy, toy_curves
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.objective.coordination import exact_gradient, gradient_from_parts, objective
from refimpl.dcc.objective.descent import projected_step
from refimpl.dcc.objective.local import LocalProblem, local_cmdp, others_of
from refimpl.dcc.objective.response import (
    ResponseCurves,
    local_budget_curve,
    respond,
    response_curves,
)
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]
Objective = Callable[[ResponseCurves, ArrayLike, Congestion], float]
Combine = Callable[[ArrayLike, ArrayLike], Floats]


def self_crowding(curves: ResponseCurves, budgets: ArrayLike, congestion: Congestion) -> float:
    """Objective in which a device's own budget is part of the crowd it meets."""
    theta = np.asarray(budgets, dtype=np.float64)
    everybody = np.full(theta.size, theta.sum())
    return float(respond(curves, theta, everybody, congestion).values.sum())


def check_objective(total: Objective, context: Context) -> Finding:
    """Sum of three linear programs at random budgets."""
    rng, worst = context.rng("dcc", "coordination-objective"), 0.0
    congestion = power_law(0.8, 1.5)
    for budgets in rng.uniform(0.0, 0.6, size=(4, 3)):
        programs = [
            LocalProblem(toy(), float(b), float(o), congestion)
            for b, o in zip(budgets, others_of(budgets), strict=True)
        ]
        expected = sum(solve_by_lp(local_cmdp(p)).value for p in programs)
        worst = max(worst, abs(total(toy_curves(3), budgets, congestion) / expected - 1.0))
    return exactly(worst, 1e-10, devices=3.0)


def uphill(budgets: ArrayLike, gradient: ArrayLike, step: float) -> Floats:
    """Projected step along the gradient ("gradient ascent")."""
    return projected_step(budgets, -np.asarray(gradient), step)


def check_step(step: Callable[[ArrayLike, ArrayLike, float], Floats], context: Context) -> Finding:
    """Projection by its variational inequality, and descent of V by small exact steps."""
    rng, worst = context.rng("dcc", "projected-step"), 0.0
    for _ in range(50):
        theta, slope = rng.uniform(size=4), rng.normal(scale=3.0, size=4)
        target, found = theta - 0.5 * slope, step(theta, slope, 0.5)
        corner = (rng.random(4) < 0.5).astype(np.float64)
        # found is the nearest point of the box: no other point is on the target's side of it
        worst = max(worst, float((target - found) @ (corner - found)))
    curves, congestion, theta = toy_curves(4), power_law(), np.full(4, 0.05)
    gradient, path = exact_gradient(curves, congestion), []
    for _ in range(30):
        path.append(objective(curves, theta, congestion))
        theta = step(theta, gradient(theta), 1e-4)
    rise = float(np.diff(path).max())
    return exactly(
        max(worst, rise),
        1e-12,
        first_objective=path[0],
        last_objective=path[-1],
        largest_rise_of_the_objective=rise,
    )


def own_coupling_too(local: ArrayLike, coupling: ArrayLike) -> Floats:
    """Gradient that adds the coupling of all devices, the device itself included."""
    return np.asarray(np.asarray(local) + np.sum(coupling))


def check_gradient(combine: Combine, context: Context) -> Finding:
    """Eq. (16) against differences of V along every budget, four different devices."""
    rng, worst, h = context.rng("dcc", "proposition-2"), 0.0, 1e-6
    devices = small_environments(context, 1, 4)[0]
    curves = response_curves([local_budget_curve(m) for m in devices], devices[0].gamma)
    for beta in (1.0, 2.0):
        congestion = power_law(1.0, beta)
        for budgets in rng.uniform(0.05, 0.4, size=(5, 4)):
            answer = respond(curves, budgets, others_of(budgets), congestion)
            found = combine(answer.local[1], answer.coupling[1])
            shifts = budgets + h * np.concatenate([np.eye(4), -np.eye(4)])
            values = np.array([objective(curves, s, congestion) for s in shifts])
            expected = (values[:4] - values[4:]) / (2 * h)
            worst = max(worst, relative_error(found, expected))
    n = len(devices)
    return exactly(
        worst,
        1e-6,
        local_solves_of_three_evaluations=3.0 * n,
        local_solves_of_full_forward_differences=float(n * (n + 1)),
        local_solves_of_simultaneous_perturbation=2.0 * n,
    )


CLAIMS = (
    Claim(
        "dcc/coordination-objective",
        "eqs. 12, 13",
        "V(theta) is the sum of the constrained optima V_i(theta_i, sum of the other budgets).",
        ("DC-23",),
        Kind.EXACT,
        check_objective,
        objective,
        Control("a device's own budget counts as crowd", self_crowding),
    ),
    Claim(
        "dcc/projected-step",
        "eq. 14",
        "Budgets move against the gradient, projected on [0, 1]^N; small exact steps lower V.",
        ("DC-26",),
        Kind.EXACT,
        check_step,
        projected_step,
        Control("a step along the gradient, as in 'gradient ascent'", uphill),
    ),
    Claim(
        "dcc/proposition-2-three-evaluations",
        "Prop. 2, eq. 16, sec. 4.5",
        "dV/dtheta_i is the own derivative plus the others' coupling derivatives, so three local "
        "evaluations per device give the whole gradient, whatever their number.",
        ("DC-29", "DC-30"),
        Kind.EXACT,
        check_gradient,
        gradient_from_parts,
        Control("the device's own coupling derivative is added as well", own_coupling_too),
    ),
)
