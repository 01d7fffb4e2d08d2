"""Statistics of the features that a network had in the states it visited [SCALE Table 5]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from refimpl.scale.objective.feature_statistics import off_diagonal

Floats = NDArray[np.float64]


class Moments:
    """Number, sum and sum of products of feature vectors; changed in place."""

    def __init__(self) -> None:
        self.count = 0
        self.total: Floats = np.zeros(0)
        self.products: Floats = np.zeros((0, 0))

    def add(self, features: Array) -> None:
        """Count feature vectors (B, d)."""
        rows = features.astype(np.float64)
        if not self.total.size:
            width = rows.shape[1]
            self.total, self.products = np.zeros(width), np.zeros((width, width))
        self.count += len(rows)
        self.total += rows.sum(axis=0)
        self.products += rows.T @ rows

    @property
    def mean(self) -> Floats:
        """Mean vector, (d,)."""
        return self.total / self.count

    @property
    def covariance(self) -> Floats:
        """Empirical covariance, (d, d); products and sums lose digits only where it is tiny."""
        centred = self.products - np.outer(self.total, self.mean)
        return np.asarray(centred / (self.count - 1))


def summary(mean: Floats, covariance: Floats) -> dict[str, float]:
    """Return what Table 5 reports, and what it would take to read it [SCALE Table 5].

    Returns
    -------
    dict
        ``covariance`` and ``correlation``: mean absolute off-diagonal entry; ``kl``: the moment
        loss per dimension; ``variance``: mean; ``mean_square``: of the means.
    """
    variance = np.maximum(np.diag(covariance), np.finfo(np.float32).tiny)
    scale = np.sqrt(np.outer(variance, variance))
    return {
        "covariance": off_diagonal(covariance),
        "correlation": off_diagonal(covariance / scale),
        "kl": float(0.5 * (mean**2 + variance - np.log(variance) - 1).mean()),
        "variance": float(variance.mean()),
        "mean_square": float((mean**2).mean()),
    }


def shift(mean: Floats, reference_mean: Floats, reference_covariance: Floats) -> float:
    """Return how far the mean has moved, in standard deviations of the reference, root mean square.

    A dimension that does not vary in the reference is left out.
    """
    variance = np.diag(reference_covariance)
    varies = variance > 0
    moved = (mean - reference_mean)[varies] ** 2 / variance[varies]
    return float(np.sqrt(moved.mean()))
