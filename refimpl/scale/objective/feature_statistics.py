"""What is reported about features: their moments over a set of states [SCALE Table 5]."""

from __future__ import annotations

import math

import numpy as np

from linear_models.params import Array
from refimpl.scale.objective.srr import covariance, moment_kl

NAMES = ("covariance", "correlation", "kl", "variance")
"""Keys of :func:`feature_statistics`."""


def feature_statistics(features: Array) -> dict[str, float]:
    """Statistics of a batch of features [SCALE Table 5].

    Parameters
    ----------
    features : (B, d) float

    Returns
    -------
    dict
        ``covariance`` and ``correlation``, means of the absolute values off the diagonal; ``kl``,
        :func:`refimpl.scale.objective.srr.moment_kl`; ``variance``, its mean. Convention: mean, not
        sum, over the d (d - 1) pairs. A dimension that does not vary has covariances 0 and no
        correlations, which are then left out of the mean; the divergence is NaN. Everything is for
        fewer than two samples.

    Raises
    ------
    ValueError
        If a feature is NaN or infinite.
    """
    if len(features) < 2:
        return dict.fromkeys(NAMES, math.nan)
    product = covariance(features.astype(np.float64))
    variance = np.diag(product)
    kl = moment_kl(features.astype(np.float64))[0] if (variance > 0).all() else math.nan
    return {
        "covariance": off_diagonal(product),
        "correlation": off_diagonal(correlation(product)),
        "kl": float(kl),
        "variance": float(variance.mean()),
    }


def correlation(product: Array) -> Array:
    """Correlation matrix of a covariance matrix, (d, d); NaN where a variance is 0."""
    deviation = np.sqrt(np.diag(product))
    scale = np.outer(deviation, deviation)
    undefined = np.full_like(product, np.nan)
    return np.divide(product, scale, out=undefined, where=scale > 0)


def off_diagonal(matrix: Array) -> float:
    """Mean absolute value off the diagonal, NaN left out; NaN if there is nothing else."""
    entries = np.abs(matrix[~np.eye(len(matrix), dtype=bool)])
    defined = entries[~np.isnan(entries)]
    return float(defined.mean()) if defined.size else math.nan
