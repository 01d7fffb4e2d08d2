"""When a training run has converged [DG-PG App. K]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WITHIN = 0.1
"""Convergence is being within this part of the best reward (published)."""


def convergence_episode(rewards: Floats) -> int:
    """Return the first episode within 10% of the best observed reward [DG-PG Table 9].

    Counted from 1. Convention: rewards are negative, so "within 10% of ``b``" is at least
    ``b - 0.1 |b|``.

    Parameters
    ----------
    rewards : (episodes,) float

    Raises
    ------
    ValueError
        If there is no episode, or a reward is not finite.
    """
    if rewards.ndim != 1 or not len(rewards) or not np.isfinite(rewards).all():
        raise ValueError(f"rewards must be a vector of finite numbers; got {rewards}")
    best = rewards.max()
    return int(np.argmax(rewards >= best - WITHIN * abs(best))) + 1


def convergence_on_checkpoints(rewards: Floats) -> int:
    """Return the same for rewards of checkpoints on fixed episodes [DG-PG Table 9].

    Parameters
    ----------
    rewards : (episodes, held_out) float
        NaN where no checkpoint was evaluated.
    """
    rows = np.flatnonzero(~np.isnan(rewards).any(axis=1))
    found = convergence_episode(rewards[rows].mean(axis=1))
    return int(rows[found - 1]) + 1
