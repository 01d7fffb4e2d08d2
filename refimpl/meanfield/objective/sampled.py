"""Unbiased, low-variance gradient of expected drops from simulated episodes of any graph.

With rates r_i and drops given the states d_i, the gradient is the expectation of

    sum_{t,i} ( d_i'(z_i) / N + d log P(z_i' | z_i, r_i)/dr * credit_i ) dr_i/dtable .

What makes it precise, each step an identity in expectation:

* drops enter by their conditional expectation, whose slope is known (no counted drops, no score of
  the count), and only transitions carry scores;
* the credit of a transition holds the drops in its light cone only;
* from those the mean of the same node and epoch in *other* episodes with the same levels is
  subtracted: common noise cancels;
* the part of the credit that the next state explains, ``v(z')``, is taken out of the sampled
  product and put back as its exact expectation ``sum_z' dP(z')/dr v(z')``. Each half of the level
  paths uses a v fitted on the other half, which is independent of what it is applied to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_count, check_shape
from refimpl.meanfield.model.arrivals import check_probabilities, sample_levels
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.objective.credit import light_cone_credit
from refimpl.meanfield.objective.episodes import Episodes, run_episodes
from refimpl.meanfield.objective.exact import offload_shares_vjp
from refimpl.meanfield.objective.observations import Observation
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Credit = Callable[[Graph, Floats], Floats]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Value and gradient with standard errors from the spread over level paths.

    Attributes
    ----------
    value, value_error : float
        Drops per queue, and standard error.
    gradient, gradient_error : (M,) float
        By the table's entries, and standard errors.
    by_path : (P, M) float
        Gradient of each level path: independent, with mean ``gradient``.
    """

    value: float
    value_error: float
    gradient: Floats
    gradient_error: Floats
    by_path: Floats


@dataclass(frozen=True)
class SampledObjective:
    """Drops per queue over ``epochs`` epochs, estimated with common random numbers.

    The same seed means the same arrival levels and uniform numbers for every table, so differences
    between tables are far more precise than the values. Memory: about 200 bytes per queue and
    epoch.

    Attributes
    ----------
    system, epochs, observation
        As for :class:`~refimpl.meanfield.objective.exact.ExactObjective`, of any size.
    paths : int
        Independent paths of the arrival level, an even number >= 4.
    copies : int
        Episodes per path, >= 2.
    seed : int
        Seed of levels and queues.
    lags : int, optional
        Credit reaches this many epochs ahead; if omitted to the end, and the gradient is unbiased
        (for rates that are positive: at rate 0 an arrival has no score).
    """

    system: System
    epochs: int
    observation: Observation
    paths: int = 32
    copies: int = 8
    seed: int = 0
    lags: int | None = None

    def __post_init__(self) -> None:
        check_count("epochs", self.epochs)
        if self.lags is not None:
            check_count("lags", self.lags)
        for name, least in (("paths", 4), ("copies", 2)):
            check_count(name, getattr(self, name))
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}; got {getattr(self, name)}")
        if self.paths % 2:
            raise ValueError(f"paths must be even, for two halves; got {self.paths}")

    def episodes(self, table: ArrayLike) -> Episodes:
        """Simulate; the copies of a path are next to each other.

        Raises
        ------
        ValueError
            If the table has a wrong length or an entry is not a probability.
        """
        entries = check_probabilities("table", table)
        check_shape("table", entries, (self.observation.size(self.system),))
        rng = generator(self.seed, "meanfield", "sampled-objective", "levels")
        levels = sample_levels(self.system.modulation, self.epochs, self.paths, rng)
        rng = generator(self.seed, "meanfield", "sampled-objective", "queues")
        repeated = np.repeat(levels, self.copies, axis=1)
        return run_episodes(self.system, self.observation, entries, repeated, rng)

    def estimate(self, table: ArrayLike) -> Estimate:
        """Value and gradient at a table, and how precise they are."""
        ran = self.episodes(table)
        by_rate = controlled_rate_gradient(self.system, ran, self.copies, self.lags)
        return self.summary(ran, by_rate)

    def value_and_gradient(self, table: ArrayLike) -> tuple[float, Floats]:
        """Return estimates of both, as the exact objective does."""
        found = self.estimate(table)
        return found.value, found.gradient

    def summary(self, ran: Episodes, by_rate: Floats) -> Estimate:
        """Estimate from derivatives by the arrival rates, (T, E, N)."""
        size = self.observation.size(self.system)
        weighted = self.system.rates(ran.levels)[:, :, None] * by_rate
        by_offload = offload_shares_vjp(self.system, weighted)
        path = np.repeat(np.arange(self.paths), self.copies)[:, None]
        by_path = (
            np.bincount(
                (ran.entries + size * path).ravel(), by_offload.ravel(), self.paths * size
            ).reshape(self.paths, size)
            / self.copies
        )
        values = ran.drops.mean(axis=2).sum(axis=0).reshape(self.paths, -1).mean(axis=1)
        return Estimate(
            float(values.mean()),
            float(values.std(ddof=1) / np.sqrt(self.paths)),
            by_path.mean(axis=0),
            by_path.std(axis=0, ddof=1) / np.sqrt(self.paths),
            by_path,
        )


