"""Structured representation regularisation: two losses on a batch of features [SCALE sec. 4.3].

One penalises covariances between dimensions, the other moments of single dimensions that are not
those of the standard normal. Both see nothing but the batch that they are given. A *regulariser* is
a function of the features that returns a loss and its gradient with respect to them; SCALE uses
:func:`srr`, CrossAttn :func:`no_regularizer`, and the two others separate what SRR does at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_count, check_finite, check_nonnegative

Regularizer = Callable[[Array], tuple[Any, Array]]
"""``regularizer(features (B, d)) -> (loss, d_features (B, d))``."""

START, LENGTH = 10, 50
"""Epoch after which the weights rise, and epochs until they are whole [SCALE sec. 4.3]."""


def covariance(features: Array) -> Array:
    """Unbiased covariance matrix ``(F - 1 mean)^T (F - 1 mean) / (B - 1)`` [SCALE sec. 4.3].

    Parameters
    ----------
    features : (B, d) float
        One sample per row.

    Returns
    -------
    (d, d) float

    Raises
    ------
    ValueError
        If there are fewer than two samples, or a feature is NaN or infinite.
    """
    deviation, _ = _centred(features)
    return _product(deviation)


def decorrelation(features: Array) -> tuple[Any, Array]:
    """Sum of the absolute covariances, ``L_c = sum_{i != j} |C_ij|`` [SCALE sec. 4.3].

    Convention: a sum over all d (d - 1) ordered pairs, not a mean; and covariances, not
    correlations, so that shrinking the features lowers it. The derivative of ``|0|`` is 0.

    Returns
    -------
    loss : scalar
    d_features : (B, d) float
    """
    deviation, _ = _centred(features)
    product = _product(deviation)
    signs = np.sign(product.real)
    np.fill_diagonal(signs, 0)
    # Centring the result again would change nothing: the deviations have mean 0 already.
    return (signs * product).sum(), deviation @ signs * (2 / (len(features) - 1))


def mean_decorrelation(features: Array) -> tuple[Any, Array]:
    """Mean instead of sum of the absolute covariances; ours, 240 times smaller at d = 16.

    Raises
    ------
    ValueError
        As :func:`covariance`, and if there is only one dimension.
    """
    n_pairs = features.shape[-1] * (features.shape[-1] - 1)
    if n_pairs == 0:
        raise ValueError(f"features must have at least 2 dimensions; got shape {features.shape}")
    loss, d_features = decorrelation(features)
    return loss / n_pairs, d_features / n_pairs


def moment_kl(features: Array, floor: float = 0.0) -> tuple[Any, Array]:
    """``L_d = 1/(2d) sum_k (mu_k^2 + var_k - ln var_k - 1)`` [SCALE sec. 4.3, L_d].

    The mean, over dimensions, of the divergence from N(0, 1) of a normal variable with the moments
    found. Variances are unbiased.

    Parameters
    ----------
    features : (B, d) float
    floor : float
        Smaller variances count as this much in the logarithm; 0, as published, refuses a dimension
        that does not vary.

    Returns
    -------
    loss : scalar
    d_features : (B, d) float

    Raises
    ------
    ValueError
        As :func:`covariance`, and if a variance is 0 without a floor.
    """
    deviation, mean = _centred(features)
    check_nonnegative("floor", floor)
    n, width = features.shape
    variance = (deviation * deviation).sum(axis=0) / (n - 1)
    low = variance.real <= floor
    if floor == 0 and low.any():
        column = int(np.argmax(low))
        raise ValueError(f"features must vary in every column; column {column} is constant")
    held = np.where(low, floor, variance)
    loss = (mean * mean + variance - np.log(held) - 1).sum() / (2 * width)
    slope = 1 - np.where(low, 0, 1 / held)
    return loss, deviation * (slope / (width * (n - 1))) + mean / (width * n)


def spread(features: Array) -> tuple[Any, Array]:
    """Sum of the variances: what shrinks features and does nothing else; ours.

    Returns
    -------
    loss : scalar
    d_features : (B, d) float
    """
    deviation, _ = _centred(features)
    scale = 1 / (len(features) - 1)
    return (deviation * deviation).sum() * scale, deviation * (2 * scale)


def srr(
    features: Array, weight_decorrelation: float, weight_kl: float, floor: float = 0.0
) -> tuple[Any, Array]:
    """``weight_decorrelation L_c + weight_kl L_d``, without warm-up [SCALE eq. 5].

    Parameters
    ----------
    features : (B, d) float
        Attention features, after the last layer norm.
    weight_decorrelation, weight_kl : float
        lambda_1 and lambda_2, >= 0.
    floor : float
        See :func:`moment_kl`.

    Returns
    -------
    loss : scalar
    d_features : (B, d) float

    Raises
    ------
    ValueError
        As :func:`moment_kl`, and if a weight is negative or not finite.
    """
    check_nonnegative("weight_decorrelation", weight_decorrelation)
    first = decorrelation(features)
    return _with_kl(first, weight_decorrelation, features, weight_kl, floor)


def mean_srr(
    features: Array, weight_decorrelation: float, weight_kl: float, floor: float = 0.0
) -> tuple[Any, Array]:
    """As :func:`srr`, but with the mean of the absolute covariances; ours."""
    check_nonnegative("weight_decorrelation", weight_decorrelation)
    first = mean_decorrelation(features)
    return _with_kl(first, weight_decorrelation, features, weight_kl, floor)


def shrinkage(
    features: Array, weight_spread: float, weight_kl: float, floor: float = 0.0
) -> tuple[Any, Array]:
    """``weight_spread sum_k var_k + weight_kl L_d``: SRR without any covariance; ours."""
    check_nonnegative("weight_spread", weight_spread)
    return _with_kl(spread(features), weight_spread, features, weight_kl, floor)


def no_regularizer(features: Array) -> tuple[Any, Array]:
    """Nothing: the loss is 0 and so is its gradient."""
    return 0.0, np.zeros_like(features)


def warm_up(epoch: int, start: int = START, length: int = LENGTH) -> float:
    """``w = min(1, max(0, (e - E_s) / E_w))`` [SCALE Algorithm 1].

    Convention: epochs count from 1, so 10 epochs are trained without regularisation and the 60th
    is the first with all of it.

    Raises
    ------
    ValueError
        If ``length`` is not a positive integer.
    """
    check_count("length", length)
    return min(1.0, max(0.0, (epoch - start) / length))


def _with_kl(
    first: tuple[Any, Array], weight: float, features: Array, weight_kl: float, floor: float
) -> tuple[Any, Array]:
    check_nonnegative("weight_kl", weight_kl)
    loss, d_features = first
    # Plain floats: a NumPy float64 scalar would promote float32 features.
    weight, weight_kl = float(weight), float(weight_kl)
    kl, d_kl = moment_kl(features, floor)
    return weight * loss + weight_kl * kl, weight * d_features + weight_kl * d_kl


def _centred(features: Array) -> tuple[Array, Array]:
    """Deviations from the mean over the samples, and the mean."""
    if features.ndim != 2 or len(features) < 2 or features.shape[1] == 0:
        raise ValueError(f"features must have shape (B >= 2, d >= 1); got {features.shape}")
    check_finite("features", features)
    mean = features.mean(axis=0)
    return features - mean, mean


def _product(deviation: Array) -> Array:
    product: Array = deviation.T @ deviation / (len(deviation) - 1)
    return product
