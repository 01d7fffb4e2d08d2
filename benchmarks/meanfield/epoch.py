"""Nanoseconds per queue and epoch: exact kernels without events against events."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.machine import installed
from benchmarks.meanfield.events import Episode, ciw_run, compiled_episode, simpy_episode
from benchmarks.meanfield.instances import RULE, level_paths, ring_system
from benchmarks.timing import interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from refimpl.meanfield.model.epoch import tabulated_epoch
from refimpl.meanfield.model.gillespie import gillespie_epoch, simulate_counted
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import own_state
from refimpl.shared.seeds import generator

OURS, ALONE = "exact kernel, tabulated", "exact kernel, tabulated, one episode"
NUMBA, EVENTS = "Gillespie, numba", "Gillespie, NumPy"
SIMPY, CIW = "simpy", "ciw"


def run(settings: Settings) -> Report:
    """Time whole episodes, policy included, and compare the drops of both fast ways."""
    n, epochs, episodes = (100, 5, 2) if settings.quick else (5000, 50, 20)
    small, tiny = (10, 2) if settings.quick else (200, 20)
    system = ring_system(n)
    counts = {OURS: n * epochs * episodes, ALONE: n * epochs, EVENTS: n * epochs}
    functions: dict[str, Callable[[], object]] = {
        OURS: partial(_exact, system, epochs, episodes),
        ALONE: partial(_exact, system, epochs, 1),
        EVENTS: partial(_events, system, epochs),
    }
    skipped, numbers, compiled = {}, {}, None
    if installed("numba"):
        compiled = compiled_episode()
        functions[NUMBA] = partial(_play, compiled, n, epochs)
        counts[NUMBA] = n * epochs
        numbers["z-score of our drops against numba"] = _agreement(compiled, system, epochs)
    if installed("simpy"):
        functions[SIMPY] = partial(_play, simpy_episode, small, epochs)
        counts[SIMPY] = small * epochs
    if installed("ciw"):
        functions[CIW] = partial(ciw_run, tiny, 5, epochs * system.dt, 0)
        counts[CIW] = tiny * epochs
    skipped = {name: "not installed" for name in (NUMBA, SIMPY, CIW) if name not in functions}
    timings = interleaved(functions, settings.repeats)
    cost = {name: 1e9 * timings[name].median / counts[name] for name in functions}
    numbers |= {f"{name}, ns per queue and epoch": value for name, value in cost.items()}
    targets = [Target("at most 35 ns per queue and epoch on one core", cost[OURS], high=35.0)]
    if NUMBA in cost:
        faster = ratio(timings[NUMBA], timings[OURS]).median * counts[OURS] / counts[NUMBA]
        targets.append(Target("at least 8 times faster than compiled events", faster, low=8.0))
    return Report(
        instance={"queues": n, "epochs": epochs, "episodes": episodes, "dt": 5.0, "buffer": 5},
        timings=timings,
        numbers=numbers,
        targets=tuple(targets),
        limit=share_of_limit(
            settings.limits,
            timings[OURS].median,
            "a uniform number and a row of eight thresholds read, state and drops written",
            bytes_moved=88.0 * counts[OURS],
        ),
        skipped=skipped,
    )


def _exact(system: System, epochs: int, episodes: int) -> object:
    levels = level_paths(system, epochs, episodes)
    rng = generator(0, "exact")
    return simulate(system, own_state(RULE), levels, rng, tabulated_epoch(system))


def _events(system: System, epochs: int) -> object:
    levels = level_paths(system, epochs, 1)
    return simulate_counted(
        system, own_state(RULE), levels, generator(0, "events"), gillespie_epoch
    )


def _play(episode: Episode, n: int, epochs: int) -> object:
    system = ring_system(n)
    rates = system.rates(level_paths(system, epochs, 1)[:, 0])
    return episode(np.array(RULE), rates, n, system.buffer, system.dt, 0)


def _agreement(episode: Episode, system: System, epochs: int, runs: int = 20) -> float:
    """Two-sample z-score of the drops in whole episodes on one path of the arrival rate."""
    path = level_paths(system, epochs, 1)
    rates = system.rates(path[:, 0])
    theirs = np.array(
        [episode(np.array(RULE), rates, system.n, 5, system.dt, seed)[0] for seed in range(runs)]
    )
    levels = np.repeat(path, runs, axis=1)
    ours = simulate(system, own_state(RULE), levels, generator(1, "agreement")).total
    spread = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / runs)
    return float((ours.mean() - theirs.mean()) / spread)
