"""Tables of results that the empirical claims are checked on: measured ones, and doctored ones.

A check reads drops per queue from a :class:`Results`. The claim's subject is what was measured; its
negative control is a table with a planted effect, on which the very same check must come out the
other way. Because an empirical claim may come out either way, the planted effect is the opposite of
what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from refimpl.ledger import Arrays, Context, Finding, Job, Verdict
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import scale_of
from refimpl.meanfield.experiments.settings import Setting
from refimpl.shared.statistics import Interval, mean_interval, paired_difference

Floats = NDArray[np.float64]


class Results(Protocol):
    """A table of drops."""

    def drops(self, cell: Cell, context: Context) -> Floats:
        """Return drops per queue in the setting's time, (repetitions, episodes)."""


Check = Callable[[Results, Context], Finding]
Change = Callable[[Cell, Floats, Context], Floats]


@dataclass(frozen=True)
class Measured:
    """What the jobs returned."""

    def drops(self, cell: Cell, context: Context) -> Floats:
        """Rows are repetitions of training; one row for a policy that is not learned."""
        return np.stack([arrays[cell.key] for arrays in arrays_of(cell, context)])


@dataclass(frozen=True)
class Planted:
    """Measured results in which some policies are given the opposite of what was found.

    Parameters
    ----------
    check : callable
        Check of the claim; run once on the measured results to learn what was found.
    if_found, if_not : callable
        ``change(cell, drops, context) -> drops``, applied to every entry if the claim was found to
        hold, and if it was not.
    """

    check: Check
    if_found: Change
    if_not: Change
    measured: Measured = field(default_factory=Measured)

    def drops(self, cell: Cell, context: Context) -> Floats:
        """Measured drops with the planted effect."""
        found = self.check(self.measured, context).verdict is not Verdict.NOT_REPRODUCED
        change = self.if_found if found else self.if_not
        return change(cell, self.measured.drops(cell, context), context)


def scaled(policies: Iterable[str], factor: float) -> Change:
    """Multiply the drops of some policies by ``factor``."""
    chosen = frozenset(policies)

    def change(cell: Cell, drops: Floats, context: Context) -> Floats:
        del context
        return drops * factor if cell.policy in chosen else drops

    return change


def arrays_of(cell: Cell, context: Context) -> list[Arrays]:
    """Results of the jobs behind an entry."""
    return [context.data[job.name] for job in cell.jobs(scale_of(context), context.seed)]


def jobs_of(cells: Callable[[Context], Iterable[Cell]]) -> Callable[[Context], tuple[Job, ...]]:
    """``jobs`` of a claim that reads these cells."""

    def jobs(context: Context) -> tuple[Job, ...]:
        scale = scale_of(context)
        found = [job for cell in cells(context) for job in cell.jobs(scale, context.seed)]
        return tuple({job.name: job for job in found}.values())

    return jobs


def typical(drops: Floats) -> Floats:
    """Average the drops of each episode over the repetitions of training; (episodes,)."""
    return np.asarray(drops.mean(axis=0))


def gap(results: Results, first: Cell, second: Cell, context: Context) -> Interval:
    """Paired 95% interval of ``first - second``; negative where the first drops less."""
    return paired_difference(
        typical(results.drops(first, context)), typical(results.drops(second, context))
    )


def level(results: Results, cell: Cell, context: Context) -> Interval:
    """95% interval of the mean drops."""
    return mean_interval(typical(results.drops(cell, context)))


def better_shortest_queue(results: Results, setting: Setting, context: Context) -> Cell:
    """JSQ under the tie rule that drops less on this system."""
    cells = [Cell(name, setting) for name in ("JSQ", "JSQ-split")]
    return min(cells, key=lambda cell: float(results.drops(cell, context).mean()))


def effort(context: Context) -> dict[str, float]:
    """How much was computed, as evidence beside every empirical number."""
    return {"episodes": float(scale_of(context).episodes)}
