"""Claims of the gradient experiment: signs and multipliers [DCC sec. 5.5, Figs. 5, 6]."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.claims.findings import small_environments
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.objective.coordination import (
    coupling_derivative,
    evaluate_device,
    local_derivative,
)
from refimpl.dcc.objective.local import LocalProblem, others_of
from refimpl.dcc.objective.response import (
    ResponseCurves,
    local_budget_curve,
    respond,
    response_curves,
)
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict

Floats = NDArray[np.float64]
Problem = tuple[LocalProblem, ResponseCurves]
Predict = Callable[[LocalProblem], tuple[float, float]]

BETAS = (1.0, 1.5, 2.0, 3.0)
NOISE = 0.05


def differences(problem: Problem, noise: float) -> tuple[float, float]:
    """Difference quotients of the exact value by the own budget and by the others' sum."""
    local, curves = problem

    def value(budget: float, others: float) -> float:
        return float(respond(curves, [budget], [others], local.congestion).values[0])

    here = value(local.budget, local.others)
    own = value(local.budget + noise, local.others) - here
    coupling = value(local.budget, local.others + noise) - here
    return own / noise, coupling / noise


def unsigned_differences(problem: Problem, noise: float) -> tuple[float, float]:
    """Return the same with steps downwards whose sign is forgotten in the quotient."""
    own, coupling = differences(problem, -min(noise, 0.9 * problem[0].budget))
    return -own, -coupling


def check_signs(
    estimate: Callable[[Problem, float], tuple[float, float]], context: Context
) -> Finding:
    """Finite differences of noise 0.05 in 15 random environments of two devices per exponent."""
    means: dict[str, list[float]] = {"own": [], "coupling": []}
    own_signs, coupling_signs = [], []
    for beta in BETAS:
        found = np.array([estimate(p, NOISE) for p in _problems(context, beta)])
        own_signs.append(float(found[:, 0].max()))
        coupling_signs.append(float(found[:, 1].min()))
        means["own"].append(float(found[:, 0].mean()))
        means["coupling"].append(float(found[:, 1].mean()))
    rounding = 1e-9
    holds = max(own_signs) <= rounding and min(coupling_signs) >= -rounding
    plot = Plot(
        "Mean finite differences over 15 random environments",
        "exponent of the penalty",
        "derivative, cost per unit frequency",
        {name: (np.array(BETAS), np.array(values)) for name, values in means.items()},
    )
    return Finding(
        Verdict.HOLDS if holds else Verdict.REFUTED,
        {
            "largest_own_derivative": max(own_signs),
            "least_coupling_derivative": min(coupling_signs),
            "mean_own_derivative_beta_1": means["own"][0],
            "mean_coupling_derivative_beta_1": means["coupling"][0],
            "environments_per_exponent": 15.0,
        },
        plots=(plot,),
    )


def proposition_3(problem: LocalProblem) -> tuple[float, float]:
    """Both derivatives from multiplier and count of one exact solution."""
    found = evaluate_device(problem)
    return found.local, found.coupling


def own_budget_in_the_crowd(problem: LocalProblem) -> tuple[float, float]:
    """Return the same with d' at the sum of all budgets, the device's own included."""
    found = evaluate_device(problem)
    crowd = problem.others + problem.budget
    return found.local, coupling_derivative(crowd, found.count, problem.congestion)


def check_multipliers(predict: Predict, context: Context) -> Finding:
    """Predicted derivatives against left and right differences of width 1e-4."""
    h = 1e-4
    worst_own = worst_coupling = asymmetry = 0.0
    kinks = tested = 0
    for beta in BETAS:
        for problem in _problems(context, beta):
            right, left = (np.array(differences(problem, step)) for step in (h, -h))
            own, coupling = predict(problem[0])
            gap = float(abs(right[0] - left[0]))
            if gap > 1e-6 * max(1.0, abs(own)):
                kinks += 1
                continue
            tested += 1
            asymmetry = max(asymmetry, gap)
            worst_own = max(worst_own, abs(own - 0.5 * float(right[0] + left[0])))
            central = 0.5 * float(right[1] + left[1])
            worst_coupling = max(worst_coupling, abs(coupling - central) / max(1.0, abs(central)))
    return exactly(
        max(worst_own, worst_coupling),
        1e-5,
        largest_own_error=worst_own,
        largest_relative_coupling_error=worst_coupling,
        largest_difference_of_left_and_right=asymmetry,
        problems_tested=float(tested),
        problems_at_a_kink=float(kinks),
        factor_of_the_multiplier=-local_derivative(1.0, 0.95),
    )


def _problems(context: Context, beta: float) -> list[Problem]:
    """Both devices of 15 random environments at random budgets."""
    rng = context.rng("dcc", "gradient-experiment", int(10 * beta))
    congestion, problems = power_law(1.0, beta), []
    for environment in _environments(context.seed):
        budgets = rng.uniform(0.05, 0.5, size=2)
        for (mdp, curves), b, o in zip(environment, budgets, others_of(budgets), strict=True):
            problems.append((LocalProblem(mdp, float(b), float(o), congestion), curves))
    return problems


@lru_cache(maxsize=4)
def _environments(seed: int) -> list[list[tuple[FiniteMDP, ResponseCurves]]]:
    """Devices with their values over all budgets, by sweeps that use no multiplier tested here."""
    return [
        [(mdp, response_curves([local_budget_curve(mdp)], mdp.gamma)) for mdp in devices]
        for devices in small_environments(Context(seed=seed), 15, 2)
    ]


CLAIMS = (
    Claim(
        "dcc/gradient-signs",
        "Fig. 5, sec. 5.5",
        "In 15 random environments per exponent the own derivative is negative and the coupling "
        "derivative positive (weakly: they vanish once the budget is slack or unused).",
        ("DC-46",),
        Kind.EXACT,
        check_signs,
        differences,
        Control("steps downwards whose sign is forgotten", unsigned_differences),
    ),
    Claim(
        "dcc/gradients-equal-multipliers",
        "Fig. 6, sec. 5.5",
        "Left and right differences agree and equal -lambda* / (1 - gamma) and d' times the "
        "discounted count.",
        ("DC-47",),
        Kind.EXACT,
        check_multipliers,
        proposition_3,
        Control("the crowd in d' includes the device's own budget", own_budget_in_the_crowd),
    ),
)
