"""A whole panel of Fig. 7 on two processes: 10 delays, 4 policies, 100 episodes, 5000 queues."""

from __future__ import annotations

import time
from concurrent.futures import Executor

from benchmarks.meanfield.instances import RULE, level_paths, ring_system
from benchmarks.timing import Timing
from benchmarks.workload import Report, Settings, Target
from refimpl.meanfield.model.simulator import epochs_for, simulate
from refimpl.meanfield.policies.heuristics import shortest_queue_one_winner
from refimpl.meanfield.policies.rules import own_queue, own_state, random_per_packet
from refimpl.shared.executors import map_tasks, process_pool
from refimpl.shared.seeds import generator

POLICIES = {
    "own-state rule": own_state(RULE),
    "JSQ": shortest_queue_one_winner,
    "RND": random_per_packet,
    "OWN": own_queue,
}
TIME = 50.0
Task = tuple[str, float, int, int]


def run(settings: Settings) -> Report:
    """Simulate all 40 curves' points once through a pool of two; 73 million epochs per policy."""
    n, episodes, delays = (50, 2, 2) if settings.quick else (5000, 100, 10)
    tasks = [(name, float(dt), n, episodes) for dt in range(1, delays + 1) for name in POLICIES]
    with process_pool(2) as pool:
        start = time.perf_counter()
        results = play_all(tasks, pool)
        wall = time.perf_counter() - start
    epochs = sum(epochs_for(TIME, float(dt)) for dt in range(1, delays + 1))
    numbers: dict[str, float] = {}
    for name in POLICIES:
        seconds = sum(s for task, (_, s) in zip(tasks, results, strict=True) if task[0] == name)
        numbers[f"{name}, processor s"] = seconds
        numbers[f"{name}, ns per queue and epoch"] = 1e9 * seconds / (n * episodes * epochs)
    for task, (drops, _) in zip(tasks, results, strict=True):
        numbers[f"{task[0]}, drops per queue at delay {task[1]:g}"] = drops
    return Report(
        instance={"queues": n, "episodes": episodes, "delays": delays, "processes": 2},
        timings={"panel": Timing((wall,), 1, wall)},
        numbers=numbers,
        targets=(Target("less than 300 s on two cores", wall, high=300.0),),
    )


def play_all(tasks: list[Task], executor: Executor | None = None) -> list[tuple[float, float]]:
    """Mean drops per queue and seconds, point by point."""
    return map_tasks(play, tasks, executor)


def play(task: Task) -> tuple[float, float]:
    """Simulate one point: all policies meet the same arrival rates."""
    name, dt, n, episodes = task
    start = time.process_time()
    system = ring_system(n, dt)
    levels = level_paths(system, epochs_for(TIME, dt), episodes)
    trace = simulate(system, POLICIES[name], levels, generator(0, "panel"))
    return float(trace.total.mean()), time.process_time() - start
