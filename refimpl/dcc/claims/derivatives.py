"""Claims about V_i over its budget and the others' [DCC sec. 4.4, Prop. 3, Theorem 2]."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lp_solvers import highs, lagrangian
from lp_solvers.budget_sweep import BudgetCurve
from lp_solvers.constrained_mdp import cmdp_lp, dual_function, solve_by_lp
from lp_solvers.finite_mdp import FiniteMDP, deterministic, start_value
from refimpl.dcc.claims.findings import (
    age_only,
    inequality_value,
    relative_error,
    toy,
    toy_curve,
    toy_problem,
)
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.objective.coordination import coupling_derivative, local_derivative
from refimpl.dcc.objective.local import LocalProblem, local_cmdp, offload_frequency
from refimpl.dcc.objective.response import Responses, local_budget_curve, respond
from refimpl.dcc.policies import always_offload, never_offload
from refimpl.dcc.theory.instances import GAMMA
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict

Floats = NDArray[np.float64]
OTHERS = 0.9


def equality_value(problem: LocalProblem) -> float:
    """Optimum of the linear program with the budget as a duty: J_c = theta."""
    lp = cmdp_lp(local_cmdp(problem))
    flow = sp.vstack([lp.A_eq, lp.A_ub]).tocsr()
    right = np.concatenate([lp.b_eq, lp.b_ub])
    return highs.solve(replace(lp, A_ub=lp.A_ub[:0], b_ub=lp.b_ub[:0], A_eq=flow, b_eq=right)).value


def check_shape(value: Callable[[LocalProblem], float], context: Context) -> Finding:
    """Monotone, convex and equal to the exact curve at 41 budgets."""
    del context
    budgets = np.linspace(0.0, 1.0, 41)
    values = np.array([value(toy_problem(float(b), OTHERS)) for b in budgets])
    exact = np.array([_response(b).values[0] for b in budgets])
    rise, bend = float(np.diff(values).max()), float(-np.diff(values, 2).min())
    kinks = toy_curve().counts[0, 1:-1] * (1.0 - GAMMA)
    finding = exactly(
        max(relative_error(values, exact), rise, bend),
        1e-9,
        largest_rise=rise,
        largest_concavity=bend,
        kinks_of_the_local_cost=float(kinks.size),
        value_without_offloading=float(values[0]),
        value_of_a_free_choice=float(values[-1]),
    )
    at_kinks = np.array([_response(b).values[0] for b in kinks])
    plot = Plot(
        "V_i over its budget (toy device, others 0.9, linear penalty)",
        "budget, offloading frequency",
        "discounted cost",
        {"linear program": (budgets, values), "kinks": (kinks, at_kinks)},
    )
    return replace(finding, plots=(plot,))


def generic_budgets(rng: np.random.Generator) -> Floats:
    """16 budgets drawn uniformly from (0.01, 0.99)."""
    return rng.uniform(0.01, 0.99, size=16)


def kink_budgets(rng: np.random.Generator) -> Floats:
    """Budgets at the breakpoints of the curve."""
    del rng
    return np.asarray(toy_curve().counts[0, 1:-2] * (1.0 - GAMMA))


def check_almost_everywhere(
    sample: Callable[[np.random.Generator], Floats], context: Context
) -> Finding:
    """Gap between one-sided quotients, own and coupling, at sampled budgets and others."""
    rng, h = context.rng("dcc", "lemma-2"), 1e-5
    gap = slope = 0.0
    for budget in sample(rng):
        problem = toy_problem(float(budget), float(rng.uniform(0.1, 3.0)))
        for name in ("budget", "others"):
            left, right = _quotients(problem, name, h)
            gap, slope = max(gap, abs(right - left)), max(slope, abs(left))
    return exactly(
        gap,
        1e-6 * slope,  # values are exact to about 1e-13, quotients to 1e-13 / h
        largest_slope=slope,
        kinks_in_the_own_budget=float(toy_curve().counts.shape[1] - 2),
        lipschitz_constant=float(-toy_curve().slopes.min() / (1.0 - GAMMA)),
    )


def check_slater(policy: Floats, context: Context) -> Finding:
    """Slack of a policy and multipliers at budget 0.1 and at the paper's first budget, 0."""
    del context
    use = offload_frequency(toy(), policy)
    at_zero = local_cmdp(toy_problem(0.0, 0.0))
    low, _ = lagrangian.multiplier_interval(at_zero)
    best = solve_by_lp(at_zero).value
    gaps = [abs(dual_function(at_zero, k * low).value - best) / best for k in (1.0, 2.0, 10.0)]
    bounded = lagrangian.multiplier_interval(local_cmdp(toy_problem(0.1, 0.0)))
    return only_under(
        "the budget is positive; at 0, where the paper starts, nothing satisfies the constraint "
        "strictly and the multipliers are unbounded",
        use < 0.1 and max(gaps) < 1e-9,
        slack_at_budget_0_1=0.1 - use,
        slack_at_budget_0=0.0 - use,
        largest_multiplier_at_budget_0_1=bounded[1],
        least_multiplier_at_budget_0=low,
        duality_gap_of_ten_times_that_multiplier=gaps[2],
        right_slope_at_budget_0=-low / (1.0 - GAMMA),
    )


