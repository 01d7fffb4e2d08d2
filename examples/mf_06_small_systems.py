"""Four queues on a ring, solved: who is best at which delay, and how much there is to gain.

Shows: MF sec. 3 without sampling. The joint chain of the ring of four has 2 x 1296 states; every
policy has an exact value over 50 units of time, the best rule of the own queue comes from the exact
gradient, and dynamic programming gives a planner who sees all queues and splits jobs on a grid.
With instantaneous information JSQ is called optimal (sec. 1); it is where everybody reaches all
queues, but on a star or a path a job in the middle is in somebody's way.
Look at: both readings of JSQ cross RND near delay 2; the best own-state rule is below both.
For: who wants numbers to test a simulator or a learner with; every digit is exact.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from _show import BLACK, BLUE, GREEN, GREY, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, path, ring, star
from refimpl.meanfield.theory.instantaneous import (
    best_of_all,
    best_of_shortest,
    instantaneous_drop_rate,
    mean_of_shortest,
)
from refimpl.meanfield.theory.small_ring import policy_table

NAMES = {
    "one_winner": ("JSQ, one winner", RED),
    "split": ("JSQ, ties split", ORANGE),
    "random": ("RND = OWN", GREY),
    "own_state": ("best own-state rule", BLUE),
    "full_information": ("planner, full information", BLACK),
}
GRAPHS: dict[str, tuple[Graph, int]] = {
    "complete 3": (complete(3), 5),
    "path 3": (path(3), 5),
    "star 5": (star(4), 3),
    "ring 4": (ring(4), 3),
}
"""Graphs and buffers on which routing with instantaneous information is solved."""


def parts(dt: float, effort: int) -> int:
    """Choose a grid for the planner: long delays have few epochs and need fine shares."""
    return min(12, effort * (1 if dt < 3.0 else 2 if dt < 8.0 else 3))


def above_optimum(graph: Graph, buffer: int) -> tuple[float, float, float]:
    """Drop rate of the optimum, and what JSQ drops more with random and with best ties."""
    rules = (best_of_all, mean_of_shortest, best_of_shortest)
    system = System(graph, buffer)
    found = [instantaneous_drop_rate(system, rule, 0.9, 1e-9).value for rule in rules]
    return found[0], found[1] / found[0] - 1.0, found[2] / found[0] - 1.0


def draw(delays: Any, tables: Any, excess: Any, *axes: Any) -> None:
    for key, (name, colour) in NAMES.items():
        drops = [float(tables[dt][key]) * 50.0 / (round(50 / dt) * dt) for dt in delays]
        axes[0].plot(delays, drops, "o-", color=colour, label=name)
    axes[0].set(title="Ring of four", xlabel="synchronisation delay")
    axes[0].set(ylabel="drops per queue in 50 units", ylim=(0.0, None))
    shown = [dt for dt in delays if dt in (1.0, 3.0, 5.0, 10.0)]
    for dt, colour in zip(shown, (GREEN, ORANGE, BLUE, RED), strict=False):
        axes[1].plot(range(6), tables[dt]["rule"], "o-", color=colour, label=f"delay {dt:g}")
    axes[1].set(title="Best own-state rule", xlabel="own jobs", ylabel="probability to offload")
    names = list(excess)
    axes[2].barh(names, [100.0 * excess[n][1] for n in names], color=ORANGE, label="random ties")
    axes[2].barh(names, [100.0 * excess[n][2] for n in names], 0.4, color=BLUE, label="best ties")
    axes[2].set(title="JSQ above the optimum, no delay", xlabel="drops, percent")


def main() -> None:
    given = options(__doc__ or "", __file__)
    every = tuple(float(dt) for dt in range(1, 11))
    delays = given.choose((1.0, 5.0, 10.0), every, every)
    tables = {dt: policy_table(dt, parts(dt, given.choose(2, 4, 6))) for dt in delays}
    graphs = dict(list(GRAPHS.items())[: given.choose(3, 4, 4)])
    excess = {name: above_optimum(*pair) for name, pair in graphs.items()}
    rows: list[Row] = []
    for dt in (1.0, 5.0, 10.0):
        for key, (name, _) in NAMES.items():
            rows.append((f"delay {dt:g}: {name}", "not published", float(tables[dt][key])))
    for name, (least, random, best) in excess.items():
        rows.append((f"{name}, no delay: least drop rate", "not published", least))
        rows.append(("  JSQ, random ties, relative excess", (0.0, "sec. 1"), random))
        rows.append(("  JSQ, best ties", (0.0, "sec. 1"), best))
    table(rows)
    look_at("at delays 5 and 10 the own queue alone nearly does what the planner does; at 1 not.")
    figure(given, partial(draw, delays, tables, excess), columns=3, size=(14.0, 4.4))
    for dt in delays:
        found = {key: float(tables[dt][key]) for key in NAMES}
        assert found["own_state"] < found["random"]
        assert float(tables[dt]["residual"]) < 1e-6
        # the grid holds every rule that sends each agent's jobs to one queue
        assert found["full_information"] < min(found["one_winner"], found["random"])
    assert excess["complete 3"][1] < 1e-6 < min(excess["star 5"][2], excess["path 3"][1])


if __name__ == "__main__":
    main()
