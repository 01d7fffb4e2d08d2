"""Categorical distribution given by logits, over the actions that a mask allows.

``p = softmax(z)``: ``log p_k = z_k - log sum_j exp(z_j)``. Only differences of logits matter. The
last axis counts the actions; any leading axes are a batch. ``mask`` is boolean with the shape of
the logits, True = allowed; a forbidden action has probability exactly 0, log-probability -inf, and
no gradient. Natural logarithms throughout.
"""

from __future__ import annotations

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_finite, check_indices, check_shape


def log_softmax(logits: Array, mask: Array | None = None) -> Array:
    """Logarithm of the probabilities.

    Parameters
    ----------
    logits : (..., A) array
    mask : (..., A) bool array, optional
        True = allowed; all allowed when left out.

    Returns
    -------
    (..., A) array
        -inf where forbidden.

    Raises
    ------
    ValueError
        If logits are not finite, or the mask has the wrong shape or dtype or forbids every action.
    """
    _check(logits, mask)
    z = logits if mask is None else np.where(mask, logits, -np.inf)
    # Shifting by the largest logit changes nothing and keeps exp from overflowing.
    z = z - z.real.max(axis=-1, keepdims=True)
    log_p: Array = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return log_p


def log_softmax_vjp(logits: Array, dy: Array, mask: Array | None = None) -> Array:
    """``dz_k = dy_k - p_k sum_j dy_j``, over the allowed actions; 0 elsewhere."""
    p = probabilities(logits, mask)
    check_shape("dy", dy, logits.shape)
    if mask is not None:
        dy = np.where(mask, dy, 0)
    dz: Array = dy - p * dy.sum(axis=-1, keepdims=True)
    return dz


def probabilities(logits: Array, mask: Array | None = None) -> Array:
    """``p = softmax(logits)``, (..., A); exactly 0 where forbidden. See :func:`log_softmax`."""
    return np.exp(log_softmax(logits, mask))


def probabilities_vjp(logits: Array, dy: Array, mask: Array | None = None) -> Array:
    """``dz_k = p_k (dy_k - sum_j p_j dy_j)``."""
    p = probabilities(logits, mask)
    check_shape("dy", dy, logits.shape)
    dz: Array = p * (dy - (p * dy).sum(axis=-1, keepdims=True))
    return dz


def log_prob(logits: Array, actions: Array, mask: Array | None = None) -> Array:
    """Log-probability of the actions taken.

    Parameters
    ----------
    logits : (..., A) array
    actions : (...) integer array
        In 0..A-1.
    mask : (..., A) bool array, optional

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        As :func:`log_softmax`, and if an action is out of range or forbidden.
    """
    log_p = log_softmax(logits, mask)
    _check_actions(logits, actions, mask)
    return _at(log_p, actions)


def log_prob_vjp(logits: Array, actions: Array, dy: Array, mask: Array | None = None) -> Array:
    """``dz_k = dy (1{k = action} - p_k)``; ``dy`` (...)."""
    p = probabilities(logits, mask)
    _check_actions(logits, actions, mask)
    check_shape("dy", dy, actions.shape)
    taken = actions[..., None] == np.arange(logits.shape[-1])
    dz: Array = dy[..., None] * (taken - p)
    return dz


def entropy(logits: Array, mask: Array | None = None) -> Array:
    """``H = -sum_k p_k log p_k``, (...), between 0 and the log of the number of allowed actions."""
    p, log_p = _p_and_log_p(logits, mask)
    h: Array = -(p * log_p).sum(axis=-1)
    return h


def entropy_vjp(logits: Array, dy: Array, mask: Array | None = None) -> Array:
    """``dz_k = -dy p_k (log p_k + H)``; ``dy`` (...)."""
    p, log_p = _p_and_log_p(logits, mask)
    check_shape("dy", dy, logits.shape[:-1])
    surplus = log_p - (p * log_p).sum(axis=-1, keepdims=True)
    dz: Array = -dy[..., None] * p * surplus
    return dz


def kl(logits: Array, other: Array, mask: Array | None = None) -> Array:
    """``KL(p || q) = sum_k p_k (log p_k - log q_k)``, (...).

    Convention: the expectation is under ``logits``, the first argument; ``other`` gives ``q``. One
    mask serves both.
    """
    check_shape("other", other, logits.shape)
    check_finite("other", other)
    p, log_p = _p_and_log_p(logits, mask)
    _, log_q = _p_and_log_p(other, mask)
    divergence: Array = (p * (log_p - log_q)).sum(axis=-1)
    return divergence


def kl_vjp(
    logits: Array, other: Array, dy: Array, mask: Array | None = None
) -> tuple[Array, Array]:
    """``d_logits_k = dy p_k (log p_k - log q_k - KL)`` and ``d_other_k = dy (q_k - p_k)``."""
    check_shape("other", other, logits.shape)
    check_finite("other", other)
    p, log_p = _p_and_log_p(logits, mask)
    q, log_q = _p_and_log_p(other, mask)
    check_shape("dy", dy, logits.shape[:-1])
    log_ratio = log_p - log_q
    surplus = log_ratio - (p * log_ratio).sum(axis=-1, keepdims=True)
    return dy[..., None] * p * surplus, dy[..., None] * (q - p)


def sample(logits: Array, rng: np.random.Generator, mask: Array | None = None) -> Array:
    """Draw one action per row by inverting the distribution function at a uniform number.

    Returns
    -------
    (...) int64 array
        A forbidden action is never drawn, not even by rounding.
    """
    cdf = probabilities(logits, mask).cumsum(axis=-1)
    # The total is 1 up to rounding; scaling by it keeps the threshold below the last step, and
    # a forbidden action has a step of exactly zero height.
    threshold = rng.random(logits.shape[:-1])[..., None] * cdf[..., -1:]
    actions: Array = (cdf <= threshold).sum(axis=-1)
    return actions


def _p_and_log_p(logits: Array, mask: Array | None) -> tuple[Array, Array]:
    """Probabilities, and their logs with 0 instead of -inf where forbidden: 0 log 0 = 0."""
    log_p = log_softmax(logits, mask)
    return np.exp(log_p), log_p if mask is None else np.where(mask, log_p, 0)


def _at(values: Array, actions: Array) -> Array:
    return np.take_along_axis(values, actions[..., None], axis=-1)[..., 0]


def _check(logits: Array, mask: Array | None) -> None:
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits must have at least one action; got shape {logits.shape}")
    check_finite("logits", logits)
    if mask is None:
        return
    if mask.dtype != np.bool_:
        raise ValueError(f"mask must be boolean, True = allowed; got dtype {mask.dtype}")
    check_shape("mask", mask, logits.shape)
    some = mask.any(axis=-1)
    if not some.all():
        row = tuple(int(i) for i in np.argwhere(~some)[0])
        raise ValueError(f"mask must allow at least one action; row {row} forbids every action")


def _check_actions(logits: Array, actions: Array, mask: Array | None) -> None:
    check_shape("actions", actions, logits.shape[:-1])
    check_indices("actions", actions, logits.shape[-1])
    if mask is not None:
        allowed = _at(mask, actions)
        if not allowed.all():
            bad = actions[~allowed].flat[0]
            raise ValueError(f"actions must be allowed by the mask; got forbidden action {bad}")
