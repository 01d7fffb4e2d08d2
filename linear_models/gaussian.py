"""Diagonal Gaussian distribution given by mean and logarithm of the standard deviation.

The last axis counts the A coordinates of one action; any leading axes are a batch. ``log_std`` has
the shape of ``mean``, or (A,) when all rows share it; its gradient then is the sum over the rows.
Natural logarithms throughout.
"""

from __future__ import annotations

import math

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_finite, check_shape

LOG_2PI = math.log(2 * math.pi)


def log_prob(mean: Array, log_std: Array, actions: Array) -> Array:
    """Log-density of actions, ``sum_k [-z_k^2 / 2 - log_std_k - log(2 pi) / 2]``.

    ``z = (action - mean) / std`` is the standardised action.

    Parameters
    ----------
    mean : (..., A) array
    log_std : (..., A) or (A,) array
    actions : (..., A) array

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If a shape does not fit or an entry is not finite.
    """
    z = _standardised(mean, log_std, actions)
    log_density: Array = (-0.5 * z * z - log_std - 0.5 * LOG_2PI).sum(axis=-1)
    return log_density


def log_prob_vjp(
    mean: Array, log_std: Array, actions: Array, dy: Array
) -> tuple[Array, Array, Array]:
    """Gradients of :func:`log_prob` in the order of its arguments; ``dy`` (...).

    ``d_mean = dy z / std = -d_actions``, ``d_log_std = dy (z^2 - 1)``.
    """
    z = _standardised(mean, log_std, actions)
    check_shape("dy", dy, mean.shape[:-1])
    d_mean = dy[..., None] * z * np.exp(-log_std)
    d_log_std = _summed_to(log_std.shape, dy[..., None] * (z * z - 1))
    return d_mean, d_log_std, -d_mean


def entropy(log_std: Array) -> Array:
    """``sum_k log_std_k + A (log(2 pi) + 1) / 2``; shape of ``log_std`` without its last axis."""
    _check_log_std(log_std, log_std.shape)
    h: Array = log_std.sum(axis=-1) + 0.5 * log_std.shape[-1] * (LOG_2PI + 1)
    return h


def entropy_vjp(log_std: Array, dy: Array) -> Array:
    """``d_log_std = dy``, for every coordinate."""
    _check_log_std(log_std, log_std.shape)
    check_shape("dy", dy, log_std.shape[:-1])
    d_log_std: Array = dy[..., None] * np.ones_like(log_std)
    return d_log_std


def kl(mean: Array, log_std: Array, other_mean: Array, other_log_std: Array) -> Array:
    """``KL(p || q) = sum_k [log r_k + (1 / r_k^2 + w_k^2 - 1) / 2]``, (...).

    ``r = other_std / std`` and ``w = (mean - other_mean) / other_std``. Convention: the expectation
    is under the first distribution, (mean, log_std).
    """
    w, log_r = _kl_terms(mean, log_std, other_mean, other_log_std)
    divergence: Array = (log_r + 0.5 * (np.expm1(-2 * log_r) + w * w)).sum(axis=-1)
    return divergence


def kl_vjp(
    mean: Array, log_std: Array, other_mean: Array, other_log_std: Array, dy: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradients of :func:`kl` in the order of its arguments; ``dy`` (...).

    ``d_mean = dy w / other_std = -d_other_mean``, ``d_log_std = dy (1 / r^2 - 1)``,
    ``d_other_log_std = dy (1 - 1 / r^2 - w^2)``.
    """
    w, log_r = _kl_terms(mean, log_std, other_mean, other_log_std)
    check_shape("dy", dy, mean.shape[:-1])
    dy = dy[..., None]
    d_mean = dy * w * np.exp(-other_log_std)
    shrink = np.expm1(-2 * log_r)
    d_log_std = _summed_to(log_std.shape, dy * shrink)
    d_other_log_std = _summed_to(other_log_std.shape, -dy * (shrink + w * w))
    return d_mean, d_log_std, -d_mean, d_other_log_std


def sample(mean: Array, log_std: Array, rng: np.random.Generator) -> Array:
    """``mean + exp(log_std) * noise`` with standard normal noise; (..., A).

    The noise does not depend on the arguments, so the same seed gives a differentiable path from
    mean and log_std to the sample.
    """
    return sample_with_log_prob(mean, log_std, rng)[0]


def sample_with_log_prob(
    mean: Array, log_std: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw by :func:`sample` and return the :func:`log_prob` of what was drawn as well.

    The standardised action is the noise itself.
    """
    check_finite("mean", mean)
    _check_log_std(log_std, mean.shape)
    noise = rng.standard_normal(mean.shape).astype(mean.real.dtype)
    terms = -0.5 * noise * noise - log_std
    constant = 0.5 * LOG_2PI * mean.shape[-1]
    return mean + np.exp(log_std) * noise, terms.sum(axis=-1) - constant


def _standardised(mean: Array, log_std: Array, actions: Array) -> Array:
    check_shape("actions", actions, mean.shape)
    check_finite("mean", mean)
    check_finite("actions", actions)
    _check_log_std(log_std, mean.shape)
    z: Array = (actions - mean) * np.exp(-log_std)
    return z


def _kl_terms(
    mean: Array, log_std: Array, other_mean: Array, other_log_std: Array
) -> tuple[Array, Array]:
    check_shape("other_mean", other_mean, mean.shape)
    check_finite("mean", mean)
    check_finite("other_mean", other_mean)
    _check_log_std(log_std, mean.shape)
    _check_log_std(other_log_std, mean.shape, "other_log_std")
    return (mean - other_mean) * np.exp(-other_log_std), other_log_std - log_std


def _check_log_std(log_std: Array, shape: tuple[int, ...], name: str = "log_std") -> None:
    if log_std.ndim == 0 or log_std.shape not in (shape, shape[-1:]):
        raise ValueError(f"{name} must have shape {shape} or {shape[-1:]}; got {log_std.shape}")
    check_finite(name, log_std)


def _summed_to(shape: tuple[int, ...], gradient: Array) -> Array:
    """Sum a (..., A) gradient over the rows that shared one (A,) parameter."""
    if gradient.shape == shape:
        return gradient
    total: Array = gradient.sum(axis=tuple(range(gradient.ndim - 1)))
    return total