def without_horizon(multiplier: float, gamma: float) -> float:
    """Return the derivative without the factor 1 / (1 - gamma)."""
    del gamma
    return -multiplier


def check_local_derivative(
    derivative: Callable[[float, float], float], context: Context
) -> Finding:
    """Multiplier of the linear program against left and right differences of its value."""
    rng, h, worst, tested = context.rng("dcc", "proposition-3"), 1e-4, 0.0, 0
    for budget in rng.uniform(0.01, 0.75, size=24):
        left, right = _differences(float(budget), h)
        if abs(right - left) > 1e-6 * max(1.0, abs(left)):
            continue  # a kink within h: two slopes, see the claim on kinks
        tested += 1
        multiplier = float(
            solve_by_lp(local_cmdp(toy_problem(float(budget), OTHERS))).multipliers[0]
        )
        worst = max(worst, abs(derivative(multiplier, GAMMA) - 0.5 * (left + right)))
    return exactly(worst, 1e-6, budgets_off_kinks=float(tested), factor=1.0 / (1.0 - GAMMA))


def both_sides(budget: float) -> tuple[float, float]:
    """Left and right derivative of V_i by the own budget."""
    left, right = _response(budget).local
    return float(left[0]), float(right[0])


def one_average(budget: float) -> tuple[float, float]:
    """Mean of the two as if V_i were differentiable."""
    mean = 0.5 * sum(both_sides(budget))
    return mean, mean


def check_kinks(sides: Callable[[float], tuple[float, float]], context: Context) -> Finding:
    """One-sided derivatives at every kink against differences on each side of it."""
    del context
    worst, inside = 0.0, True
    jumps: list[float] = []
    kinks = toy_curve().counts[0, 1:-2] * (1.0 - GAMMA)
    for budget in kinks:
        found, truth = np.array(sides(float(budget))), np.array(_differences(float(budget), 1e-4))
        worst, jumps = (
            max(worst, float(np.abs(found - truth).max())),
            [*jumps, float(truth[1] - truth[0])],
        )
        solution = lagrangian.solve(local_cmdp(toy_problem(float(budget), OTHERS)))
        slope = local_derivative(float(solution.multipliers[0]), GAMMA)
        inside = inside and bool(truth[0] - 1e-6 <= slope <= truth[1] + 1e-6)
    left, right = _differences(float(kinks[0]), 1e-4)
    finding = exactly(
        worst,
        1e-6,
        first_kink_budget=float(kinks[0]),
        slope_left_of_first_kink=left,
        slope_right_of_first_kink=right,
        largest_jump=max(jumps),
        solver_multiplier_within_interval=float(inside),
    )
    return finding if inside else replace(finding, verdict=Verdict.REFUTED)


def by_frequency(others: float, count: float, congestion: Congestion) -> float:
    """Coupling derivative with the frequency instead of the discounted count."""
    return coupling_derivative(others, (1.0 - GAMMA) * count, congestion)


def check_coupling_derivative(
    derivative: Callable[[float, float, Congestion], float], context: Context
) -> Finding:
    """Compare with central differences of the program's value in the others' sum."""
    del context
    worst, h = 0.0, 1e-4
    for beta in (1.0, 1.5, 2.0):
        d = power_law(1.0, beta)
        for budget, others in ((0.05, 0.4), (0.1, 0.9), (0.3, 1.2), (0.9, 0.85)):
            p = LocalProblem(toy(), budget, others, d)
            up, down = (inequality_value(replace(p, others=others + s * h)) for s in (1, -1))
            count = float(solve_by_lp(local_cmdp(p)).constraint_values[0])
            worst = max(worst, abs(derivative(others, count, d) - (up - down) / (2 * h)))
    tie = float(-toy_curve().slopes[0, 4])  # a price at which two counts are optimal
    low, high = (float(c[0]) for c in _response(0.9, tie).counts)
    start = derivative(0.0, 2.0, power_law(1.0, 2.0))
    return only_under(
        "the optimal count is unique; and the derivative is zero not only if the device never "
        "offloads but also where d' = 0, as for a convex power at the paper's start theta = 0",
        worst < 1e-5,
        largest_error=worst,
        least_count_at_a_tie=low,
        largest_count_at_a_tie=high,
        derivative_at_theta_0_of_a_device_that_offloads_beta_2=start,
    )


def randomised_value(mdp: FiniteMDP, budget: float) -> float:
    """Least local cost over all policies with discounted frequency at most ``budget``."""
    return solve_by_lp(local_cmdp(LocalProblem(mdp, budget, 0.0, power_law()))).value


