"""Learning under a budget: Q-learning, PPO and DQN against the exact constrained optimum.

Shows: sec. 4.3, any learner on the shaped cost (eq. 10) while its multiplier moves slowly. One
device, budget 0.1, nine others who use the same. "q-published" has the step sizes of Table 1 with
the decays we had to read into it; "q-ours" starts near V(0), slows the multiplier and averages
policies; PPO and DQN settings are ours, the paper prints none for one device.
Look at: cost *and* frequency. A learner left of the line keeps its budget; one on the right is
cheap because it overruns it. No policy is below the exact curve of its own frequency.
For: who wants to know how much of coordination by learning is lost inside one device.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dcc import scale
from _runs import print_committed, results
from _show import BLUE, GREEN, GREY, ORANGE, PINK, RED, UNPUBLISHED, figure, look_at, options, table

from refimpl.dcc.experiments import local_solvers
from refimpl.dcc.experiments.local_solvers import BUDGET, OTHERS_PENALTY
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.response import local_budget_curve
from refimpl.shared.seeds import generator

REST = 0.05
COLOURS = {"q-published": ORANGE, "q-ours": BLUE, "ppo": GREEN, "dqn": PINK}


def least_cost(device: int, frequencies: Any) -> Any:
    """Exact lower bound of the cost of any policy of the ``device``-th device, by its frequency."""
    mdp = device_mdp(draw_device(generator(0, "local-device", device)))
    counts = np.asarray(frequencies) / REST
    curve = local_budget_curve(mdp)
    # free to use less than it may: the least of the curve up to each frequency
    vertices = curve.values + OTHERS_PENALTY * curve.budgets
    best = int(np.argmin(vertices))
    return np.interp(np.minimum(counts, curve.budgets[best]), curve.budgets, vertices)


def exact_cost(device: int, frequencies: Any) -> Any:
    """Least cost of a policy that offloads exactly so often; larger beyond the free optimum."""
    mdp = device_mdp(draw_device(generator(0, "local-device", device)))
    curve, counts = local_budget_curve(mdp), np.asarray(frequencies) / REST
    return curve.value(counts) + OTHERS_PENALTY * counts


def draw(learned: dict[str, list[dict[str, Any]]], axis: Any) -> None:
    grid = np.linspace(0.0, 0.5, 201)
    axis.plot(grid, exact_cost(0, grid), color=GREY, label="least cost at a frequency")
    axis.axvline(BUDGET, color=RED, linestyle="--", label="budget")
    axis.axhline(float(learned["ppo"][0]["never_cost"]), color=GREY, linestyle=":", label="never")
    for name, found in learned.items():
        axis.plot(found[0]["use"], found[0]["cost"], "o", color=COLOURS[name], label=name)
    axis.set(title="First device", xlabel="offloading frequency (per slot)", xlim=(-0.02, 0.5))
    axis.set(ylabel="discounted cost, congestion included", yscale="log")
    axis.yaxis.set_major_formatter("{x:.0f}")
    axis.yaxis.set_minor_formatter("{x:.0f}")


def main() -> None:
    given = options(__doc__ or "", __file__)
    n_devices, steps = given.choose((1, 8_000), (2, 64_000), (5, 320_000))
    size = scale(given, (10,), 1, 1_000, local_devices=n_devices, local_steps=steps)
    jobs = {name: local_solvers.jobs(name, size, 0) for name in COLOURS}
    found = results(given, (job for group in jobs.values() for job in group))
    learned = {name: [found[job.name] for job in group] for name, group in jobs.items()}
    rows: list[Any] = [
        ("learning steps; devices", UNPUBLISHED, f"{steps}; {n_devices}"),
        ("never offload: cost / optimum", UNPUBLISHED, ratio(learned["ppo"], "never_cost")),
    ]
    for name, each in learned.items():
        excess = np.mean([max(float(r["use"]) - BUDGET, 0.0) for r in each])
        price = np.mean([float(r["multiplier"] - r["optimal_multiplier"]) for r in each])
        rows += [
            (f"{name}: cost / constrained optimum", UNPUBLISHED, ratio(each, "cost")),
            ("  violation of the budget (offloads per slot)", "0 (eq. 9)", float(excess)),
            ("  multiplier minus the exact one", (0.0, "sec. 4.3"), float(price)),
        ]
    table(rows)
    print_committed("dcc/sec-4.3-any-solver")
    look_at("read cost and violation together; below 1 is possible only where a budget is overrun.")
    figure(given, partial(draw, learned))
    for each in learned.values():
        for device, row in enumerate(each):
            assert 0.0 <= float(row["use"]) <= 1.0
            assert float(row["cost"]) >= least_cost(device, row["use"]) * (1.0 - 1e-9)
            assert float(row["multiplier"]) >= 0.0


def ratio(rows: list[dict[str, Any]], key: str) -> float:
    """Mean of a cost in units of the constrained optimum."""
    return float(np.mean([row[key] / row["optimal_cost"] for row in rows]))


if __name__ == "__main__":
    main()
