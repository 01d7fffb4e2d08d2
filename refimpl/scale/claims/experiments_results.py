"""How the empirical claims read results, and effects to plant into them.

A cell is a training run or a scheduler that needs no training; its value is what its job returned.
Intervals are over training runs, because that is what the claims are about: every run is one
number, its mean over the test episodes, and runs of equal number, which start from the same weights
and the same random streams, are compared in pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.ledger import Arrays, Context, Job
from refimpl.planted import Planted
from refimpl.scale.experiments import references, runs
from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.experiments.references import Reference
from refimpl.scale.experiments.runs import Run
from refimpl.shared.statistics import Interval, mean_interval, paired_difference

Floats = NDArray[np.float64]
Cell = Run | Reference
Results = planted.Results[Cell, Arrays]
Change = planted.Change[Cell, Arrays]
Check = planted.Check[Cell, Arrays]
Which = Callable[[str], bool]
Plan = Planted[Cell, Arrays]


@singledispatch
def job_of(cell: object, seed: int) -> Job:
    """Return the job that holds a cell's arrays."""
    raise TypeError(f"cell must be a Run or a Reference; got {cell!r}, seed {seed}")


job_of.register(Run, runs.job)
job_of.register(Reference, references.job)
EXPERIMENTS = planted.one_job_each("scale", job_of)
claim = EXPERIMENTS.claim


def key(trial: Trial, metric: str) -> str:
    """Return where a run keeps a metric of a test."""
    return f"{trial.name}: {metric}"


def per_run(
    results: Results, cells: Iterable[Run], context: Context, trial: Trial, metric: str
) -> Floats:
    """Return every run's mean over the episodes, (runs,).

    An episode without a completed task has no response time and is left out of the mean of them;
    if there is no other, the mean is the length of the episodes.
    """
    arrays = [results(cell, context) for cell in cells]
    return np.array([_mean(each[key(trial, metric)], each[key(trial, "end")]) for each in arrays])


def _mean(x: Floats, otherwise: Floats) -> float:
    return float(otherwise.mean() if np.isnan(x).all() else np.nanmean(x))


def of_reference(results: Results, cell: Reference, context: Context, metric: str) -> float:
    """Return a scheduler's mean over the episodes."""
    return float(np.nanmean(results(cell, context)[metric]))


def difference(first: Floats, second: Floats) -> Interval:
    """Return the paired 95% interval of ``first - second`` over training runs."""
    return paired_difference(first, second)


def relative(first: Floats, second: Floats) -> Interval:
    """Return the interval of ``first / second - 1`` over pairs of training runs."""
    return mean_interval(first / second - 1)


def final(results: Results, cells: Iterable[Run], context: Context, column: str) -> Floats:
    """Return the mean of a column of the curves over the last tenth of the epochs, (runs,)."""
    curves = [results(cell, context)[f"curve/{column}"] for cell in cells]
    return np.array([float(np.nanmean(curve[-max(len(curve) // 10, 1) :])) for curve in curves])


def is_method(*names: str) -> Callable[[Cell], bool]:
    """Return whether a cell is a run of one of these methods."""
    return lambda cell: isinstance(cell, Run) and cell.method in names


def is_reference(*names: str) -> Callable[[Cell], bool]:
    """Return whether a cell is one of these schedulers that need no training."""
    return lambda cell: isinstance(cell, Reference) and cell.policy in names


def metric(*names: str) -> Which:
    """Return whether a key is that of one of these metrics, of any test, or a column."""
    return lambda name: name.split(": ")[-1] in names


def at_sizes(sizes: Sequence[int], which: Which) -> Which:
    """Return whether a key is that of a test on clusters of these sizes."""
    return lambda name: which(name) and any(name.startswith(f"n{n}/") for n in sizes)


def times(factor: float, cells: Callable[[Cell], bool], which: Which) -> Change:
    """Return a change that multiplies some arrays of some cells."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not cells(cell):
            return arrays
        return {name: factor * x if which(name) else x for name, x in arrays.items()}

    return change


def replaced(value: float, cells: Callable[[Cell], bool], which: Which) -> Change:
    """Return a change that makes some arrays of some cells constant, but for a little noise.

    The noise is one in a thousand and different in every run, so that intervals exist.
    """

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not cells(cell):
            return arrays
        own = value * (1 + 1e-3 * (cell.repetition if isinstance(cell, Run) else 0))
        return {name: np.full_like(x, own) if which(name) else x for name, x in arrays.items()}

    return change


def both(first: Change, second: Change) -> Change:
    """Return one change after the other."""
    return lambda cell, arrays, context: second(cell, first(cell, arrays, context), context)
