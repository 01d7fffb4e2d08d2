"""Cells of the empirical claims, and effects that negative controls plant into them.

A cell is a learning curve: a dict of arrays, (K, E) per key; see
:func:`refimpl.dcc.train.record.add_point`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.dcc.experiments import long_training, references, scaling
from refimpl.dcc.experiments.methods import CENTRAL, N_SOLVES
from refimpl.dcc.experiments.runs import Run, collect, job
from refimpl.dcc.experiments.scale import scale_of
from refimpl.ledger import Arrays, Context, Job
from refimpl.shared.statistics import Interval, paired_difference

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One curve of the table: a method at a size, an exponent and a first budget.

    ``long`` is the longer run of MAPPO at the smallest size.
    """

    method: str
    n_devices: int
    beta: float = 1.0
    first: float = 0.0
    long: bool = False

    def jobs(self, context: Context) -> tuple[Job, ...]:
        """Jobs whose curves, joined, are this one."""
        scale = scale_of(context)
        if self.long:
            return long_training.jobs(scale, context.seed)
        if self.method in CENTRAL:
            return scaling.jobs(self.method, self.n_devices, scale, context.seed)
        run = Run(self.method, self.n_devices, scale.games, scale.steps, self.beta, self.first)
        return (job(run, context.seed),)


Results = planted.Results[Cell, Arrays]
Check = planted.Check[Cell, Arrays]
Change = planted.Change[Cell, Arrays]


def measured(cell: Cell, context: Context) -> Arrays:
    """Join the curves of the cell's jobs."""
    return collect(context.data, cell.jobs(context))


def costs_of_rival(method: str, rival: str, factor: float) -> Change:
    """Give ``method`` the rival's costs times ``factor``, at every size."""

    def change(cell: Cell, curve: Arrays, context: Context) -> Arrays:
        if cell.method != method:
            return curve
        other = measured(replace(cell, method=rival, first=0.0), context)
        n_points, n_games = curve["cost"].shape
        final = np.resize(other["cost"][-1], n_games)
        return {**curve, "cost": np.tile(factor * final, (n_points, 1))}

    return change


def costs_of_reference(method: str, name: str, factor: float) -> Change:
    """Give ``method`` the exact costs of a reference policy times ``factor``, at every size."""

    def change(cell: Cell, curve: Arrays, context: Context) -> Arrays:
        if cell.method != method:
            return curve
        exact = reference(name, cell.n_devices, context, cell.beta)[: curve["cost"].shape[1]]
        return {**curve, "cost": np.tile(factor * exact, (len(curve["cost"]), 1))}

    return change


def column(key: str, methods: tuple[str, ...], values: Callable[[Floats, Cell], Floats]) -> Change:
    """Replace one key of some methods' curves by ``values(measured, cell)``."""

    def change(cell: Cell, curve: Arrays, context: Context) -> Arrays:
        del context
        return {**curve, key: values(curve[key], cell)} if cell.method in methods else curve

    return change


def reference_job(n_devices: int, beta: float, context: Context) -> Job:
    """Job of the exact references on the games of the profile."""
    return references.job(n_devices, scale_of(context).games, beta, context.seed)


def jobs(cell: Cell, context: Context) -> tuple[Job, ...]:
    """Jobs of a cell, and of the exact references at its size."""
    return (*cell.jobs(context), reference_job(cell.n_devices, cell.beta, context))


EXPERIMENTS: planted.Experiments[Cell, Arrays] = planted.Experiments("dcc", jobs, measured)
empirical_claim = EXPERIMENTS.claim


def reference(name: str, n_devices: int, context: Context, beta: float = 1.0) -> Floats:
    """Exact true joint cost per agent of a reference policy in every game, (E,)."""
    return reference_data(n_devices, context, beta)[f"cost_{name}"]


def reference_data(n_devices: int, context: Context, beta: float = 1.0) -> Arrays:
    """All that is known exactly of the games of one size; see ``experiments.references``."""
    return context.data[reference_job(n_devices, beta, context).name]


def difference(first: Floats, second: Floats) -> Interval:
    """Paired 95% interval of the mean of ``first - second`` over the games both were run on."""
    n = min(len(first), len(second))
    return paired_difference(first[:n], second[:n])


def budget(context: Context) -> dict[str, float]:
    """How much was learned, as evidence beside every empirical number."""
    scale = scale_of(context)
    return {
        "learning_steps_per_agent": float(N_SOLVES * scale.steps),
        "games": float(scale.n_games),
    }
