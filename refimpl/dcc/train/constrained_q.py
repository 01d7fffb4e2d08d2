"""Lagrangian Q-learning of many constrained devices at once: fast and intermediate time-scales.

Every row is one device with its own budget, its own fixed number of other offloaders and its own
multiplier. Within an episode it learns on the shaped cost
``r_loc + 1{offload} (d(1 + others) + multiplier)`` [DCC eq. 10]; after the episode the multiplier
moves by a step times (discounted offloading frequency - budget), projected on what is not negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.simulator import DeviceBatch
from refimpl.dcc.train.settings import QSettings
from refimpl.dcc.train.tabular import Learner, greedy_policy, new_learner, play_episode

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One constrained problem per row.

    Parameters
    ----------
    batch : DeviceBatch
        The ``R`` devices.
    penalties : (R,) float
        Congestion penalty ``d(1 + others)`` that the row is charged per offload.
    budgets : (R,) float
        Allowed discounted offloading frequency, in [0, 1].
    """

    batch: DeviceBatch
    penalties: Floats
    budgets: Floats

    def __post_init__(self) -> None:
        for name in ("penalties", "budgets"):
            values = getattr(self, name)
            if values.shape != (self.batch.n_rows,):
                raise ValueError(
                    f"{name} must have shape ({self.batch.n_rows},); got {values.shape}"
                )
            if not np.all(values >= 0.0) or not np.all(np.isfinite(values)):
                raise ValueError(f"{name} must be finite and not negative; got {values.min()}")
        if self.budgets.max() > 1.0:
            raise ValueError(f"budgets must be frequencies in [0, 1]; got {self.budgets.max()}")


@dataclass(frozen=True)
class Learned:
    """Result of one solve.

    Parameters
    ----------
    policies : (R, S, A) float
        Greedy policies, averaged over the last snapshots.
    multipliers : (R,) float
        Multipliers, averaged over the same part of the run.
    q : (R, S, A) float
        Final action values, for a warm start.
    """

    policies: Floats
    multipliers: Floats
    q: Floats


def learn(
    task: Task,
    settings: QSettings,
    rng: np.random.Generator,
    start: Learned | None = None,
) -> Learned:
    """Learn constrained policies and multipliers of all rows [DCC eqs 10, 11].

    Parameters
    ----------
    task : Task
    settings : QSettings
    rng : numpy.random.Generator
    start : Learned, optional
        Earlier result whose action values and multipliers are continued; fresh ones otherwise.

    Notes
    -----
    Convention: a multiplier is the price of one undiscounted offload in its slot, so it is the dual
    of the discounted, not normalised count, and ``dV/dbudget = -multiplier / (1 - gamma)``.
    """
    q = settings.q_start if start is None else start.q
    learner = new_learner(task.batch, q, settings)
    multipliers = np.zeros(task.batch.n_rows) if start is None else start.multipliers
    policies, prices = np.zeros(learner.q.shape), np.zeros(task.batch.n_rows)
    n_averaged = max(1, round(settings.n_blocks * settings.averaged))
    for block in range(settings.n_blocks):
        multipliers = _play_block(learner, task, multipliers, settings, block, rng)
        if block >= settings.n_blocks - n_averaged:
            policies += greedy_policy(learner.q)
            prices += multipliers
    return Learned(policies / n_averaged, prices / n_averaged, learner.q)


def multiplier_step(multipliers: Floats, use: Floats, budgets: Floats, rate: float) -> Floats:
    """Projected dual ascent ``[multiplier + rate (J_c - budget)]_+`` [DCC sec. 4.3]."""
    return np.maximum(multipliers + rate * (use - budgets), 0.0)


def _play_block(
    learner: Learner,
    task: Task,
    multipliers: Floats,
    settings: QSettings,
    block: int,
    rng: np.random.Generator,
) -> Floats:
    """Play the episodes of one block; return the multipliers after it."""
    epsilon = settings.exploration_at(block)
    per_block = settings.block // settings.episode
    for k in range(block * per_block + 1, (block + 1) * per_block + 1):
        charge = partial(_charged, charge=task.penalties + multipliers)
        use = play_episode(learner, charge, epsilon, settings.episode, rng)
        rate = settings.multiplier_rate / k**settings.multiplier_exponent
        multipliers = multiplier_step(multipliers, use, task.budgets, rate)
    return multipliers


def _charged(local: Floats, offloading: NDArray[np.bool_], charge: Floats) -> Floats:
    return local + offloading * charge
