"""Workflows on a cluster: ready tasks, two levels, the reward, and a clock that stops at success.

Shows: SCALE secs 3.1 to 3.3, 4.1, eq. 2, Table 1. Workflows are graphs of three to eight tasks. Of
all tasks that can start the one with the most edges before the end of its workflow comes first, and
the agent chooses its server. A choice that assigns the task leaves the clock alone; only a choice
that assigns nothing moves it, by 0.1 s. So an episode of 10 s has exactly 100 invalid actions,
whoever acts; most are nothing but the clock.
Look at: the share of invalid actions, and how many of them a policy could have avoided.
For: everybody, first.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, GREY, ORANGE, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.scale.model.episodes import play
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import TIERS, chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import hop_counts
from refimpl.scale.objective.reward import assignment_reward
from refimpl.scale.policies.heuristics import HEURISTICS
from refimpl.shared.seeds import generator

SETTINGS = chosen(16).settings
SHOWN = ("fastest fit", "random", "large only")
COLOURS = dict(zip((tier.compute for tier in TIERS), (GREEN, BLUE, ORANGE), strict=True))


def by_hand(sim: Simulation, name: str, rng: np.random.Generator) -> dict[str, int]:
    """Play one episode; count clock steps that were wrong, and choices against the first level."""
    found = {"wrong clock": 0, "wrong task": 0, "valid": 0, "invalid": 0}
    hops = hop_counts(sim.scenario.edges).reshape(1, -1)
    while not sim.done[0]:
        before, ready = sim.tick[0], np.flatnonzero(sim.key[0] < np.iinfo(np.int64).max)
        if ready.size:
            found["wrong task"] += int(hops[0, sim.task[0]] < hops[0, ready].max())
        valid = bool(sim.step(HEURISTICS[name](sim, rng)).valid[0])
        found["valid" if valid else "invalid"] += 1
        found["wrong clock"] += int(sim.tick[0] - before != (0 if valid else 1))
    return found


def draw_graph(axis: Any, sim: Simulation) -> None:
    """Draw the largest workflow of the episode; edges lead to the right."""
    which = int(np.argmax(np.where(np.isfinite(sim.scenario.arrival[0]), sim.scenario.size[0], 0)))
    edges = sim.scenario.edges[0, which]
    hops, size = hop_counts(edges), int(sim.scenario.size[0, which])
    at = {v: (-int(hops[v]), int((hops[:v] == hops[v]).sum())) for v in range(size)}
    arrow = {"arrowstyle": "->", "shrinkA": 9, "shrinkB": 9, "connectionstyle": "arc3,rad=-0.25"}
    for i, j in np.argwhere(edges):
        axis.annotate("", at[j], at[i], arrowprops=arrow)
    for v, (x, y) in at.items():
        axis.plot(x, y, "o", color=BLUE, markersize=18)
        axis.text(x, y, str(v), ha="center", va="center", color="white")
    axis.set(title="One workflow; tasks by hop count", xlabel="edges to the end", yticks=[])
    axis.set_xticks(range(-hops.max(), 1), range(hops.max(), -1, -1))
    axis.margins(0.15)


def draw(sim: Simulation, left: Any, middle: Any, right: Any) -> None:
    draw_graph(left, sim)
    for m in np.flatnonzero(sim.server[0] >= 0):
        j, length = sim.server[0, m], min(sim.finish[0, m], 10.0) - sim.start[0, m]
        colour = COLOURS[float(sim.scenario.capacity[0, j])]
        middle.barh(j, length, left=sim.start[0, m], color=colour, edgecolor="white", height=0.9)
    for tier in TIERS:
        middle.barh(0, 0, color=COLOURS[tier.compute], label=f"{tier.name}, {tier.compute:g}")
    middle.legend(title="GFLOPS", loc="lower center", ncols=3)
    middle.set(title="Ten seconds of fastest fit", xlabel="seconds", ylabel="server", xlim=(0, 10))
    work = np.linspace(1.0, 20.0, 100)
    for tier in TIERS:
        pay = assignment_reward(SETTINGS, work / tier.compute, 0.0, 0.0)
        right.semilogy(work, pay, color=COLOURS[tier.compute], label=tier.name)
    right.axhline(0.006, color=GREY, ls="--", label="transfer of 0.5 GB, ours: -0.006")
    right.axhline(0.05, color=GREY, ls=":", label="if delta_max were 0.12 s: -0.05")
    right.set(title="Reward of a task, eq. 2", xlabel="GFLOP", ylim=(1e-4, 1.0))


def main() -> None:
    given = options(__doc__ or "", __file__)
    rng = generator(0, "example", "workflows")
    scenario = sample_scenario(SETTINGS, given.choose(20, 100, 1000), rng)
    counted = by_hand(Simulation(scenario.take([0])), "random", rng)
    sizes = scenario.size[np.isfinite(scenario.arrival)]
    work = scenario.compute[scenario.exists].sum() / scenario.episodes / SETTINGS.horizon
    rows: list[Row] = [
        ("servers: small, medium, large", "4, 10, 2 (Table 1)", str(SETTINGS.counts)[1:-1]),
        ("tasks of a workflow, mean", (5.5, "3 to 8, sec. 5.1"), float(sizes.mean())),
        ("GFLOP per second that arrive; the cluster does 32", (55.0, "derived"), float(work)),
    ]
    for tier in TIERS:
        pay = float(assignment_reward(SETTINGS, 10.0 / tier.compute, 0.0, 0.0))
        rows.append((f"reward of 10 GFLOP, {tier.name}", "exp(-c / C) (eq. 2)", pay))
    for name in ("wrong clock", "wrong task"):
        rows.append((f"decisions of an episode with the {name}", (0.0, "sec. 4.1"), counted[name]))
    for name in SHOWN:
        found = play(scenario, HEURISTICS[name], generator(0, "example", name))
        idle = found.counts.none + found.counts.forced
        avoidable = found.counts.memory + found.counts.busy
        invalid = (idle + avoidable) / found.counts.decisions
        shown = f"{invalid.mean():.2f}; {avoidable.mean():.0f} of 100 avoidable"
        rows.append((f"{name}: invalid share", UNPUBLISHED, shown))
        rows.append(("  completed tasks", (8.37, "SCALE"), float(found.completed.mean())))
        rows.append(("  response in s", (4.58, "SCALE"), float(np.nanmean(found.response))))
    table(rows)
    look_at("the best of these policies has 5 of 6 actions 'invalid', none of them avoidable.")
    gantt = Simulation(scenario.take([0]))
    by_hand(gantt, "fastest fit", rng)
    figure(given, partial(draw, gantt), columns=3, size=(16.0, 4.6))
    assert counted["wrong clock"] == counted["wrong task"] == 0
    assert counted["invalid"] == round(SETTINGS.horizon / SETTINGS.dt)


if __name__ == "__main__":
    main()
