"""Regression losses; each is the mean over all entries, so a gradient carries one factor 1/n.

``dy`` of the ``_vjp`` functions is the gradient with respect to the loss, a scalar: 1 when the
loss itself is minimised, or its weight in a sum of losses. The derivative with respect to the
target is the negative of the one with respect to the prediction.
"""

from __future__ import annotations

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_finite, check_nonempty, check_positive, check_shape


def mse(pred: Array, target: Array) -> Array:
    """Mean squared error ``mean (pred - target)^2``.

    Convention: no factor 1/2.

    Parameters
    ----------
    pred, target : arrays of the same shape

    Returns
    -------
    scalar of the arrays' dtype

    Raises
    ------
    ValueError
        If shapes differ (broadcasting (B, 1) against (B,) would be silently wrong), or the arrays
        are empty or not finite.
    """
    error = _error(pred, target)
    loss: Array = (error * error).mean()
    return loss


def mse_vjp(pred: Array, target: Array, dy: float | Array = 1.0) -> Array:
    """``d_pred = dy * 2 (pred - target) / n``."""
    error = _error(pred, target)
    return dy * (2 / error.size) * error


def huber(pred: Array, target: Array, delta: float = 1.0) -> Array:
    """Mean Huber loss: ``e^2 / 2`` where ``|e| <= delta``, else ``delta (|e| - delta / 2)``.

    Parameters
    ----------
    pred, target : arrays of the same shape
        ``e = pred - target``.
    delta : float
        Where the parabola continues as its tangent, > 0.

    Returns
    -------
    scalar of the arrays' dtype

    Raises
    ------
    ValueError
        As :func:`mse`, and if ``delta`` is not positive.
    """
    error = _error(pred, target)
    slope = _clipped(error, delta)
    # Inside, slope = e and this is e^2 / 2; outside, slope = +-delta and this is the tangent.
    loss: Array = (slope * (error - 0.5 * slope)).mean()
    return loss


def huber_vjp(pred: Array, target: Array, delta: float = 1.0, dy: float | Array = 1.0) -> Array:
    """``d_pred = dy * clip(pred - target, -delta, delta) / n``."""
    error = _error(pred, target)
    return dy * (1 / error.size) * _clipped(error, delta)


def _error(pred: Array, target: Array) -> Array:
    check_shape("target", target, pred.shape)
    check_nonempty("pred", pred)
    check_finite("pred", pred)
    check_finite("target", target)
    return pred - target


def _clipped(error: Array, delta: float) -> Array:
    """``error`` cut to [-delta, delta]; complex numbers are compared by their real part."""
    check_positive("delta", delta)
    delta = float(delta)  # a NumPy float64 scalar would promote float32 arrays
    return np.where(np.abs(error.real) <= delta, error, delta * np.sign(error.real))
