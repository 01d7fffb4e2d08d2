"""Claims about how often a device offloads under its budget [DCC sec. 4.1, 4.2]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.finite_mdp import FiniteMDP
from lp_solvers.occupancy import (
    stationary_distribution,
)
from refimpl.dcc.claims.findings import golden, toy_curve, toy_problem
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.model.exact import battery_at, stationary_start, with_start
from refimpl.dcc.objective.local import (
    LocalProblem,
    local_cmdp,
    offload_frequency,
)
from refimpl.dcc.theory.instances import golden_device
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]


def check_budget_used(others: float, context: Context) -> Finding:
    """Frequency used and multiplier at a small and at a large budget."""
    del context
    used, prices = [], []
    for budget in (0.1, 0.9):
        p = toy_problem(budget, others)
        found = lagrangian.solve(local_cmdp(p))
        used.append(offload_frequency(p.mdp, found.policy))
        prices.append(float(found.multipliers[0]))
    useful = float(toy_curve().useful_budgets[0])
    return only_under(
        "the budget is below the least frequency of an unconstrained optimum",
        abs(used[0] - 0.1) < 1e-9 and prices[0] > 0.0,
        used_of_budget_0_1=used[0],
        multiplier_at_budget_0_1=prices[0],
        used_of_budget_0_9=used[1],
        multiplier_at_budget_0_9=prices[1],
        least_use_of_a_free_optimum=useful,
        others_overcharged_by_frequency=0.9 - used[1],
    )


def from_common_start(mdp: FiniteMDP, policy: Floats) -> float:
    """Discounted frequency from the start law of the program."""
    return offload_frequency(mdp, policy)


def from_stationary_start(mdp: FiniteMDP, policy: Floats) -> float:
    """Discounted frequency from the stationary law of the policy."""
    return offload_frequency(stationary_start(mdp, policy), policy)


def check_long_run(frequency: Callable[[FiniteMDP, Floats], float], context: Context) -> Finding:
    """Discounted (budgeted) against long-run frequency of optimal policies, 240 states."""
    del context
    device = golden_device()
    evidence: dict[str, float] = {}
    worst = 0.0
    for name, level in (("full", device.battery), ("empty", 0)):
        mdp = with_start(golden(), battery_at(device, level))
        for budget in (0.05, 0.1, 0.2):
            policy = lagrangian.solve(
                local_cmdp(LocalProblem(mdp, budget, 0.0, power_law()))
            ).policy
            long_run = float(stationary_distribution(mdp, policy) @ policy[:, OFFLOAD])
            worst = max(worst, abs(long_run - frequency(mdp, policy)))
            evidence[f"long_run_at_budget_{budget}_{name}_battery"] = long_run
    return exactly(worst, 1e-9, **evidence)


CLAIMS = (
    Claim(
        "dcc/budget-fully-used",
        "sec. 4.1, Prop. 1 (implied)",
        "Devices use the whole frequency their budget permits, so others may be charged for it.",
        ("DC-14", "DC-55"),
        Kind.EXACT,
        check_budget_used,
        0.9,
        Control("the others crowd so much that offloading is never worth its price", 50.0),
    ),
    Claim(
        "dcc/budget-is-long-term-frequency",
        "sec. 4.2",
        "The budget limits the long-term frequency of offloading.",
        ("DC-18",),
        Kind.EXACT,
        check_long_run,
        from_common_start,
        Control("the device starts from the stationary law of its policy", from_stationary_start),
    ),
)
