"""What decentralisation costs, on systems small enough to be solved by a planner who sees all.

Shows: the global objective (eq. 3) for classes of policies that know less and less: a planner that
sees and commands every device (joint value iteration), fixed schedules, stationary policies of the
own state, budgets with local optima (eq. 4), selfish devices, never offloading. Proposition 1 says
that with a linear penalty and the right budgets local optima make a global optimum.
Look at: two devices of age only are a counter-example. The planner lets them take turns; at its
own frequencies, local optima cost four times as much.
For: who has to decide whether independent devices with budgets are good enough.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, UNPUBLISHED, Row, figure, look_at, options, table

from lp_solvers import lagrangian
from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate
from refimpl.dcc.objective.local import LocalProblem, local_cmdp, others_of
from refimpl.dcc.objective.optimum import optimise_budgets
from refimpl.dcc.objective.response import local_budget_curve, response_curves
from refimpl.dcc.theory.equilibrium import best_response_equilibrium
from refimpl.dcc.theory.instances import age_only, toy_device
from refimpl.dcc.theory.joint_optimum import JointOptimum, joint_optimum
from refimpl.dcc.theory.kinks import linear_optimum
from refimpl.dcc.theory.product_policies import best_deterministic, best_randomised
from refimpl.dcc.theory.schedules import best_time_varying
from refimpl.shared.seeds import generator

LAW = power_law()
PLANNER, SCHEDULE = "planner that sees all", "best schedule found"
RIGHT, BUDGETS = "budgets = planner's frequencies", "best budgets"
COLOURS = {PLANNER: GREEN, BUDGETS: ORANGE, RIGHT: ORANGE}
PREDICTED, SELFISH, NEVER = "  as predicted (eq. 13)", "selfish equilibrium", "never offload"


def true_cost(devices: list[FiniteMDP], budgets: Any) -> float:
    """Exact joint cost of local optima at given budgets."""
    policies = [
        lagrangian.solve(local_cmdp(LocalProblem(m, float(b), float(o), LAW))).policy
        for m, b, o in zip(devices, budgets, others_of(budgets), strict=True)
    ]
    return evaluate(devices, policies, LAW).total


def frequencies(devices: list[FiniteMDP], planner: JointOptimum) -> Any:
    """Offloading frequencies (eq. 9) of deterministic devices that follow the planner."""
    states, total = [int(np.argmax(d.start)) for d in devices], np.zeros(len(devices))
    for t in range(800):  # 0.95^800 is below rounding
        actions = [int(plan[tuple(states)]) for plan in planner.actions]
        total += devices[0].gamma ** t * (np.array(actions) == OFFLOAD)
        states = [
            int(np.argmax(d.P[s, a])) for d, s, a in zip(devices, states, actions, strict=True)
        ]
    return np.minimum(1.0, (1.0 - devices[0].gamma) * total)


def ladder(devices: list[FiniteMDP], planner: JointOptimum, n_starts: int) -> dict[str, float]:
    """Discounted cost of all devices together, by class of policies."""
    curves = response_curves([local_budget_curve(d) for d in devices], devices[0].gamma)
    rng, n = generator(0, "example", "starts"), len(devices)
    tried = [optimise_budgets(curves, LAW, b) for b in rng.uniform(0.0, 0.8, (n_starts, n))]
    best = min(tried, key=lambda found: found.value)
    selfish = best_response_equilibrium(curves, LAW, np.zeros(n)).frequencies
    return {
        PLANNER: planner.high,
        SCHEDULE: best_time_varying(devices, LAW, n_starts, rng).value,
        BUDGETS: true_cost(devices, best.budgets),
        PREDICTED: best.value,
        SELFISH: true_cost(devices, selfish),
        NEVER: float(curves.values[:, 0].sum()),
    }


def draw(ladders: dict[str, dict[str, float]], *axes: Any) -> None:
    for axis, (title, costs) in zip(axes, ladders.items(), strict=True):
        names = sorted((n for n in costs if n != PREDICTED), key=lambda n: -costs[n])
        shown = [COLOURS.get(name, BLUE) for name in names]
        bars = axis.barh(names, [costs[name] for name in names], color=shown)
        axis.bar_label(bars, fmt="%.2f", padding=3)
        axis.set(title=title, xlabel="discounted cost, all devices")
        axis.margins(x=0.15)


def main() -> None:
    given = options(__doc__ or "", __file__)
    pair = [age_only(), age_only()]
    toys = [device_mdp(toy_device())] * given.choose(2, 3, 3)
    n_starts = given.choose(1, 5, 50)
    planners = joint_optimum(pair, LAW), joint_optimum(toys, LAW, 1e-6)
    first, second = (ladder(d, p, n_starts) for d, p in zip((pair, toys), planners, strict=True))
    first["best deterministic product"] = best_deterministic(pair, LAW).value
    rng = generator(0, "example", "randomised")
    first["best randomised product found"] = best_randomised(pair, LAW, n_starts, rng).value
    first[RIGHT] = true_cost(pair, frequencies(pair, planners[0]))
    _, least = linear_optimum(response_curves([local_budget_curve(pair[0])] * 2, 0.95), 1.0)
    rows: list[Row] = [(f"age only, {k}", UNPUBLISHED, v) for k, v in first.items() if k != RIGHT]
    rows.append((f"age only, {RIGHT}", (planners[0].high, "Prop. 1"), first[RIGHT]))
    rows += [(f"{len(toys)} devices, {name}", UNPUBLISHED, cost) for name, cost in second.items()]
    table(rows)
    look_at("a schedule lets two devices take turns as the planner does; a budget has no clock.")
    titles = "Two devices, age only", f"{len(toys)} devices of 25 states"
    figure(given, partial(draw, dict(zip(titles, (first, second), strict=True))), 2, (13.0, 4.2))
    for costs, planner in zip((first, second), planners, strict=True):
        assert min(cost for name, cost in costs.items() if name != PREDICTED) >= planner.low - 1e-9
    assert first[RIGHT] > 2.0 * planners[0].high
    assert first[PREDICTED] >= least - 1e-9


if __name__ == "__main__":
    main()
