"""Small systems solved exactly: what schedulers lose, and what the reward and the metric reward.

Shows: SCALE eqs 1a, 2, secs 2, 4.1.3. Tiny instances of the system, with bounds, the least mean
response by branch and bound, HEFT, and rules that decide online. Then three tasks and two servers,
every play of them: that of the highest return is not the fastest, because a reward sees how long a
task runs, not how long it waits. And the mean response of completed tasks prefers who lets wait.
Look at: the middle picture: every play of one episode; the best two corners do not meet.
For: readers of sec. 4.1.3, and who is choosing a metric.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
from _show import BLUE, GREEN, RED, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.scale.model.episodes import play
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import SystemSettings, chosen
from refimpl.scale.policies.heuristics import HEURISTICS
from refimpl.scale.theory import clairvoyant, exact
from refimpl.scale.theory.heft import heft
from refimpl.scale.theory.small_systems import independent_tasks
from refimpl.shared.seeds import generator

TINY = SystemSettings((1, 1, 1), arrival_rate=0.4, horizon=4.0, sizes=(2, 3))
RULES = ("earliest finish", "fastest fit", "large only", "random feasible")
THREE = independent_tasks(SystemSettings(), [10.0, 10.0, 10.0], [20.0, 10.0])
DEADLINE, RNG = 200.0, generator(0, "example", "rules")


def compared(count: int) -> dict[str, Any]:
    """Mean response of tiny episodes with three to seven tasks: bound, optimum, schedulers."""
    drawn = sample_scenario(TINY, 8 * count, generator(0, "example", "tiny"))
    tasks = drawn.exists.sum(axis=(1, 2))
    scenario = drawn.take(np.flatnonzero((tasks >= 3) & (tasks <= 7))[:count])
    instances = [exact.instance_of(scenario, e) for e in range(scenario.episodes)]
    found: dict[str, Any] = {
        "lower bound": [max(exact.critical_path_bound(i), exact.load_bound(i)) for i in instances],
        "optimum": [exact.optimum(i).mean_response for i in instances],
        "HEFT": [heft(i).mean_response for i in instances],
    }
    for name in RULES:
        found[name] = play(scenario, HEURISTICS[name], RNG, DEADLINE).all_response
    return {name: np.array(x) for name, x in found.items()}


def every_play() -> list[tuple[float, float]]:
    """Return and mean response of every choice of three servers, waiting as long as it takes."""
    found = []
    for servers in product(range(2), repeat=3):
        run = play(THREE, partial(as_planned, np.array(servers)), RNG, DEADLINE)
        found.append((float(run.discounted[0]), float(run.all_response[0])))
    return found


def as_planned(servers: Any, sim: Any, _: Any) -> Any:
    return servers[sim.task]


def survivors(episodes: int) -> dict[str, list[float]]:
    """Response of tasks completed in ten seconds, and of all tasks when the queue is drained."""
    scenario = sample_scenario(chosen(16).settings, episodes, generator(0, "example", "survivors"))
    found = {}
    for name in RULES:
        stopped = play(scenario, HEURISTICS[name], RNG).response
        drained = play(scenario, HEURISTICS[name], RNG, DEADLINE).all_response
        found[name] = [float(np.nanmean(stopped)), float(drained.mean())]
    return found


def draw(tiny: Any, plays: Any, metrics: Any, left: Any, middle: Any, right: Any) -> None:
    names = [name for name in tiny if name != "optimum"]
    left.boxplot([tiny[name] / tiny["optimum"] for name in names])
    left.set_xticks(range(1, len(tiny)), names, rotation=20)
    left.set(title="Mean response of tiny systems, in optima")
    middle.plot(*np.array(plays).T[::-1], "o", color=BLUE)
    middle.plot(*max(plays)[::-1], "*", color=RED, ms=16, label="best return")
    middle.plot(*min(p[::-1] for p in plays), "*", color=GREEN, ms=16, label="best response")
    middle.set(title="Three tasks: every play", xlabel="mean response, s", ylabel="return")
    for k, what in enumerate(("completed in 10 s", "all tasks, drained")):
        level = [found[k] for found in metrics.values()]
        right.bar(np.arange(len(RULES)) + 0.4 * k, level, 0.4, label=what)
    right.set_xticks(np.arange(len(RULES)) + 0.2, RULES, rotation=20)
    right.set(title="16 servers: mean response, s")


def main() -> None:
    given = options(__doc__ or "", __file__)
    tiny = compared(given.choose(8, 60, 500))
    plays = every_play()
    earns, fast = max(plays), min(plays, key=lambda p: p[1])
    best = clairvoyant.best_play(THREE, 0, clairvoyant.discounted_return(THREE, 0), DEADLINE).value
    least = clairvoyant.least_response(THREE, 0, DEADLINE)[0]
    means = {name: float((x / tiny["optimum"]).mean()) for name, x in tiny.items()}
    rows: list[Row] = [
        *((f"{name}: response, in optima", UNPUBLISHED, mean) for name, mean in means.items()),
        ("three tasks: best return of all plays", (best, "by a table"), earns[0]),
        ("  its mean response", "the least (sec. 4.1.3)", earns[1]),
        ("  least mean response of all plays", (least, "by a table"), fast[1]),
        ("  its return", "the best (sec. 4.1.3)", fast[0]),
    ]
    metrics = survivors(given.choose(10, 50, 200))
    for name, (completed, everyone) in metrics.items():
        shown = f"{completed:.2f}, {everyone:.1f} s"
        rows.append((f"{name}: completed in 10 s, all drained", UNPUBLISHED, shown))
    table(rows)
    look_at("who is best by completed tasks, and what becomes of the other tasks.")
    figure(given, partial(draw, tiny, plays, metrics), columns=3, size=(16.0, 4.6))
    assert max(abs(earns[0] - best), abs(fast[1] - least)) < 1e-9
    assert earns[1] > fast[1] + 0.1
    for name in tiny:
        assert (tiny[name] >= tiny["optimum"] - 1e-9).all() == (name != "lower bound")


if __name__ == "__main__":
    main()