def deterministic_value(mdp: FiniteMDP, budget: float) -> float:
    """Return the same over deterministic policies only, a choice set that is not convex."""
    pairs = [np.flatnonzero(row) for row in mdp.allowed]
    policies = [deterministic(np.array(a), mdp.n_actions) for a in itertools.product(*pairs)]
    within = [q for q in policies if offload_frequency(mdp, q) <= budget + 1e-12]
    return min(start_value(mdp, q) for q in within)


def check_envelope(value: Callable[[FiniteMDP, float], float], context: Context) -> Finding:
    """Integral of -lambda / (1 - gamma) between budgets against the difference of values."""
    del context
    mdp = age_only()
    curve = local_budget_curve(mdp)
    ends = np.linspace(0.0, 0.6, 13)
    values = np.array([value(mdp, float(b)) for b in ends])
    integrals = [_integral(curve, a, b) for a, b in itertools.pairwise(ends / (1.0 - GAMMA))]
    error = float(np.abs(np.diff(values) - integrals).max())
    dual = curve.value(ends / (1.0 - GAMMA))
    gaps = [deterministic_value(mdp, float(b)) - float(g) for b, g in zip(ends, dual, strict=True)]
    return only_under(
        "objective and constraints are concave in the choice (for a maximum), which the statement "
        "of Theorem 2 omits; occupation measures have it",
        error < 1e-9 and float(np.abs(values - dual).max()) < 1e-9,
        largest_envelope_error=error,
        largest_duality_gap=float(np.abs(values - dual).max()),
        largest_duality_gap_of_deterministic_policies=max(gaps),
    )


def _integral(curve: BudgetCurve, low: float, high: float) -> float:
    """Integral of minus the multiplier over counts from ``low`` to ``high``."""
    overlap = np.minimum(curve.budgets[1:], high) - np.maximum(curve.budgets[:-1], low)
    return float(curve.slopes @ np.maximum(overlap, 0.0))


def _response(budget: float, others: float = OTHERS) -> Responses:
    """Exact answer of the toy device under a linear penalty."""
    return respond(toy_curve(), [budget], [others], power_law())


def _differences(budget: float, h: float) -> tuple[float, float]:
    """Left and right difference quotient of the linear program's value by the budget."""
    return _quotients(toy_problem(budget, OTHERS), "budget", h)


def _quotients(problem: LocalProblem, name: str, h: float) -> tuple[float, float]:
    """Left and right difference quotient of the linear program's value by one of its fields."""
    at = getattr(problem, name)
    down, here, up = (inequality_value(replace(problem, **{name: at + k * h})) for k in (-1, 0, 1))
    return (here - down) / h, (up - here) / h


CLAIMS = (
    Claim(
        "dcc/value-is-convex-piecewise-linear",
        "sec. 4.4 (implied by App. A.3)",
        "V_i is convex, non-increasing and piecewise linear in the own budget.",
        ("DC-33",),
        Kind.EXACT,
        check_shape,
        inequality_value,
        Control("the budget is a duty (equality) instead of a bound", equality_value),
    ),
    Claim(
        "dcc/lemma-2-differentiable-almost-everywhere",
        "Lemma 2",
        "V is differentiable in the budgets almost everywhere.",
        ("DC-24",),
        Kind.EXACT,
        check_almost_everywhere,
        generic_budgets,
        Control("budgets are taken at the breakpoints", kink_budgets),
    ),
    Claim(
        "dcc/slater-by-never-offloading",
        "App. A.3",
        "Never offloading satisfies every constraint strictly, so multipliers are bounded.",
        ("DC-25",),
        Kind.EXACT,
        check_slater,
        never_offload(toy()),
        Control("the policy offered is to always offload", always_offload(25)),
    ),
    Claim(
        "dcc/proposition-3-local-derivative",
        "Prop. 3.1",
        "The derivative of V_i by its budget is -lambda* / (1 - gamma), lambda* the multiplier of "
        "the discounted count.",
        ("DC-31",),
        Kind.EXACT,
        check_local_derivative,
        local_derivative,
        Control("the factor 1 / (1 - gamma) is left out", without_horizon),
    ),
    Claim(
        "dcc/two-slopes-at-kinks",
        "Prop. 3.1 at kinks",
        "At a kink the left and right derivatives are those of the largest and the least "
        "multiplier, and a solver returns one of the interval.",
        ("DC-32",),
        Kind.EXACT,
        check_kinks,
        both_sides,
        Control("one derivative, the mean of both", one_average),
    ),
    Claim(
        "dcc/proposition-3-coupling-derivative",
        "Prop. 3.2",
        "The derivative of V_i by the others' sum is d'(1 + others) times the discounted count of "
        "offloads, and zero exactly if the device never offloads.",
        ("DC-34",),
        Kind.EXACT,
        check_coupling_derivative,
        coupling_derivative,
        Control("frequency instead of discounted count", by_frequency),
    ),
    Claim(
        "dcc/theorem-2-envelope",
        "Theorem 2",
        "The value is absolutely continuous in the budget with derivative minus the multiplier.",
        ("DC-35",),
        Kind.EXACT,
        check_envelope,
        randomised_value,
        Control("only deterministic policies may be chosen", deterministic_value),
    ),
)
