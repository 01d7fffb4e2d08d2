"""Cells that the empirical claims read, what is read from them, and what controls change in them.

A cell's value are the arrays of its job: a run, a reference or a measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.dgpg.experiments import references, training, variance
from refimpl.dgpg.experiments.references import Reference
from refimpl.dgpg.experiments.training import Run
from refimpl.dgpg.experiments.variance import Measurement
from refimpl.ledger import Arrays, Context, Job
from refimpl.shared.statistics import Interval, mean_interval, paired_difference

Floats = NDArray[np.float64]
Cell = Run | Reference | Measurement


@singledispatch
def job_of(cell: object, seed: int) -> Job:
    """Return the job that holds a cell's arrays."""
    raise TypeError(f"cell must be a Run, a Reference or a Measurement; got {cell!r}, seed {seed}")


job_of.register(Run, training.job)
job_of.register(Reference, references.job)
job_of.register(Measurement, variance.job)


Results = planted.Results[Cell, Arrays]
Change = planted.Change[Cell, Arrays]
EXPERIMENTS: planted.Experiments[Cell, Arrays] = planted.one_job_each("dgpg", job_of)
empirical_claim = EXPERIMENTS.claim


def evaluated(arrays: Arrays) -> NDArray[np.int64]:
    """Return the rows of a curve that belong to evaluated checkpoints."""
    return np.flatnonzero(~np.isnan(arrays["test sampled"]).any(axis=1))


def best_row(arrays: Arrays, chosen_on: str = "test sampled") -> int:
    """Return the checkpoint with the highest mean reward on some episodes [DG-PG App. I.1].

    Parameters
    ----------
    arrays : dict
        Of a run.
    chosen_on : str
        ``"test sampled"`` is the paper's way; ``"validation sampled"`` never looks at the test.
    """
    rows = evaluated(arrays)
    return int(rows[arrays[chosen_on][rows].mean(axis=1).argmax()])


def best_reward(
    results: Results,
    runs: Iterable[Run],
    context: Context,
    chosen_on: str = "test sampled",
    measured_on: str = "test sampled",
) -> Floats:
    """Return each test episode's reward at the chosen checkpoint, averaged over the runs."""
    each = [results(run, context) for run in runs]
    chosen = [arrays[measured_on][best_row(arrays, chosen_on)] for arrays in each]
    return np.asarray(np.mean(chosen, axis=0))


def reference_reward(results: Results, cell: Reference, context: Context) -> Floats:
    """Return each test episode's reward."""
    return np.asarray(results(cell, context)["reward"])


def ahead(first: Floats, second: Floats) -> Interval:
    """Return the paired 95% interval of ``first - second``; positive where the first is better."""
    return paired_difference(first, second)


def level(rewards: Floats) -> Interval:
    """Return the 95% interval of the mean reward."""
    return mean_interval(rewards)


def shortfall(reward: Floats, reference: Floats) -> float:
    """Return how far a mean reward is below another, relative to the latter's size."""
    return float((reference.mean() - reward.mean()) / abs(reference.mean()))


REWARDS = ("reward", "test sampled", "test greedy", "validation sampled")


def with_rewards(arrays: Arrays, change: Callable[[Floats], Floats]) -> Arrays:
    """Return the arrays with all rewards changed."""
    return {k: change(v) if k in REWARDS else v for k, v in arrays.items()}


def rewards_times(factor: float, which: Callable[[Cell], bool]) -> Change:
    """Return a change that multiplies the rewards, which are negative, of some cells."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        return with_rewards(arrays, lambda x: factor * x) if which(cell) else arrays

    return change


def is_method(*names: str) -> Callable[[Cell], bool]:
    """Return whether a cell is a run of one of these methods."""
    return lambda cell: isinstance(cell, Run) and cell.method in names


def is_reference(*names: str) -> Callable[[Cell], bool]:
    """Return whether a cell is one of these policies that need no training."""
    return lambda cell: isinstance(cell, Reference) and cell.policy in names
