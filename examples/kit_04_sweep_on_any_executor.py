"""One sweep, any executor, the same bits.

Shows: a sweep over system sizes and seeds as a list of tasks and a pure function, run here, on
threads, on a pool of processes, and (not with --quick) on a local Dask cluster if Dask is
installed; ``refimpl.shared.executors.map_tasks`` takes any ``concurrent.futures.Executor``. Each
task draws devices, sweeps their budgets and finds the best exactly (DCC eq. 4).
Look at: the digests agree. A second machine or a different number of workers changes nothing but
the time; for a cluster, hand ``dask_executor`` the address of its scheduler.
For: who has a hundred settings to try and wants to be able to repeat any one of them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.optimum import optimise_budgets
from refimpl.dcc.objective.response import local_budget_curve, response_curves
from refimpl.shared.executors import dask_executor, map_tasks, process_pool
from refimpl.shared.progress import bar
from refimpl.shared.seeds import generator

Open = Callable[[], AbstractContextManager[Executor | None]]


@dataclass(frozen=True)
class Task:
    """All that a result depends on."""

    n_devices: int
    seed: int


def solve(task: Task) -> Any:
    """Best budgets and cost of one drawn system: N budgets, then the cost per device."""
    rng = generator(task.seed, "example", "sweep", task.n_devices)
    mdps = [device_mdp(draw_device(rng)) for _ in range(task.n_devices)]
    curves = response_curves([local_budget_curve(mdp) for mdp in mdps], mdps[0].gamma)
    best = optimise_budgets(curves, power_law())
    return np.append(best.budgets, best.value / task.n_devices)


def digest(found: list[Any]) -> str:
    """Fingerprint of all bits of all results."""
    return hashlib.sha256(b"".join(result.tobytes() for result in found)).hexdigest()[:16]


def run(tasks: list[Task], opened: Open) -> tuple[list[Any], float]:
    """Results in the order of the tasks, and the seconds they took."""
    start = time.perf_counter()
    with opened() as executor, bar("sweep") as report:
        found = map_tasks(solve, tasks, executor, report)
    return found, time.perf_counter() - start


def ways(quick: bool) -> dict[str, Open]:
    """Where the sweep can run on this machine."""
    found: dict[str, Open] = {
        "here": nullcontext,
        "2 threads": partial(ThreadPoolExecutor, 2),
        "2 processes": partial(process_pool, 2),
    }
    if not quick and importlib.util.find_spec("distributed"):
        found["Dask, 2 local workers"] = partial(dask_executor, "local", 2)
    return found


def by_size(tasks: list[Task], found: list[Any]) -> dict[int, list[Any]]:
    """Results of all seeds by the number of devices."""
    sizes = sorted({task.n_devices for task in tasks})
    return {n: [r for r in found if len(r) == n + 1] for n in sizes}


def draw(groups: dict[int, list[Any]], *axes: Any) -> None:
    sizes = list(groups)
    for axis, pick in zip(axes, (slice(-1), -1), strict=True):
        picked = np.array([[np.mean(r[pick]) for r in group] for group in groups.values()])
        axis.plot(sizes, picked, "o", color=GREY, markersize=4)
        axis.plot([], [], "o", color=GREY, markersize=4, label="one system")
        axis.plot(sizes, picked.mean(axis=1), color=BLUE, label="mean")
        axis.set(xscale="log", xlabel="number of devices", xticks=sizes, xticklabels=sizes)
        axis.minorticks_off()
    axes[0].set_ylabel("mean best budget (offloads per slot)")
    axes[1].set_ylabel("V / N (discounted cost per device)")


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes, seeds = given.choose(((2, 4), 1), ((2, 5, 10, 20), 6), ((10, 20, 50, 100, 200), 15))
    tasks = [Task(n, seed) for n in sizes for seed in range(seeds)]
    outcomes = {k: run(tasks, opened) for k, opened in ways(given.profile == "quick").items()}
    digests = {name: digest(found) for name, (found, _) in outcomes.items()}
    first = digests["here"]
    rows: list[Row] = []
    for name, each in digests.items():
        rows.append((f"{len(tasks)} tasks, {name}, {outcomes[name][1]:.1f} s", first, each))
    for n, group in by_size(tasks, outcomes["here"][0]).items():
        cost = float(np.mean([result[-1] for result in group]))
        rows.append((f"cost per device, {n} devices", UNPUBLISHED, cost))
    table(rows)
    look_at("the fingerprints of all results are equal, whoever computed them in whatever order.")
    figure(given, partial(draw, by_size(tasks, outcomes["here"][0])), columns=2, size=(10.0, 4.0))
    assert set(digests.values()) == {first}


if __name__ == "__main__":
    main()
