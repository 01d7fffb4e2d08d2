"""Algorithm 2 as a live scheduler: it can choose the same impossible server for ever.

Shows: SCALE Algorithm 2, secs 4.1.2, 4.1.3. In service the server with the highest score is taken,
feasible or not. If it cannot take the task the clock moves, but an idle wrong server looks the same
afterwards: the same numbers, the same choice. With two idle servers, one of them too small, every
network that prefers the small one is stuck for good: about half of untrained ones. Drawing servers
escapes, a mask never gets there. The scheduler for service takes a mask and names its errors.
Look at: the picture: what three rules assign, with the same scores and the same episodes.
For: engineers, before they put a pointer network into service.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _show import UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.scale.experiments.batteries import RULES as NAMES
from refimpl.scale.experiments.evaluation import STUCK
from refimpl.scale.model.episodes import Counts, play
from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import SystemSettings, chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.network.parameters import Shape, init
from refimpl.scale.policies.decisions import RULES
from refimpl.scale.policies.learned import learned
from refimpl.scale.policies.serving import Scheduler, until_stuck
from refimpl.scale.theory.small_systems import independent_tasks
from refimpl.scale.train import structured
from refimpl.shared.seeds import generator

TWO = independent_tasks(SystemSettings(horizon=4.0), [1.0], [2.0, 1.0], [32.0, 1.0])
"""One task, two idle servers, one too small."""
TIMES = np.linspace(0.0, 10.0, 101)


def network(k: int) -> Any:
    """Parameters of the k-th untrained network."""
    return init(generator(0, "example", "network", k), Shape(), np.float32)


def stuck_on_two(nets: int, rule: str) -> int:
    """Networks that have assigned nothing after four seconds of two idle servers."""
    rng = generator(0, "example", "two")
    runs = (play(TWO, learned(network(k), RULES[rule]), rng) for k in range(nets))
    return sum(int(run.completed[0] == 0) for run in runs)


def followed(params: Any, rule: str, scenario: Any) -> tuple[Any, Any]:
    """Count tasks assigned until every tenth of a second, and avoidable steps; per episode."""
    sim, rng = Simulation(scenario), generator(0, "example", rule)
    policy, counts = learned(params, RULES[rule]), Counts.zeros(scenario.episodes)
    while not sim.done.all():
        actions = policy(sim, rng)
        counts.add(sim, actions, sim.feasible())
        sim.step(actions)
    wasted = counts.memory + counts.busy, counts.longest
    return [(sim.start <= t).sum(axis=1).mean() for t in TIMES], [x.mean() for x in wasted]


def name_of_error(call: Callable[[], Any]) -> str:
    """Return the name of the error, or the answer if there is none."""
    try:
        return str(call())
    except (ValueError, RuntimeError) as error:
        return type(error).__name__


def service() -> dict[str, str]:
    """Ask schedulers for what they can decide and for what they cannot."""
    rng, nobody = generator(0, "example", "service"), np.zeros(48, bool)
    fixed = Scheduler.of(structured.init(rng, 16, structured.Shape()))
    pointer = Scheduler.of(network(0))
    seen = observe(Simulation(sample_scenario(chosen(48).settings, 1, rng)))
    task, servers = seen.task[0], seen.servers[0]
    watched = until_stuck(lambda *_: np.array([1]), STUCK)
    calls: dict[str, Callable[[], Any]] = {
        "48 servers": lambda: pointer.decide(task, servers, ~nobody),
        "no server can take the task": lambda: pointer.decide(task, servers, nobody),
        "a feature is NaN": lambda: pointer.decide(task * np.nan, servers),
        "perceptron for 16, 48 servers": lambda: fixed.decide(task, servers),
        "stuck for 3 s, watched": lambda: play(TWO, watched, rng),
    }
    return {what: name_of_error(call) for what, call in calls.items()}


def draw(curves: Any, axis: Any) -> None:
    for rule, curve in curves.items():
        axis.plot(TIMES, curve, label=rule)
    axis.set(title="Tasks assigned, untrained networks, 16 servers", xlabel="seconds")


def main() -> None:
    given = options(__doc__ or "", __file__)
    nets, few = given.choose((12, 1), (200, 5), (1000, 20))
    scenario = sample_scenario(chosen(16).settings, 4, generator(0, "example", "episodes"))
    rows, curves, wasted = list[Row](), {}, {}
    for rule in NAMES:
        shown = f"{stuck_on_two(nets, rule)} of {nets} networks"
        rows.append((f"{rule}: stuck on two idle servers", "never", shown))
        pairs = [followed(network(k), rule, scenario) for k in range(few)]
        curves[rule], wasted[rule] = (np.mean(x, axis=0) for x in zip(*pairs, strict=True))
        rows.append(("  tasks assigned in 10 s, 16 servers", UNPUBLISHED, curves[rule][-1]))
        shown = f"{wasted[rule][0]:.0f} of 100, {wasted[rule][1]:.0f} of them in a row"
        rows.append(("  avoidable steps", UNPUBLISHED, shown))
    answers = service()
    table([*rows, *((f"service: {k}", UNPUBLISHED, answer) for k, answer in answers.items())])
    look_at("greedy beside masked: the same scores, the same episodes.")
    figure(given, partial(draw, curves))
    errors = ("NoFeasibleServerError", "ValueError", "ClusterSizeError", "LivelockError")
    assert tuple(answers.values())[1:] == errors
    assert wasted["masked"][1] == 0 < wasted["greedy"][1]


if __name__ == "__main__":
    main()
