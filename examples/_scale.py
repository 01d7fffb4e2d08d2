"""What the learning examples of the SCALE paper share: how much is run, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from _runs import results
from _show import Options
from numpy.typing import NDArray

from refimpl.ledger import Arrays, Context
from refimpl.scale.claims.experiments_results import Cell, job_of, per_run
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import FULL, QUICK, Scale
from refimpl.scale.experiments.systems import System
from refimpl.shared.statistics import mean_interval, paired_difference

Floats = NDArray[np.float64]
CONTEXT = Context()


@dataclass(frozen=True)
class Found:
    """Results of the jobs behind some cells; the ``Results`` that the claims are checked on."""

    size: Scale
    by_job: dict[str, Arrays]

    def arrays(self, cell: Cell, context: Context = CONTEXT) -> Arrays:
        """Return what the job of a cell returned."""
        return self.by_job[job_of(cell, context.seed).name]

    def trained(self, runs: Iterable[Run], what: str, trial: Trial) -> Floats:
        """Every run's mean of a metric over the test episodes, (runs,)."""
        return per_run(self.arrays, runs, CONTEXT, trial, what)

    def reference(self, policy: str, system: System, what: str, *, drained: bool = False) -> float:
        """Mean over the test episodes, by a policy that needs no training."""
        cell = cells.reference(self.size, policy, system, drained=drained)
        return float(np.nanmean(self.arrays(cell)[what]))

    def curve(self, runs: Sequence[Run], what: str = "return", parts: int = 20) -> Floats:
        """Quantity in so many parts of the training, epochs (parts,) and means over the runs."""
        curves = np.array([self.arrays(run)[f"curve/{what}"] for run in runs])
        pieces = np.array_split(curves, min(parts, curves.shape[1]), axis=1)
        ends = np.cumsum([piece.shape[1] for piece in pieces])
        means = [np.nanmean(x) if np.isfinite(x).any() else np.nan for x in pieces]
        return np.array([ends, means], float)


def scale(given: Options, **fields: Any) -> Scale:
    """Size of the experiments: the ledger's with ``--full``, else small but for ``fields``."""
    return FULL if given.profile == "full" else replace(QUICK, **fields)


def runs(given: Options, size: Scale, name: str, battery: str) -> tuple[Run, ...]:
    """Return the runs of a method or variant: the ledger's with ``--full``, else fewer tests."""
    if given.profile == "full":
        return cells.method(size, name) if name in cells.METHODS else cells.ablation(size, name)
    lengths = {**dict.fromkeys(cells.ARMS, size.arms), **size.baselines}
    return cells.runs(size, name, lengths.get(name, size.ablations), battery)


def measure(given: Options, size: Scale, wanted: Iterable[Cell]) -> Found:
    """Run the jobs of all cells."""
    return Found(size, results(given, (job_of(cell, CONTEXT.seed) for cell in wanted)))


def words(values: Floats, against: Floats | None = None) -> str:
    """Mean over runs with its 95% interval; in brackets the paired difference to ``against``.

    A single run has no interval.
    """
    if len(values) < 2:
        gap = "" if against is None else f" ({values.mean() - against.mean():+.3g})"
        return f"{values.mean():.3g}{gap}"
    text = f"{values.mean():.3g} +- {mean_interval(values).half_width:.2g}"
    if against is None:
        return text
    apart = paired_difference(values, against)
    return f"{text} ({apart.mean:+.3g} +- {apart.half_width:.2g})"
