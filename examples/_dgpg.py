"""What the learning examples of the DG-PG paper share: how much is run, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from _runs import results
from _show import Options
from numpy.typing import NDArray

from refimpl.dgpg.claims.experiments_results import Cell, best_reward, evaluated, job_of
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.convergence import convergence_episode, convergence_on_checkpoints
from refimpl.dgpg.experiments.scale import PAPER, QUICK, Scale
from refimpl.dgpg.experiments.training import Run
from refimpl.ledger import Arrays, Context
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

    def reference(self, n_servers: int, policy: str, what: str = "reward") -> Floats:
        """Mean per step of each test episode, by a policy that needs no training."""
        return np.asarray(self.arrays(cells.reference(self.size, n_servers, policy))[what])

    def best(
        self, runs: Iterable[Run], chosen_on: str = "test sampled", shown: str = "test sampled"
    ) -> Floats:
        """Mean reward per step of each test episode, at the checkpoint best on ``chosen_on``."""
        return best_reward(self.arrays, runs, CONTEXT, chosen_on, shown)

    def curve(self, runs: Iterable[Run], key: str = "reward") -> Floats:
        """Mean over the runs of a quantity by training episode."""
        return np.asarray(np.mean([self.arrays(run)[key] for run in runs], axis=0))

    def checkpoints(
        self, runs: tuple[Run, ...], key: str = "test sampled"
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the evaluated training episodes, and the mean reward on held-out ones."""
        rows = evaluated(self.arrays(runs[0]))
        return rows + 1, self.curve(runs, key)[rows].mean(axis=1)

    def convergence(self, runs: Iterable[Run]) -> tuple[float, float]:
        """Mean convergence episode: by the paper's criterion, and on validation episodes."""
        curves = [self.arrays(run) for run in runs]
        paper = [convergence_episode(curve["reward"]) for curve in curves]
        fixed = [convergence_on_checkpoints(curve["validation sampled"]) for curve in curves]
        return float(np.mean(paper)), float(np.mean(fixed))

    def seconds(self, runs: tuple[Run, ...]) -> float:
        """Mean time of a training episode, without the tests between episodes."""
        return float((self.curve(runs, "collecting") + self.curve(runs, "updating")).mean())


def scale(given: Options, **fields: Any) -> Scale:
    """Size of the experiments: the paper's with ``--full``, else small but for ``fields``."""
    return PAPER if given.profile == "full" else replace(QUICK, **fields)


def measure(given: Options, size: Scale, wanted: Iterable[Cell]) -> Found:
    """Run the jobs of all cells."""
    return Found(size, results(given, (job_of(cell, CONTEXT.seed) for cell in wanted)))


def words(rewards: Floats, against: Floats | None = None) -> str:
    """Mean with its 95% interval; in brackets the paired difference to ``against``."""
    mean = mean_interval(rewards)
    text = f"{mean.mean:.3g} +- {mean.half_width:.2g}"
    if against is None:
        return text
    gap = paired_difference(rewards, against)
    return f"{text} ({gap.mean:+.3g} +- {gap.half_width:.2g})"
