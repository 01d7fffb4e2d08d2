"""Coordination on exact answers as the number of devices grows, alone and through a process pool.

One coordination run solves every device for all budgets (its budget sweep) and makes the paper's
five projected gradient steps on the exact derivatives. All devices differ: the deficit power is
drawn from an interval, so that no sweep can be shared.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.timing import Timing, interleaved, ratio
from benchmarks.workload import Report, Settings, Target
from linear_models.schedules import power
from lp_solvers.budget_sweep import BudgetCurve
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters, draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import exact_gradient
from refimpl.dcc.objective.descent import Descent, descend
from refimpl.dcc.objective.response import local_budget_curve, response_curves
from refimpl.shared.executors import map_tasks, process_pool
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import log_log_slope

SIZES = (10, 20, 50, 100, 200, 500)
# Devices differ in how hard they are. All sizes take theirs from one list, and small sizes are run
# on several stretches of it, so that each size sees this many of the same devices at least.
AVERAGED = 100
ROUNDS = 3


def run(settings: Settings) -> Report:
    """Time the sizes, fit the log-log slope, and repeat the largest size through a pool."""
    sizes = (2, 4, 8) if settings.quick else SIZES
    averaged = 4 if settings.quick else AVERAGED
    repeats = min(settings.repeats, ROUNDS)
    devices = _devices(max(sizes), settings.quick)
    populations = {n: _stretches(devices, n, averaged) for n in sizes}
    functions = {f"N = {n}": partial(_coordinate_all, populations[n]) for n in sizes}
    timings = {
        name: _per_run(timing, len(populations[n]))
        for (name, timing), n in zip(
            interleaved(functions, repeats, min_seconds=0.0).items(), sizes, strict=True
        )
    }
    fit = log_log_slope(sizes, [timings[f"N = {n}"].median for n in sizes])
    jobs = max(2, os.cpu_count() or 1)
    with process_pool(jobs) as pool:
        largest = populations[sizes[-1]][0]
        pair = interleaved(
            {
                f"N = {sizes[-1]}, serial": partial(coordinate, largest),
                f"N = {sizes[-1]}, {jobs} processes": partial(coordinate, largest, pool),
            },
            repeats,
            min_seconds=0.0,
        )
    serial, parallel = pair.values()
    speedup = ratio(serial, parallel)
    return Report(
        instance={"sizes": sizes, "devices averaged over, at least": averaged, "processes": jobs},
        timings={**timings, **pair},
        ratios={"serial / parallel": speedup},
        numbers={"log-log slope": fit.slope, "slope, low": fit.low, "slope, high": fit.high},
        targets=(
            Target("log-log slope of time in N is 1.0 +- 0.1", fit.slope, 0.9, 1.1),
            Target("faster through a process pool", speedup.median, low=1.0),
        ),
    )


def coordinate(devices: list[DeviceParameters], executor: Executor | None = None) -> Descent:
    """Five exact coordination steps from zero budgets; the sweeps go through ``executor``."""
    curves = map_tasks(device_curve, devices, executor)
    responses = response_curves(curves, devices[0].gamma)
    gradient = exact_gradient(responses, power_law())
    return descend(gradient, np.zeros(len(devices)), power(0.25, 1.0))


def device_curve(device: DeviceParameters) -> BudgetCurve:
    """Exact value of one device for every budget."""
    return local_budget_curve(device_mdp(device))


def _coordinate_all(populations: list[list[DeviceParameters]]) -> list[Descent]:
    return [coordinate(devices) for devices in populations]


def _stretches(
    devices: list[DeviceParameters], size: int, averaged: int
) -> list[list[DeviceParameters]]:
    """Disjoint populations of ``size`` devices that cover the first ``averaged`` ones."""
    return [devices[k : k + size] for k in range(0, max(averaged, size), size)]


def _devices(count: int, small: bool) -> list[DeviceParameters]:
    rng = generator(0, "benchmark", "coordination")
    return [_draw(rng, small) for _ in range(count)]


def _draw(rng: np.random.Generator, small: bool) -> DeviceParameters:
    device = replace(draw_device(rng), deficit_power=float(rng.uniform(1.5, 2.5)))
    return replace(device, max_aoi=4, battery=4) if small else device


def _per_run(timing: Timing, runs: int) -> Timing:
    return Timing(tuple(s / runs for s in timing.samples), timing.calls, timing.first / runs)
