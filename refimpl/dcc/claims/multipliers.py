"""Claims about multipliers as prices of offloads [DCC sec. 4.3, eqs. 10, 11]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.constrained_mdp import (
    solve_by_lp,
)
from lp_solvers.finite_mdp import deterministic, start_value, with_cost
from lp_solvers.occupancy import (
    occupancy_of_policy,
)
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.claims.findings import random_policy, toy_problem
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.objective.local import (
    LocalProblem,
    approximate_cost,
    discounted_reward,
    local_cmdp,
    multiplier_step,
    offload_frequency,
    shaped_cost,
)
from refimpl.dcc.objective.local import (
    lagrangian as local_lagrangian,
)
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot

Floats = NDArray[np.float64]


def bonus_for_offloading(p: LocalProblem, multiplier: float) -> Floats:
    """Shaped cost with the sign of the multiplier turned around."""
    return shaped_cost(p, -multiplier)


def check_shaped_cost(shaped: Callable[[LocalProblem, float], Floats], context: Context) -> Finding:
    """Lagrangian by the shaped cost against its definition; its saddle against the optimum."""
    rng, p = context.rng("dcc", "shaped-cost"), toy_problem(0.1)
    worst = 0.0
    for multiplier in (0.0, 0.7, 3.0):
        policy = random_policy(p.mdp, rng)
        excess = (offload_frequency(p.mdp, policy) - p.budget) / (1.0 - p.mdp.gamma)
        expected = discounted_reward(p, policy) + multiplier * excess
        found = start_value(with_cost(p.mdp, shaped(p, multiplier)), policy)
        found -= multiplier * p.discounted_budget
        worst = max(worst, abs(found / expected - 1.0))
        worst = max(worst, abs(local_lagrangian(p, policy, multiplier) / expected - 1.0))
    best = solve_by_lp(local_cmdp(p))
    multiplier = float(best.multipliers[0])
    priced = with_cost(p.mdp, shaped(p, multiplier))
    dual = float(p.mdp.start @ policy_iteration(priced).value) - multiplier * p.discounted_budget
    return exactly(
        max(worst, abs(dual / best.value - 1.0)),
        1e-10,
        constrained_optimum=best.value,
        lagrangian_at_the_saddle=dual,
        multiplier_per_offload=multiplier,
    )


def reversed_step(multiplier: float, frequency: float, budget: float, step: float) -> float:
    """Multiplier update with the sign of the excess turned around."""
    return multiplier_step(multiplier, budget, frequency, step)


def check_multiplier_update(
    update: Callable[[float, float, float, float], float], context: Context
) -> Finding:
    """200 dual steps 20 / (k + 1)^0.6 with exact best responses, toy device, budget 0.1."""
    del context
    p = toy_problem(0.1)
    multiplier, path, uses = 0.0, [], []
    average, weight = np.zeros(p.mdp.cost.shape), 0.0
    for k in range(200):
        best = policy_iteration(with_cost(p.mdp, shaped_cost(p, multiplier)))
        visits = occupancy_of_policy(p.mdp, deterministic(best.actions, p.mdp.n_actions))
        uses.append((1.0 - p.mdp.gamma) * float(visits[:, OFFLOAD].sum()))
        eta = 20.0 / (k + 1) ** 0.6
        average, weight = average + eta * visits, weight + eta
        multiplier = update(multiplier, uses[-1], p.budget, eta)
        path.append(multiplier)
    low, high = lagrangian.multiplier_interval(local_cmdp(p))
    error = max(0.0, low - multiplier, multiplier - high)
    use = (1.0 - p.mdp.gamma) * float(average[:, OFFLOAD].sum()) / weight
    value = float(np.sum(average * approximate_cost(p))) / weight
    optimum = solve_by_lp(local_cmdp(p)).value
    # the last step moves the multiplier by at most eta, so it cannot be closer than that in general
    finding = only_under(
        "policies are averaged over the iterations: the optimum randomises, best responses do not",
        error <= eta and abs(use - p.budget) < 0.01,
        distance_to_the_optimal_multiplier=error,
        optimal_multiplier_per_offload=low,
        least_frequency_of_last_50_responses=min(uses[-50:]),
        largest_frequency_of_last_50_responses=max(uses[-50:]),
        frequency_of_averaged_policy=use,
        relative_cost_gap_of_averaged_policy=value / optimum - 1.0,
        budget=p.budget,
    )
    steps = np.arange(1.0, 201.0)
    plot = Plot(
        "Dual ascent on one device",
        "step",
        "multiplier, cost per offload",
        {"multiplier": (steps, np.array(path)), "optimal": (steps, np.full(200, low))},
    )
    return replace(finding, plots=(plot,))


CLAIMS = (
    Claim(
        "dcc/shaped-cost",
        "eqs. 10, 11",
        "Minimising the cost r + lambda c minimises the Lagrangian, and at the optimal multiplier "
        "its minimum is the constrained optimum.",
        ("DC-19", "DC-20"),
        Kind.EXACT,
        check_shaped_cost,
        shaped_cost,
        Control("the multiplier rewards offloading", bonus_for_offloading),
    ),
    Claim(
        "dcc/multiplier-update",
        "sec. 4.3",
        "Projected ascent with decreasing steps finds the optimal multiplier and a policy that "
        "meets the budget.",
        ("DC-21",),
        Kind.EXACT,
        check_multiplier_update,
        multiplier_step,
        Control("the multiplier falls when the budget is exceeded", reversed_step),
    ),
)
