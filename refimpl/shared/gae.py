"""Generalised advantage estimation: how much better than expected a stretch of experience went.

One step's surprise is the temporal-difference error

    delta_t = r_t + gamma * (1 - terminated_t) * V(o'_t) - V(o_t),

where ``o'_t`` is the observation that step ``t`` led to, *before* any reset. The advantage is the
exponentially weighted sum of the surprises up to the end of the episode,

    A_t = delta_t + gamma * lam * (1 - ended_t) * A_{t+1}.

Two flags, because an episode can stop in two ways. ``terminated``: the task is over, nothing more
will ever be earned, so nothing is bootstrapped. ``ended``: terminated *or* truncated by a time
limit; the next row belongs to another episode, so the sum stops, but a truncated episode would
have gone on, so the value of its last observation still counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from linear_models.validation import check_finite, check_nonempty, check_shape

Bools = NDArray[np.bool_]


def td_errors(
    rewards: Array, values: Array, next_values: Array, terminated: Bools, gamma: float
) -> Array:
    """Temporal-difference errors ``r + gamma (1 - terminated) V(next) - V``.

    Parameters
    ----------
    rewards, values, next_values : (T, ...) float
        Rewards, and the critic's values of the observations before and after each step.
    terminated : (T, ...) bool
        Where the task is over after the step.
    gamma : float
        Discount factor in [0, 1].

    Returns
    -------
    (T, ...) float

    Raises
    ------
    ValueError
        If shapes differ, a number is NaN or infinite, or ``gamma`` is outside [0, 1].
    """
    check_unit_interval("gamma", gamma)
    check_nonempty("rewards", rewards)
    for name, array in (("values", values), ("next_values", next_values)):
        check_shape(name, array, rewards.shape)
    _check_flags("terminated", terminated, rewards.shape)
    for name, array in (("rewards", rewards), ("values", values), ("next_values", next_values)):
        check_finite(name, array)
    errors: Array = rewards + gamma * np.where(terminated, 0, next_values) - values
    return errors


def generalized_advantages(
    rewards: Array,
    values: Array,
    next_values: Array,
    terminated: Bools,
    ended: Bools,
    gamma: float,
    lam: float,
) -> tuple[Array, Array]:
    """Advantages and the returns that a critic should predict, by the backward recursion.

    Parameters
    ----------
    rewards : (T, ...) float
        Reward of step ``t`` in each environment; the trailing axes are environments, or
        environments and agents.
    values : (T, ...) float
        Value of the observation that step ``t`` started from.
    next_values : (T, ...) float
        Value of the observation that step ``t`` led to, before any reset.
    terminated : (T, ...) bool
        Task over after step ``t``: ``next_values`` is not used.
    ended : (T, ...) bool
        Terminated or truncated after step ``t``: row ``t + 1`` belongs to another episode.
    gamma : float
        Discount factor in [0, 1].
    lam : float
        Weight of longer sums in [0, 1]. 0: the one-step error, low variance and biased by the
        critic. 1: discounted return minus value, unbiased and of high variance.

    Returns
    -------
    advantages, returns : (T, ...) float
        ``returns = advantages + values``.

    Raises
    ------
    ValueError
        If shapes differ, a number is NaN or infinite, ``gamma`` or ``lam`` is outside [0, 1], or
        a step is terminated but not ended.

    Notes
    -----
    Convention: rewards are maximised; a cost enters with its sign turned.
    """
    check_unit_interval("lam", lam)
    errors = td_errors(rewards, values, next_values, terminated, gamma)
    _check_flags("ended", ended, rewards.shape)
    if np.any(terminated & ~ended):
        where = tuple(int(i) for i in np.argwhere(terminated & ~ended)[0])
        raise ValueError(f"ended must be true wherever terminated is; it is false at index {where}")
    decay = gamma * lam * ~ended
    advantages = errors
    for t in reversed(range(len(errors) - 1)):
        advantages[t] += decay[t] * advantages[t + 1]
    return advantages, advantages + values


def standardized(advantages: Array) -> Array:
    """Shift and scale to mean 0 and standard deviation 1 over all entries.

    ``(A - mean A) / (std A + 1e-8)``; the small number only matters when all entries are equal,
    which then all become 0.
    """
    deviation = advantages - advantages.mean()
    scaled: Array = deviation / (advantages.std() + 1e-8)
    return scaled


def unscaled(advantages: Array) -> Array:
    """Advantages as they are: the counterpart of :func:`standardized`."""
    return advantages


def check_unit_interval(name: str, value: float) -> None:
    """Require a number in [0, 1]; NaN is refused.

    Raises
    ------
    ValueError
        Naming the argument and the value.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1]; got {value}")


def _check_flags(name: str, flags: Bools, shape: tuple[int, ...]) -> None:
    check_shape(name, flags, shape)
    if flags.dtype != np.bool_:
        raise ValueError(f"{name} must be boolean; got dtype {flags.dtype}")
