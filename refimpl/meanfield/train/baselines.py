"""What is subtracted from returns: a learned critic, or the other episodes on the same arrivals.

Arrival rates are the same for all queues and switch at random, and most of what distinguishes one
episode's return from another's is their path, which no action can change. A critic that sees only
the distribution of queue lengths cannot know the path's future. Episodes that share a path can.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linear_models.params import Array
from refimpl.shared.gae import check_unit_interval, generalized_advantages

Baseline = Callable[[Array, Array, float, int], Array]
"""``(rewards (T, E), critic's values (T, E), gamma, group) -> values (T, E)``."""


def critic_values(rewards: Array, values: Array, gamma: float, group: int) -> Array:
    """Values that the critic learned [MF Algorithm 1, line 21]."""
    del rewards, gamma, group
    return values


def shared_path_values(rewards: Array, values: Array, gamma: float, group: int) -> Array:
    """Mean return from each epoch on over the episodes that share a path of arrival rates.

    Raises
    ------
    ValueError
        If there are fewer than two episodes in a group.
    """
    del values
    if group < 2:
        raise ValueError(f"group must be at least 2 for a shared path; got {group}")
    ahead = returns_ahead(rewards, gamma).reshape(len(rewards), -1, group)
    mean = ahead.mean(axis=2, keepdims=True)
    return np.broadcast_to(mean, ahead.shape).reshape(rewards.shape)


def returns_ahead(rewards: Array, gamma: float) -> Array:
    """Discounted sums of the rewards from each epoch to the end of the episode, (T, ...)."""
    check_unit_interval("gamma", gamma)
    sums = rewards.copy()
    for t in reversed(range(len(sums) - 1)):
        sums[t] += gamma * sums[t + 1]
    return sums


def episode_advantages(
    rewards: Array, values: Array, gamma: float, lam: float
) -> tuple[Array, Array]:
    """Advantages and returns of whole episodes: the last epoch ends the task.

    Parameters
    ----------
    rewards, values : (T, ...) float
    gamma, lam : float
        As in :func:`refimpl.shared.gae.generalized_advantages`.
    """
    following = np.concatenate([values[1:], np.zeros_like(values[:1])])
    over = np.zeros(rewards.shape, dtype=np.bool_)
    over[-1] = True
    return generalized_advantages(rewards, values, following, over, over, gamma, lam)
