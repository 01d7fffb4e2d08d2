"""Tables of results with an effect that is known, for the claims that rest on training runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from refimpl.dcc.experiments import local_solvers, references, runs
from refimpl.dcc.experiments.methods import N_SOLVES, VARIANTS
from refimpl.dcc.experiments.runs import Run
from refimpl.ledger import Arrays, Claim, Context

Make = Callable[[Run], dict[str, Any]]

NEVER, OPTIMUM, EQUILIBRIUM, USE = 50.0, 40.0, 80.0, 0.1
POINTS = {"dcc-published": 6, "mappo": 20, "a2c": 20}


def level(games: tuple[int, int]) -> np.ndarray:
    """Factor by which games are dearer than the first: they differ by up to a few percent."""
    return 1.0 + 0.01 * (np.arange(*games) % 5)


def curve_of(run: Run, make: Make) -> Arrays:
    """Curve of one run: flat at 1.2 times never offloading, changed by ``make(run)``.

    Values are numbers or (K,) paths, in units of never offloading for the costs.
    """
    n_points = POINTS.get(run.method, N_SOLVES)
    scale, games = level(run.games), run.games[1] - run.games[0]
    keys = {"cost": 1.2, "local": 1.0, "congestion": 0.2, "use": 0.1, "violation": 0.0}
    curve: Arrays = {
        "steps": np.linspace(0, N_SOLVES * run.steps, n_points + 1)[1:].astype(np.int64)
    }
    for key, value in (keys | make(run)).items():
        path = np.broadcast_to(np.asarray(value, dtype=float), (n_points,))[:, None]
        curve[key] = path * (NEVER * scale if key == "cost" else np.ones(games))
    if run.method in VARIANTS:
        curve["budget_path"] = np.full((n_points, games, run.n_devices), run.first)
    return curve


def reference_of(n_devices: int, games: tuple[int, int], beta: float) -> Arrays:
    """Exact references: never offloading at 50, the optimum at 40 with frequency 0.1 / beta."""
    scale = level(games)
    costs = {"never": NEVER, "optimum": OPTIMUM, "equilibrium": EQUILIBRIUM}
    uses = {"never": 0.0, "optimum": USE / beta, "equilibrium": 0.5}
    table = {
        f"{key}_{name}": cost * scale
        for key in ("cost", "predicted")
        for name, cost in costs.items()
    }
    table |= {f"use_{name}": np.full(len(scale), use) for name, use in uses.items()}
    return {**table, "budgets_optimum": np.full((len(scale), n_devices), USE / beta)}


def local_of(task: local_solvers.Solve, excess: float, use: float) -> Arrays:
    """One local solve that is ``excess`` dearer than the optimum and offloads so often."""
    optimum = 30.0 + task.device
    found = {
        "cost": (1.0 + excess) * optimum,
        "use": use,
        "multiplier": 2.0,
        "optimal_cost": optimum,
        "optimal_multiplier": 2.0,
        "never_cost": 1.5 * optimum,
    }
    return {name: np.asarray(value) for name, value in found.items()}


def planted(
    claim: Claim, make: Make, profile: str, local: tuple[float, float] = (0.01, 0.1)
) -> Context:
    """Context in which the claim's jobs have returned what was planted."""
    empty, data = Context(profile), {}
    makers = {
        runs.train: lambda run, _: curve_of(run, make),
        references.run: lambda n, games, beta, _: reference_of(n, games, beta),
        local_solvers.solve: lambda task, _: local_of(task, *local),
    }
    for job in claim.jobs(empty):
        data[job.name] = makers[job.function](*job.args)
    return Context(profile, data=data)


def of_methods(**values: Any) -> Make:
    """Values by method, ``dcc_published=...``: dicts, or functions of the run that make one."""

    def make(run: Run) -> dict[str, Any]:
        found = values.get(run.method.replace("-", "_"), {})
        return found(run) if callable(found) else found

    return make


ramp = partial(np.linspace, num=N_SOLVES)
