"""What the two losses measure, and what they do not [SCALE sec. 4.3].

For a law p on R^d with mean m and covariance C, phi the density of N(0, I)::

    KL(p || phi)  =  KL(p || N(m, C))  +  KL(N(m, C) || phi)
    KL(N(m, C) || phi)  =  d L_d  +  T,    T = -1/2 ln det R  >= 0   (Hadamard)

with R the correlations of C. So ``d L_d`` is a lower bound of the divergence, equal to it only for
an uncorrelated normal law; the first term is how far p is from normal, the second how correlated it
is, and ``L_d`` sees neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_finite, check_positive, check_shape

Floats = NDArray[np.float64]


def moment_loss(mean: Floats, variance: Floats) -> float:
    """Return ``L_d`` of exact moments: the mean over dimensions, in nat [SCALE sec. 4.3].

    Raises
    ------
    ValueError
        If the shapes differ, or a variance is not positive.
    """
    check_shape("variance", variance, mean.shape)
    check_finite("mean", mean)
    check_finite("variance", variance)
    if not variance.size or variance.min() <= 0:
        raise ValueError(f"variance must be > 0 in every dimension; got {variance}")
    return float(np.mean(mean * mean + variance - np.log(variance) - 1.0)) / 2.0


def gaussian_kl(mean: Floats, covariance: Floats) -> float:
    """Return ``KL(N(mean, covariance) || N(0, I))`` in nat; infinite for a singular covariance.

    ``1/2 (tr C + |m|^2 - d - ln det C)``.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the covariance is not symmetric and positive semidefinite.
    """
    values = _eigenvalues(mean, covariance)
    if values[0] <= _rounding(values):
        return math.inf
    log_det = float(np.log(values).sum())
    return 0.5 * (float(values.sum()) + float(mean @ mean) - mean.size - log_det)


def total_correlation(covariance: Floats) -> float:
    """Return ``-1/2 ln det R`` in nat: what ``d L_d`` leaves out of a normal law's divergence.

    Raises
    ------
    ValueError
        As :func:`gaussian_kl`, or if a variance is 0.
    """
    variance = np.diag(covariance)
    if variance.size and variance.min() <= 0:
        raise ValueError(f"covariance must have a positive diagonal; got {variance}")
    scale = np.sqrt(variance)
    values = _eigenvalues(np.zeros(scale.size), covariance / np.outer(scale, scale))
    return math.inf if values[0] <= _rounding(values) else -0.5 * float(np.log(values).sum())


def uniform_kl(half_width: float) -> float:
    """Return ``KL(U(-h, h) || N(0, 1)) = h^2 / 6 + 1/2 ln(2 pi) - ln(2 h)`` in nat.

    At ``h = sqrt 3`` mean and variance are 0 and 1, so ``L_d`` is 0; the divergence is 0.1765.
    """
    check_positive("half_width", half_width)
    return half_width**2 / 6.0 + 0.5 * math.log(2.0 * math.pi) - math.log(2.0 * half_width)


@dataclass(frozen=True)
class FiniteLaw:
    """A law with finitely many outcomes, so that every expectation is a sum.

    Attributes
    ----------
    points : (K, d) float
    probability : (K,) float
        Positive, sums to 1.

    Raises
    ------
    ValueError
        If the shapes differ or the probabilities are not a distribution.
    """

    points: Floats
    probability: Floats

    def __post_init__(self) -> None:
        check_finite("points", self.points)
        check_shape("probability", self.probability, self.points.shape[:1])
        total = float(self.probability.sum())
        if not (self.probability.size and self.probability.min() > 0 and abs(total - 1) < 1e-9):
            raise ValueError(
                f"probability must be positive and sum to 1; got {self.probability.tolist()}"
            )

    @property
    def mean(self) -> Floats:
        """(d,)."""
        found: Floats = self.probability @ self.points
        return found

    @property
    def covariance(self) -> Floats:
        """(d, d)."""
        deviation = self.points - self.mean
        found: Floats = deviation.T @ (self.probability[:, None] * deviation)
        return found

    @property
    def losses(self) -> tuple[float, float]:
        """``(L_c, L_d)`` of the law: SRR on infinitely many samples [SCALE sec. 4.3]."""
        covariance = self.covariance
        off = np.abs(covariance).sum() - np.abs(np.diag(covariance)).sum()
        return float(off), moment_loss(self.mean, np.diag(covariance).copy())

    @property
    def mutual_information(self) -> float:
        """Of the first two coordinates, in nat; 0 exactly where they are independent."""
        _, row = np.unique(self.points[:, 0], return_inverse=True)
        _, column = np.unique(self.points[:, 1], return_inverse=True)
        shape = (int(row.max()) + 1, int(column.max()) + 1)
        joint: Floats = np.zeros(shape, dtype=np.float64)
        np.add.at(joint, (row, column), self.probability)
        apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
        seen = joint > 0
        return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())


def hermite_pair() -> FiniteLaw:
    """Return ``(X, (X^2 - 1) / sqrt 2)``, uncorrelated, unit variances, yet dependent.

    X takes -sqrt 3, 0, sqrt 3 with 1/6, 2/3, 1/6: the moments of the standard normal up to the
    fifth. Both losses are 0; the mutual information is the entropy of the second, 0.637 nat.
    """
    x = math.sqrt(3.0) * np.array([-1.0, 0.0, 1.0])
    y = np.array([2.0, -1.0, 2.0]) / math.sqrt(2.0)
    return FiniteLaw(np.stack([x, y], axis=1), np.array([1.0, 4.0, 1.0]) / 6.0)


def product_of_marginals(law: FiniteLaw) -> FiniteLaw:
    """Return the law of two independent coordinates, each distributed as in ``law``."""
    k = len(law.points)
    first, second = np.divmod(np.arange(k * k), k)
    points = np.stack([law.points[first, 0], law.points[second, 1]], axis=1)
    return FiniteLaw(points, law.probability[first] * law.probability[second])


def _eigenvalues(mean: Floats, covariance: Floats) -> Floats:
    check_shape("covariance", covariance, (mean.size, mean.size))
    check_finite("mean", mean)
    check_finite("covariance", covariance)
    if not np.allclose(covariance, covariance.T, rtol=1e-9, atol=1e-12):
        raise ValueError("covariance must be symmetric; it is not")
    values: Floats = np.asarray(np.linalg.eigvalsh(covariance), dtype=np.float64)
    if values[0] < -_rounding(values):
        raise ValueError(
            f"covariance must be positive semidefinite; got the eigenvalue {values[0]}"
        )
    return values


def _rounding(values: Floats) -> float:
    """Size below which an eigenvalue cannot be told from 0."""
    return float(np.abs(values).max()) * values.size * 1e-15
