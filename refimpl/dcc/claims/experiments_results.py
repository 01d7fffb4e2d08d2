"""Tables of results that the empirical claims are checked on: measured ones, and doctored ones.

A check reads learning curves from a :class:`Results`. The claim's subject is what was measured; its
negative control is a table with a planted effect, on which the very same check must come out the
other way. Because an empirical claim may come out either way, the planted effect is the opposite of
what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.experiments import long_training, references, scaling
from refimpl.dcc.experiments.methods import CENTRAL, N_SOLVES
from refimpl.dcc.experiments.runs import Run, collect, job
from refimpl.dcc.experiments.scale import scale_of
from refimpl.ledger import Arrays, Context, Finding, Job, Verdict
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


class Results(Protocol):
    """A table of learning curves."""

    def curve(self, cell: Cell, context: Context) -> Arrays:
        """Curve of one cell, (K, E) per key; see :func:`refimpl.dcc.train.record.add_point`."""


Check = Callable[[Results, Context], Finding]
Change = Callable[[Cell, Arrays, Context], Arrays]


@dataclass(frozen=True)
class Measured:
    """What the jobs returned."""

    def curve(self, cell: Cell, context: Context) -> Arrays:
        """Join the curves of the cell's jobs."""
        return collect(context.data, cell.jobs(context))


@dataclass(frozen=True)
class Planted:
    """Measured results in which one method is given the opposite of what was found.

    Parameters
    ----------
    check : callable
        Check of the claim; run once on the measured results to learn what was found.
    if_found, if_not : callable
        ``change(cell, curve, context) -> curve``, applied to every curve if the claim was found to
        hold, and if it was not.
    """

    check: Check
    if_found: Change
    if_not: Change
    measured: Measured = field(default_factory=Measured)

    def curve(self, cell: Cell, context: Context) -> Arrays:
        """Measured curve with the planted effect."""
        found = self.check(self.measured, context).verdict is not Verdict.NOT_REPRODUCED
        change = self.if_found if found else self.if_not
        return change(cell, self.measured.curve(cell, context), context)


def costs_of_rival(method: str, rival: str, factor: float) -> Change:
    """Give ``method`` the rival's costs times ``factor``, at every size."""

    def change(cell: Cell, curve: Arrays, context: Context) -> Arrays:
        if cell.method != method:
            return curve
        other = Measured().curve(replace(cell, method=rival, first=0.0), context)
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


def jobs_of(cells: Callable[[Context], Iterable[Cell]]) -> Callable[[Context], tuple[Job, ...]]:
    """``jobs`` of a claim that reads these cells, and the exact references at their sizes."""

    def jobs(context: Context) -> tuple[Job, ...]:
        wanted = tuple(cells(context))
        found = [each for cell in wanted for each in cell.jobs(context)]
        keys = dict.fromkeys((cell.n_devices, cell.beta) for cell in wanted)
        found += [reference_job(n, beta, context) for n, beta in keys]
        return tuple({each.name: each for each in found}.values())

    return jobs


def reference_job(n_devices: int, beta: float, context: Context) -> Job:
    """Job of the exact references on the games of the profile."""
    return references.job(n_devices, scale_of(context).games, beta, context.seed)


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
