"""Your own dispatcher against the references, and behind reset and step.

Shows: the two doors to the cluster. ``my_rule`` sees the simulation and returns a server for every
job; it plays the same episodes as every reference, so few episodes decide which is better.
``my_agent`` is one dispatcher that sees only its observation (DG-PG App. H.2), through PettingZoo's
reset and step interface; neither library needed. Both do the same here: the i-th dispatcher of a
step takes the i-th emptiest server. That needs no talking, only the agent's number, and it spreads
the jobs of a step; taking the emptiest each would send all of them to one.
Look at: paired differences to Best-Fit, and how the myopic rule herds as servers get more.
For: engineers who bring a rule, or an agent that is trained elsewhere.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from _dgpg import words
from _show import Row, figure, look_at, options, table

from refimpl.dgpg.experiments.systems import System
from refimpl.dgpg.model.environment import ClusterEnvironment
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Jobs, Policy, Simulation, run
from refimpl.dgpg.policies.heuristics import HEURISTICS
from refimpl.shared.seeds import generator

SMALL = SystemSettings(10, 10, steps=300, arrival_steps=200)


def emptiest_first(utilization: Any, queue: Any) -> Any:
    """Order servers, the last axis, by how full they are; waiting jobs count like full servers."""
    return np.argsort(utilization.max(axis=-1) + queue, axis=-1, kind="stable")


def my_rule(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Any:
    """Replace this: return the server of every job."""
    del rng
    utilization = simulation.used / simulation.capacity
    order = emptiest_first(utilization, np.minimum(simulation.queue_length, 50) / 5)
    return order[jobs.rollout, jobs.agent]


def my_agent(seen: Any, n_servers: int) -> int:
    """Do the same from one agent's 9N + 4 numbers: seven per server first, index over N last."""
    servers = seen[: 7 * n_servers].reshape(n_servers, 7)
    order = emptiest_first(servers[:, 0:2], servers[:, 2])
    return int(order[round(seen[-1] * n_servers)])


NAMES = ("Best-Fit", "highest efficiency", "myopic sequential", "myopic simultaneous")
RULES: dict[str, Policy] = {"my rule": my_rule}
RULES |= {name: HEURISTICS[name] for name in (*NAMES, "random server")}


def both(seed: int) -> tuple[float, float]:
    """Play the same episode by the rule and agent by agent; mean rewards per step."""
    rng = np.random.default_rng(seed)
    by_rule = run(sample_scenario(SMALL, 1, rng), my_rule, rng).rewards.mean()
    env, total = ClusterEnvironment(SMALL), 0.0
    observations, _ = env.reset(seed=seed)
    for _ in range(SMALL.steps):
        actions = {name: my_agent(observations[name], 10) for name in env.active_agents}
        observations, rewards, _, _, _ = env.step(actions)
        total += rewards["dispatcher_0"]  # all dispatchers get the same
    return float(by_rule), total / SMALL.steps


def compared(system: System, episodes: int) -> dict[str, tuple[Any, float]]:
    """Measure rewards per step of each episode, and microseconds per job."""
    scenario, found = system.episodes("test", episodes, 0), {}
    for name, rule in RULES.items():
        start = time.perf_counter()
        trace = run(scenario, rule, generator(0, "example", name))
        seconds = time.perf_counter() - start
        found[name] = trace.rewards.mean(axis=0), 1e6 * seconds / scenario.offsets[:, -1].sum()
    return found


def draw(found: dict[int, Any], *axes: Any) -> None:
    sizes = list(found)
    for name in RULES:
        for k, axis in enumerate(axes):
            values = [abs(float(np.mean(found[n][name][k]))) for n in sizes]
            axis.loglog(sizes, values, "o-", label=name)
    axes[0].set(title="Cost per step, same episodes", xlabel="servers")
    axes[1].set(title="Microseconds per job, simulation included", xlabel="servers")
    for axis in axes:
        axis.set_xticks(sizes, [str(n) for n in sizes])
        axis.set_xticks([], minor=True)


def main() -> None:
    given = options(__doc__ or "", __file__)
    pairs = [both(seed) for seed in range(given.choose(1, 5, 20))]
    sizes = given.choose((10, 50), (10, 50, 200), (10, 50, 200, 1000))
    steps, episodes = given.choose(200, 600, 3000), given.choose(3, 5, 10)
    found = {n: compared(System(n, steps=steps), episodes) for n in sizes}
    gap = max(abs(a - b) for a, b in pairs)
    rows: list[Row] = [
        ("10 servers, my agent by reset and step", (pairs[0][0], "my rule"), pairs[0][1]),
        ("  largest difference of an episode", (0.0, "to rounding"), gap),
    ]
    for n in sizes:
        for name, (rewards, micro) in found[n].items():
            shown = f"{words(rewards, found[n]['Best-Fit'][0])}, {micro:.0f} us"
            rows.append((f"{n} servers, {name} (minus Best-Fit)", "not published", shown))
    table(rows)
    look_at("your row: what it earns more than Best-Fit, and what a job costs to place.")
    figure(given, partial(draw, found), columns=2, size=(12.0, 4.2))
    assert gap < 1e-9
    for n in sizes:
        assert found[n]["my rule"][0].mean() > found[n]["random server"][0].mean()


if __name__ == "__main__":
    main()
