"""Cells of the empirical claims, what is read from them, and what controls change in them.

A cell's value are drops per queue in the setting's time, (repetitions, episodes).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.ledger import Arrays, Context, Job
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import scale_of
from refimpl.meanfield.experiments.settings import Setting
from refimpl.shared.statistics import Interval, mean_interval, paired_difference

Floats = NDArray[np.float64]


Results = planted.Results[Cell, Floats]
Change = planted.Change[Cell, Floats]


def jobs(cell: Cell, context: Context) -> tuple[Job, ...]:
    """Jobs behind a cell."""
    return cell.jobs(scale_of(context), context.seed)


def arrays_of(cell: Cell, context: Context) -> list[Arrays]:
    """Results of the jobs behind a cell."""
    return [context.data[job.name] for job in jobs(cell, context)]


def measured(cell: Cell, context: Context) -> Floats:
    """Read the drops; one row per repetition of training, one for a policy not learned."""
    return np.stack([arrays[cell.key] for arrays in arrays_of(cell, context)])


EXPERIMENTS: planted.Experiments[Cell, Floats] = planted.Experiments("meanfield", jobs, measured)
empirical_claim = EXPERIMENTS.claim


def scaled(policies: Iterable[str], factor: float) -> Change:
    """Multiply the drops of some policies by ``factor``."""
    chosen = frozenset(policies)

    def change(cell: Cell, drops: Floats, context: Context) -> Floats:
        del context
        return drops * factor if cell.policy in chosen else drops

    return change


def typical(drops: Floats) -> Floats:
    """Average the drops of each episode over the repetitions of training; (episodes,)."""
    return np.asarray(drops.mean(axis=0))


def gap(results: Results, first: Cell, second: Cell, context: Context) -> Interval:
    """Paired 95% interval of ``first - second``; negative where the first drops less."""
    return paired_difference(typical(results(first, context)), typical(results(second, context)))


def level(results: Results, cell: Cell, context: Context) -> Interval:
    """95% interval of the mean drops."""
    return mean_interval(typical(results(cell, context)))


def better_shortest_queue(results: Results, setting: Setting, context: Context) -> Cell:
    """JSQ under the tie rule that drops less on this system."""
    cells = [Cell(name, setting) for name in ("JSQ", "JSQ-split")]
    return min(cells, key=lambda cell: float(results(cell, context).mean()))


def effort(context: Context) -> dict[str, float]:
    """How much was computed, as evidence beside every empirical number."""
    return {"episodes": float(scale_of(context).episodes)}
