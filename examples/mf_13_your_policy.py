"""Your own policy on the environment, and on a million queues.

Shows: the two doors to the system. ``my_policy`` maps queue lengths to the share of the arrivals
each queue gets; it runs in the simulator on any graph of any size, with the same arrivals and the
same random numbers as every other policy, so that few episodes decide which is better. ``my_agent``
plays queue by queue through the standard reset/step interface (PettingZoo's contract, or
Gymnasium's for one decision maker; neither library needed).
Look at: paired differences at a million queues, and nanoseconds per queue and epoch.
For: engineers who bring a policy, or another simulator to compare with this one.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, ORANGE, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.meanfield.model.arrivals import offload_shares, sample_levels
from refimpl.meanfield.model.environment import agents_environment, upper_level_environment
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring, torus
from refimpl.meanfield.policies import heuristics
from refimpl.meanfield.policies.rules import Policy, own_state, random_per_packet
from refimpl.shared.environment import check_environment
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import paired_difference

DT, EPOCHS, RING = 5.0, 10, System(ring(12), dt=5.0)


def my_policy(system: System, states: Any, rng: np.random.Generator) -> Any:
    """Replace this. Jobs are sent away if the neighbours have fewer on average; returns shares."""
    del rng
    graph = system.graph
    around = (graph.adjacency @ states.T.astype(np.float64)).T / graph.degrees
    return offload_shares(graph, np.clip(0.5 + 0.2 * (states - around), 0.0, 1.0))


def my_agent(observation: Any) -> Any:
    """Do the same for one queue: it sees its own length and its neighbours', in units of B."""
    own, *around = 5.0 * observation
    return np.clip([0.5 + 0.2 * (own - np.mean(around))], 0.0, 1.0)


POLICIES: dict[str, Policy] = {
    "my policy": my_policy,
    "RND": random_per_packet,
    "JSQ, one winner": heuristics.shortest_queue_one_winner,
    "JSQ, ties split": heuristics.shortest_queue_split,
    "power of 2": heuristics.power_of_d(2),
    "own-state rule": own_state((0.0, 0.1, 0.25, 0.4, 0.65, 0.95)),
}


def by_agents(episodes: int) -> Any:
    """Play a ring of 12 agent by agent; drops per queue of each episode."""
    env, totals = agents_environment(RING, EPOCHS), np.zeros(episodes)
    for k in range(episodes):
        observations, _ = env.reset(seed=k)
        for _ in range(EPOCHS):
            actions = {name: my_agent(seen) for name, seen in observations.items()}
            observations, rewards, _, _, _ = env.step(actions)
            totals[k] -= sum(rewards.values()) / 12
    return totals


def compared(system: System, episodes: int) -> dict[str, tuple[Any, float]]:
    """Measure drops per queue of each episode, and nanoseconds per queue and epoch."""
    levels = sample_levels(system.modulation, EPOCHS, episodes, generator(0, "example", "levels"))
    found = {}
    for name, policy in POLICIES.items():
        start = time.perf_counter()
        trace = simulate(system, policy, levels, generator(0, "example", "queues"))
        seconds = time.perf_counter() - start
        found[name] = trace.total, 1e9 * seconds / (system.n * levels.size)
    return found


def draw(found: dict[str, Any], *axes: Any) -> None:
    names = sorted(found, key=lambda name: found[name][0].mean())
    colours = [BLUE if name == "my policy" else GREY for name in names]
    axes[0].barh(names, [found[n][0].mean() for n in names], color=colours)
    axes[0].set(title="Same arrivals, same random numbers", xlabel="drops per queue in 50 units")
    axes[1].barh(names, [found[n][1] for n in names], color=ORANGE)
    axes[1].set(title="Time", xlabel="nanoseconds per queue and epoch")


def main() -> None:
    given = options(__doc__ or "", __file__)
    side, episodes = given.choose(100, 1_000, 1_000), given.choose(6, 5, 20)
    check_environment(upper_level_environment(RING), generator(0, "check"), 20)
    played = by_agents(given.choose(60, 400, 2_000))
    levels = sample_levels(RING.modulation, EPOCHS, 2_000, generator(0, "example"))
    same = simulate(RING, my_policy, levels, generator(0, "example", "ring"))
    error = float(np.hypot(played.std() / len(played) ** 0.5, same.total.std() / 2_000**0.5))
    found = compared(System(torus(side), dt=DT), episodes)
    reference, _ = found["RND"]
    rows: list[Row] = [
        ("ring of 12, my agent through reset/step", (same.total.mean(), "simulate"), played.mean()),
        (f"  standard error of the difference, {len(played)} episodes", UNPUBLISHED, error),
    ]
    for name, (drops, nanoseconds) in found.items():
        gap = paired_difference(drops, reference)
        words = (
            f"{drops.mean():.3f} ({gap.mean:+.3f} +- {gap.half_width:.3f}), {nanoseconds:.0f} ns"
        )
        rows.append((f"torus of {side**2:,}, {name} (minus RND)", UNPUBLISHED, words))
    table(rows)
    look_at("your row; differences to RND are paired, the time is per queue and epoch.")
    figure(given, partial(draw, found), columns=2, size=(12.0, 4.0))
    assert abs(played.mean() - same.total.mean()) < 4.5 * error
    assert paired_difference(found["own-state rule"][0], reference).high < 0.0


if __name__ == "__main__":
    main()
