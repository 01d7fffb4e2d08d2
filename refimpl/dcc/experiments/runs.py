"""One run of one method on a block of games: the unit of work of every experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from refimpl.dcc.experiments.methods import METHODS, VARIANTS, coordinated
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.train.population import Population, draw_population
from refimpl.ledger import Arrays, Job

PATHS = ("budget_path", "multiplier_path", "own_path", "coupling_path")
KEPT = ("steps", "cost", "local", "congestion", "use", "violation", *PATHS)


@dataclass(frozen=True)
class Run:
    """What one run depends on, apart from the seed.

    Parameters
    ----------
    method : str
        Key of :data:`refimpl.dcc.experiments.methods.METHODS`.
    n_devices : int
        Devices per game.
    games : pair of int
        First game and the one after the last.
    steps : int
        Learning steps per constrained solve; every method gets 16 times as many.
    beta : float
        Exponent of the congestion penalty.
    first : float
        First budget of every device; only for the variants of coordination.

    Raises
    ------
    ValueError
        If there is no such method, no game or no device, ``first`` is no frequency, or a method
        without budgets is given first ones.
    """

    method: str
    n_devices: int
    games: tuple[int, int]
    steps: int
    beta: float = 1.0
    first: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {sorted(METHODS)}; got {self.method!r}")
        if self.n_devices < 1 or self.games[0] < 0 or self.games[1] <= self.games[0]:
            raise ValueError(
                "n_devices and the number of games must be positive, games not negative; got "
                f"n_devices {self.n_devices}, games {self.games}"
            )
        if not 0.0 <= self.first <= 1.0:
            raise ValueError(f"first must be a frequency in [0, 1]; got {self.first}")
        if self.first and self.method not in VARIANTS:
            raise ValueError(
                f"first must be 0 for a method without budgets; "
                f"got {self.first} for {self.method!r}"
            )

    def population(self, seed: int) -> Population:
        """Return the games of the run; all methods and exponents play the same ones."""
        congestion = power_law(beta=self.beta)
        return draw_population(seed, self.n_devices, range(*self.games), congestion)


def train(run: Run, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Learning curve of one run; see :func:`refimpl.dcc.train.record.add_point`."""
    method = METHODS[run.method]
    if run.first:
        method = partial(coordinated, name=run.method, first=run.first)
    result = method(run.population(seed), run.steps, seed, checkpoint)
    return {key: result[key] for key in KEPT if key in result}


def job(run: Run, seed: int) -> Job:
    """:func:`train` as a resumable job."""
    name = (
        f"dcc/{run.method}/n{run.n_devices}/games{run.games[0]}-{run.games[1]}"
        f"/beta{run.beta!r}/first{run.first!r}/steps{run.steps}/seed{seed}"
    )
    return Job(name, train, (run, seed))


def collect(data: Mapping[str, Arrays], jobs: tuple[Job, ...]) -> Arrays:
    """Join the learning curves of several jobs of one method, one column per game."""
    curves = [data[job.name] for job in jobs]
    joined = {
        key: np.concatenate([curve[key] for curve in curves], axis=1)
        for key in curves[0]
        if key != "steps"
    }
    return {"steps": curves[0]["steps"], **joined}
