"""Soft actor-critic for finitely many actions: losses, their gradients, and the temperature.

Rewards are maximised together with the policy's entropy, which counts ``temperature`` times per
step. With finitely many actions every expectation over the policy is a sum. Two networks estimate
the action values, and the smaller estimate counts, because a maximum over noisy numbers is too
large on average:

    V(o) = sum_a pi(a) (min(Q_1, Q_2)(o, a) - temperature log pi(a)).

Convention: rewards are maximised, unlike in :mod:`refimpl.shared.dqn`; natural logarithms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linear_models import categorical
from linear_models.losses import mse, mse_vjp
from linear_models.params import Array, Params, map_params
from linear_models.validation import check_indices, check_nonnegative, check_shape
from refimpl.shared.gae import check_unit_interval


def soft_values(logits: Array, q: Array, temperature: float) -> Array:
    """Value of a state, ``sum_a pi(a) (q(a) - temperature log pi(a))``.

    At ``pi = softmax(q / temperature)`` it is at its largest, ``temperature log sum exp(q /
    temperature)``.

    Parameters
    ----------
    logits, q : (..., A) float
        Of the policy, and action values.
    temperature : float
        >= 0.

    Returns
    -------
    (...) float

    Raises
    ------
    ValueError
        If shapes differ, a logit is not finite, or the temperature is out of range.
    """
    check_shape("q", q, logits.shape)
    check_nonnegative("temperature", temperature)
    p = categorical.probabilities(logits)
    values: Array = (p * q).sum(axis=-1) + float(temperature) * categorical.entropy(logits)
    return values


def policy_loss(logits: Array, q: Array, temperature: float) -> tuple[Any, Array]:
    """Minus the mean soft value, and its gradient with respect to the logits.

    Parameters
    ----------
    logits : (B, A) float
    q : (B, A) float
        Constants: no gradient flows through them.
    temperature : float

    Returns
    -------
    loss : scalar
    d_logits : (B, A) float

    Raises
    ------
    ValueError
        As :func:`soft_values`.
    """
    values = soft_values(logits, q, temperature)
    each = np.full_like(values, -1 / len(values))
    d_logits = categorical.probabilities_vjp(logits, each[:, None] * q)
    d_logits = d_logits + categorical.entropy_vjp(logits, float(temperature) * each)
    return -values.mean(), d_logits


def critic_loss(q: Array, actions: Array, targets: Array) -> tuple[Any, Array]:
    """Mean squared error of the actions taken, and its gradient with respect to the table.

    Parameters
    ----------
    q : (B, A) float
    actions : (B,) int
    targets : (B,) float
        Constants.

    Returns
    -------
    loss : scalar
        Convention: no factor 1/2.
    d_q : (B, A) float
        0 at the actions not taken.

    Raises
    ------
    ValueError
        If a shape does not fit, an action is out of range, or a number is NaN or infinite.
    """
    check_shape("actions", actions, q.shape[:1])
    check_indices("actions", actions, q.shape[1])
    predicted = np.take_along_axis(q, actions[:, None], axis=1)[:, 0]
    taken = actions[:, None] == np.arange(q.shape[1])
    return mse(predicted, targets), taken * mse_vjp(predicted, targets)[:, None]


def temperature_loss(log_temperature: Any, entropy: float, target: float) -> tuple[Any, float]:
    """``log temperature * (entropy - target)`` and its derivative by the logarithm.

    Descent lowers the temperature while the policy is more random than wanted, and raises it while
    it is less.

    Returns
    -------
    loss : scalar
    d_log_temperature : float
    """
    return log_temperature * (entropy - target), entropy - target


def moved(target: Params, online: Params, rate: float) -> Params:
    """Target parameters after a step of ``rate`` of the way to the online ones.

    Raises
    ------
    ValueError
        If ``rate`` is outside [0, 1], or keys or shapes differ.
    """
    check_unit_interval("rate", rate)
    rate = float(rate)
    return map_params(lambda old, new: (1 - rate) * old + rate * new, target, online)
