"""The whole network as one chain, one job after the other, with every coin tossed.

Nothing is split or thinned beforehand: jobs arrive at the agents, an agent tosses its coin for each
job and then draws a neighbour, and the next event of the network is drawn from all of them.
"""

from __future__ import annotations

import random

from refimpl.meanfield.model.system import System


def network_epoch(
    system: System, states: list[int], offload: list[float], rate: float, rng: random.Random
) -> tuple[list[int], list[int]]:
    """Jobs in every queue at the end of an epoch, and drops of every queue."""
    graph, jobs, drops = system.graph, list(states), [0] * len(states)
    n, speeds = graph.n, [float(s) for s in system.services]
    total, left = n * rate + sum(speeds), float(system.dt)
    while True:
        left -= rng.expovariate(total)
        if left <= 0:
            return jobs, drops
        if rng.random() * total < n * rate:
            agent = rng.randrange(n)
            away = rng.random() < offload[agent]
            queue = int(rng.choice(graph.neighbours_of(agent))) if away else agent
            if jobs[queue] == system.buffer:
                drops[queue] += 1
            else:
                jobs[queue] += 1
        else:
            (queue,) = rng.choices(range(n), speeds)
            jobs[queue] = max(jobs[queue] - 1, 0)