def plain_rate_gradient(system: System, ran: Episodes, credit: Credit) -> Floats:
    """Slope by every arrival rate with scores and a credit, no baseline; (T, E, N)."""
    return ran.drop_slopes / system.n + ran.scores * credit(system.graph, ran.drops / system.n)


def controlled_rate_gradient(
    system: System, ran: Episodes, copies: int, lags: int | None = None
) -> Floats:
    """Slope by every arrival rate, with all controls of this module; (T, E, N)."""
    centred = _without_others_mean(ran.drops, copies) / system.n
    credit = light_cone_credit(system.graph, centred, lags)
    first_half = np.arange(credit.shape[1]) < credit.shape[1] // 2
    gradient = ran.drop_slopes / system.n
    for here, there in ((first_half, ~first_half), (~first_half, first_half)):
        explained = _explained_credit(system, ran, credit, there)
        happened, expected = _apply(system, ran, explained, here)
        gradient[:, here] += ran.scores[:, here] * (credit[:, here] - happened) + expected
    return gradient


def _without_others_mean(drops: Floats, copies: int) -> Floats:
    """Subtract from each episode the mean of the other episodes of its path."""
    grouped = drops.reshape(len(drops), -1, copies, drops.shape[2])
    mean = grouped.mean(axis=2, keepdims=True)
    return np.asarray(((grouped - mean) * (copies / (copies - 1.0))).reshape(drops.shape))


def _cells(system: System, ran: Episodes, chosen: NDArray[np.bool_]) -> tuple[Ints, int]:
    """Cell of v for each transition: epoch, level after it, degree of the node; (T, E', N)."""
    epochs = len(ran.levels)
    degrees, kind = np.unique(system.graph.degrees, return_inverse=True)
    level_next = np.roll(ran.levels[:, chosen], -1, axis=0)[:, :, None]
    cell = (np.arange(epochs)[:, None, None] * 2 + level_next) * len(degrees) + kind
    return np.asarray(cell), epochs * 2 * len(degrees)


def _explained_credit(
    system: System, ran: Episodes, credit: Floats, chosen: NDArray[np.bool_]
) -> Floats:
    """Mean credit by cell and next state, (cells, B + 1); 0 where nothing was seen."""
    cell, n_cells = _cells(system, ran, chosen)
    where = (cell * (system.buffer + 1) + ran.states[1:, chosen]).ravel()
    size = n_cells * (system.buffer + 1)
    seen = np.bincount(where, minlength=size)
    total = np.bincount(where, credit[:, chosen].ravel(), minlength=size)
    return (total / np.maximum(seen, 1)).reshape(n_cells, -1)


def _apply(
    system: System, ran: Episodes, explained: Floats, chosen: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """``v(z')`` at the transitions that happened, and ``sum_z' dP(z')/dr v(z')``."""
    cell, _ = _cells(system, ran, chosen)
    happened = explained[cell, ran.states[1:, chosen]]
    expected = np.einsum("tenz,tenz->ten", ran.slopes[:, chosen], explained[cell])
    return happened, np.asarray(expected)
