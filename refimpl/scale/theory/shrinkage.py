"""Where the two losses of SRR balance if nothing else moves the features [SCALE eq. 5].

Scale centred features by s. Covariances scale by s^2 and correlations do not change, so with
``S = sum_{i != j} |R_ij|`` and equal variances v::

    l1 L_c + l2 L_d  =  l1 S v + l2 / 2 (v - ln v - 1)        least at  v = l2 / (2 l1 S + l2)

Below 1 whenever any correlation is left, and far below with the published weights: S counts 240
pairs, and L_d is a mean over 16. That is shrinkage, which leaves every correlation as it was.
Dividing by the 240 pairs instead moves the balance by that factor.

For any features, the derivative along the common scale gives, at every balance,
``l1 L_c = l2 / 2 (1 - mean variance)``: so ``L_c <= l2 / (2 l1)``, which is 0.05 as published, for
the *sum* of 240 entries (:func:`largest_decorrelation`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count, check_nonnegative, check_positive
from refimpl.scale.objective.feature_statistics import correlation
from refimpl.scale.theory.sampling_floor import correlation_floor
from refimpl.scale.train.presets import WEIGHT_DECORRELATION, WEIGHT_KL

Floats = NDArray[np.float64]


def total_absolute_correlation(covariance: Floats) -> float:
    """Return ``S = sum_{i != j} |R_ij|``.

    Raises
    ------
    ValueError
        If a variance is not positive.
    """
    variance = np.diag(covariance)
    if not variance.size or not variance.min() > 0:
        raise ValueError(f"covariance must have a positive diagonal; got {variance}")
    return float(np.abs(correlation(covariance)).sum()) - variance.size


def balanced_variance(
    total: float,
    weight_decorrelation: float = WEIGHT_DECORRELATION,
    weight_kl: float = WEIGHT_KL,
) -> float:
    """Return the common variance of least SRR at mean 0, ``l2 / (2 l1 S + l2)`` [SCALE eq. 5].

    Parameters
    ----------
    total : float
        ``S``, the sum of the absolute correlations; for the mean reading of L_c, their mean.
    weight_decorrelation, weight_kl : float

    Returns
    -------
    float
        In (0, 1].
    """
    check_nonnegative("total", total)
    check_nonnegative("weight_decorrelation", weight_decorrelation)
    check_positive("weight_kl", weight_kl)
    return weight_kl / (2.0 * weight_decorrelation * total + weight_kl)


def balanced_variance_on_sphere(
    total: float,
    weight_decorrelation: float = WEIGHT_DECORRELATION,
    weight_kl: float = WEIGHT_KL,
) -> float:
    """Return the same after layer norm without affine part: ``min(1, l2 / (2 l1 S))``.

    There squared means and variances of the dimensions always sum to d. What the variance loses the
    mean gains, so ``L_d = -1/2 ln v``, and shrinking is cheaper still.
    """
    check_nonnegative("total", total)
    check_nonnegative("weight_decorrelation", weight_decorrelation)
    check_positive("weight_kl", weight_kl)
    pull = 2.0 * weight_decorrelation * total
    return 1.0 if pull <= weight_kl else weight_kl / pull


def largest_decorrelation(
    weight_decorrelation: float = WEIGHT_DECORRELATION, weight_kl: float = WEIGHT_KL
) -> float:
    """Return ``l2 / (2 l1)``: no balance of SRR along the common scale has a larger L_c.

    The derivative of L_c along ln s is ``2 L_c`` and that of L_d is ``mean variance - 1``, means
    held. In the mean reading it bounds the mean absolute covariance instead of the sum.

    Raises
    ------
    ValueError
        If a weight is not positive.
    """
    check_positive("weight_decorrelation", weight_decorrelation)
    check_positive("weight_kl", weight_kl)
    return weight_kl / (2.0 * weight_decorrelation)


def noise_correlation(dimension: int, n_samples: int) -> float:
    """Return the expected S of a minibatch of independent normal dimensions [SCALE Algorithm 1].

    ``d (d - 1)`` times the correlation floor. SRR cannot tell it from dependence: at 256 samples
    of 16 dimensions, 12, it shrinks even independent features.
    """
    return dimension * (dimension - 1) * correlation_floor(n_samples)


def best_scale_loss(
    total: float,
    weight_decorrelation: float = WEIGHT_DECORRELATION,
    weight_kl: float = WEIGHT_KL,
) -> float:
    """Return SRR at the balanced variance, ``-l2 / 2 ln v``."""
    balanced = balanced_variance(total, weight_decorrelation, weight_kl)
    return -0.5 * weight_kl * math.log(balanced)


def least_loss_after_layer_norm(
    variance: float,
    dimension: int,
    weight_decorrelation: float = WEIGHT_DECORRELATION,
    weight_kl: float = WEIGHT_KL,
) -> float:
    """Return ``l1 d v - l2 / 2 ln v``: no features with mean variance v have a smaller SRR.

    Without affine part, and without a floor in the norm. ``L_c >= tr C = d v`` because the rows of
    C sum to 0; squared means and variances sum to d, or in a batch to a little more, so ``L_d`` is
    at least minus half the mean logarithm of the variances, and Jensen's inequality does the rest.
    At the published weights unit variances cost 0.16 or more, and shrinking far less.

    Raises
    ------
    ValueError
        If a number is not positive.
    """
    check_positive("variance", variance)
    check_count("dimension", dimension)
    check_nonnegative("weight_decorrelation", weight_decorrelation)
    check_nonnegative("weight_kl", weight_kl)
    spread = weight_decorrelation * dimension * variance
    return spread - 0.5 * weight_kl * math.log(variance)
