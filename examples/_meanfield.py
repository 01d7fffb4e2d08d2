"""What the learning examples of the mean-field paper share: jobs of policies on systems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from _runs import results
from _show import Options
from numpy.typing import NDArray

from refimpl.ledger import Arrays
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import FULL, QUICK, Scale
from refimpl.shared.statistics import mean_interval, paired_difference

Floats = NDArray[np.float64]
SEED = 0


@dataclass(frozen=True)
class Found:
    """Results of the jobs behind some entries."""

    size: Scale
    by_job: dict[str, Arrays]

    def arrays(self, entry: Cell) -> list[Arrays]:
        """Return what the jobs of an entry returned."""
        return [self.by_job[job.name] for job in entry.jobs(self.size, SEED)]

    def drops(self, entry: Cell) -> Floats:
        """Return drops per queue in the setting's time, (episodes,), mean over repetitions."""
        return np.asarray(np.mean([each[entry.key] for each in self.arrays(entry)], axis=0))

    def mean(self, entry: Cell) -> float:
        """Mean drops."""
        return float(self.drops(entry).mean())

    def error(self, entry: Cell) -> float:
        """Half width of the 95% interval of the mean drops."""
        return mean_interval(self.drops(entry)).half_width

    def words(self, entry: Cell, against: Cell | None = None) -> str:
        """Mean drops with their 95% interval; in brackets the paired difference to ``against``."""
        text = f"{self.mean(entry):.3f} +- {self.error(entry):.3f}"
        if against is None:
            return text
        gap = paired_difference(self.drops(entry), self.drops(against))
        return f"{text} ({gap.mean:+.3f} +- {gap.half_width:.3f})"


def scale(given: Options, **fields: Any) -> Scale:
    """Size of the experiments: the paper's with ``--full``, else small but for ``fields``.

    ``iterations`` are merged into the small ones.
    """
    if given.profile == "full":
        return FULL
    batches = {**QUICK.iterations, **fields.pop("iterations", {})}
    return Scale(**{**vars(QUICK), "iterations": batches, **fields})


def measure(given: Options, size: Scale, entries: Iterable[Cell]) -> Found:
    """Run the jobs of all entries."""
    return Found(size, results(given, (job for entry in entries for job in entry.jobs(size, SEED))))
