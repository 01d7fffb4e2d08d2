"""A step of the cluster from 10 to 1500 servers: the cost must grow linearly, or slower.

Jobs go to random clusters and by Best-Fit inside them, so the time is that of the simulator, the
placement and the observation, without a network.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.timing import Timing
from benchmarks.workload import Report, Settings, Target
from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.observations import observer_for
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.simulator import Simulation
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import log_log_slope

SIZES = (10, 50, 100, 200, 500, 1000, 1500)
STEPS, WARM = 400, 100
PARTS = ("simulator", "placement", "observation")


def run(settings: Settings) -> Report:
    """Measure seconds per step by part, and their slope in the number of servers."""
    sizes = (10, 20, 50) if settings.quick else SIZES
    steps = 30 if settings.quick else STEPS
    systems = {n: replace(chosen(n).settings, steps=steps, arrival_steps=steps) for n in sizes}
    measured = {
        n: np.array([seconds_per_step(system, turn) for turn in range(settings.repeats)])
        for n, system in systems.items()
    }
    totals = {n: Timing(tuple(parts.sum(axis=1)), 1, 0.0) for n, parts in measured.items()}
    numbers = {
        f"{part} at N = {n}, us per step": 1e6 * float(np.median(parts[:, k]))
        for n, parts in measured.items()
        for k, part in enumerate(PARTS)
    }
    fit = log_log_slope(sizes, [totals[n].median for n in sizes])
    numbers |= {"log-log slope": fit.slope, "slope, low": fit.low, "slope, high": fit.high}
    # The slope of the last decade, where the constant cost of a step counts least.
    last = [n for n in sizes if n >= max(sizes) / 10]
    steep = log_log_slope(last, [totals[n].median for n in last]).slope
    numbers["log-log slope of the largest sizes"] = steep
    return Report(
        instance={"sizes": sizes, "steps": steps, "rollouts": 1},
        timings={f"N = {n}": timing for n, timing in totals.items()},
        numbers=numbers,
        targets=(Target("time per step grows at most linearly", steep, high=1.1),),
    )


def seconds_per_step(system: SystemSettings, turn: int) -> tuple[float, ...]:
    """Play one episode; return mean seconds per step of each part, after the cluster has filled."""
    rng = generator(turn, "benchmark", "simulator", system.n_servers)
    simulation = Simulation(sample_scenario(system, 1, rng))
    observer, _ = observer_for(system, dtype=np.float32)
    spent, warm = np.zeros(len(PARTS)), min(WARM, system.steps // 3)
    for t in range(system.steps):
        start = time.perf_counter()
        jobs = simulation.begin()
        begun = time.perf_counter()
        observer(simulation, jobs)
        seen = time.perf_counter()
        servers = servers_of(simulation, jobs, rng.integers(0, system.n_clusters, len(jobs)))
        found = time.perf_counter()
        simulation.place(jobs, servers)
        simulation.finish()
        if t >= warm:
            over = time.perf_counter()
            spent += (begun - start + over - found, found - seen, seen - begun)
    return tuple(spent / (system.steps - warm))
