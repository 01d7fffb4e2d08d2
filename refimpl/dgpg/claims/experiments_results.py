"""Results that the empirical claims are checked on: measured ones, and doctored ones.

A check reads the arrays of runs, references and measurements from a :class:`Results`. The claim's
subject is what was measured; its negative control are results with a planted effect, on which the
very same check must come out the other way. Because an empirical claim may come out either way, the
planted effect is the opposite of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.experiments import references, training, variance
from refimpl.dgpg.experiments.references import Reference
from refimpl.dgpg.experiments.training import Run
from refimpl.dgpg.experiments.variance import Measurement
from refimpl.ledger import Arrays, Claim, Context, Control, Finding, Job, Kind, Verdict
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


class Results(Protocol):
    """Arrays by cell."""

    def arrays(self, cell: Cell, context: Context) -> Arrays:
        """Return what the cell's job returned."""


Check = Callable[[Results, Context], Finding]
Change = Callable[[Cell, Arrays, Context], Arrays]


@dataclass(frozen=True)
class Measured:
    """What the jobs returned."""

    def arrays(self, cell: Cell, context: Context) -> Arrays:
        """Return the arrays of one job."""
        return context.data[job_of(cell, context.seed).name]


@dataclass(frozen=True)
class Planted:
    """Measured results in which some cells are given the opposite of what was found.

    Parameters
    ----------
    check : callable
        Check of the claim; run once on the measured results to learn what was found.
    if_found, if_not : callable
        ``change(cell, arrays, context) -> arrays``, applied to every cell if the claim was found
        to hold, and if it was not.
    words : str
        What is planted, in words.
    """

    check: Check
    if_found: Change
    if_not: Change
    words: str = ""
    measured: Measured = field(default_factory=Measured)

    def arrays(self, cell: Cell, context: Context) -> Arrays:
        """Return the measured arrays with the planted effect."""
        found = self.check(self.measured, context).verdict is not Verdict.NOT_REPRODUCED
        change = self.if_found if found else self.if_not
        return change(cell, self.measured.arrays(cell, context), context)


def jobs_of(cells: Callable[[Context], Iterable[Cell]]) -> Callable[[Context], tuple[Job, ...]]:
    """Return the ``jobs`` of a claim that reads these cells."""

    def jobs(context: Context) -> tuple[Job, ...]:
        found = [job_of(cell, context.seed) for cell in cells(context)]
        return tuple({job.name: job for job in found}.values())

    return jobs


def empirical_claim(
    name: str,
    statement: str,
    covers: tuple[str, ...],
    planted: Planted,
    *,
    source: str,
    cells: Callable[[Context], Iterable[Cell]],
) -> Claim:
    """Return a claim on what the jobs of ``cells`` measured, with a planted control."""
    return Claim(
        f"dgpg/{name}",
        source,
        statement,
        covers,
        Kind.EMPIRICAL,
        planted.check,
        Measured(),
        Control(planted.words, planted),
        jobs_of(cells),
    )


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
    each = [results.arrays(run, context) for run in runs]
    chosen = [arrays[measured_on][best_row(arrays, chosen_on)] for arrays in each]
    return np.asarray(np.mean(chosen, axis=0))


def reference_reward(results: Results, cell: Reference, context: Context) -> Floats:
    """Return each test episode's reward."""
    return np.asarray(results.arrays(cell, context)["reward"])


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
