"""What layer normalisation leaves open to a covariance matrix [SCALE sec. 4.2.2] [SCALE sec. 4.3].

``f = gain * n + shift`` with ``n = (x - mean(x)) / sqrt(var(x) + eps)``: the entries of every n sum
to 0 and their squares to at most d. Hence, for any law of x,

* ``C (1 / gain) = 0``, or ``C e_k = 0`` where ``gain_k = 0``: never ``C = I``, and the divergence
  of f from N(0, I) is infinite, because f lives on a hyperplane;
* without gain, row i of ``C 1 = 0`` says ``sum_{j != i} |C_ij| >= C_ii``, so ``L_c >= tr C``;
  with unit variances the mean absolute off-diagonal entry is at least ``1 / (d - 1)``;
* with a gain, ``sum_{j != i} |C_ij| u_j >= C_ii u_i`` with ``u = 1 / |gain|``: a linear program
  bounds L_c from below, and its solutions with equality are covariance matrices
  (:func:`least_off_diagonal`). Whatever the gain, the row of the largest u and its column give
  ``L_c >= 2`` at unit variances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count, check_finite, check_shape
from lp_solvers import highs
from lp_solvers.certificate import verify
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program

Floats = NDArray[np.float64]


def layer_normalised(x: Floats, eps: float = 0.0) -> Floats:
    """Return ``(x - mean) / sqrt(var + eps)`` over the last axis, without affine part.

    Convention: the variance over the d entries divides by d.

    Raises
    ------
    ValueError
        If ``eps`` is 0 and a row is constant.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True) + eps
    if x.size and variance.min() <= 0:
        raise ValueError(f"x must vary within every row; got variance {variance.min()}")
    found: Floats = centred / np.sqrt(variance)
    return found


def null_vector(gain: Floats) -> Floats:
    """Return the unit vector that every feature covariance after layer norm maps to 0.

    Along ``1 / gain``, or a coordinate vector if a gain is 0; scaled so that nothing overflows.

    Parameters
    ----------
    gain : (d,) float
        Of the last layer norm; ones without affine part.

    Raises
    ------
    ValueError
        If there is no dimension, or a gain is NaN or infinite.
    """
    _check_gain(gain)
    smallest = int(np.argmin(np.abs(gain)))
    if gain[smallest] == 0.0:
        along = np.zeros(gain.size)
        along[smallest] = 1.0
        return along
    along = gain[smallest] / gain
    found: Floats = along / np.linalg.norm(along)
    return found


def row_sum_bound(covariance: Floats) -> float:
    """Return ``tr C``: the least ``L_c`` of a covariance with ``C 1 = 0`` and this diagonal.

    Equality exactly where no off-diagonal entry is positive.
    """
    return float(np.trace(covariance))


def simplex_features(dimension: int) -> Floats:
    """Return the layer-normalised unit vectors (d, d), each row one equally likely feature.

    Mean 0, unit variances, every covariance ``-1 / (d - 1)``: the bound is attained.

    Raises
    ------
    ValueError
        If there are fewer than two dimensions.
    """
    check_count("dimension", dimension)
    if dimension < 2:
        raise ValueError(f"dimension must be >= 2; got {dimension}")
    return layer_normalised(np.eye(dimension))


@dataclass(frozen=True, eq=False)
class Least:
    """Bounds of the least sum of absolute covariances at unit variances, and where it is attained.

    Attributes
    ----------
    lower : float
        No admissible covariance has a smaller ``L_c``.
    covariance : (d, d) float
        Admissible: unit diagonal, no positive entry off it, positive semidefinite, and the null
        vector is there.
    """

    lower: float
    covariance: Floats

    @property
    def total(self) -> float:
        """``L_c`` of the covariance; the least one exactly if it is ``lower``."""
        return float(np.abs(self.covariance).sum()) - len(self.covariance)

    @property
    def mean(self) -> float:
        """``total`` as a mean over the off-diagonal entries."""
        d = len(self.covariance)
        return self.total / (d * (d - 1))


def least_off_diagonal(gain: Floats) -> Least:
    """Return the least ``L_c`` of unit-variance features after layer norm with this gain.

    Minimise ``sum X_ij`` over symmetric ``X >= 0`` with zero diagonal and ``X u >= u``,
    ``u = 1 / |gain|``: ``|C|`` of any admissible C is such an X, so this is a lower bound. With
    ``X u = u`` the matrix ``I - X`` has the null vector u and is positive semidefinite, since the
    spectral radius of a non-negative matrix with a positive eigenvector is that vector's eigenvalue
    (Perron, Frobenius): attained. The two agree unless few gains are much smaller than all others.

    Parameters
    ----------
    gain : (d,) float
        None 0; signs only flip dimensions.

    Raises
    ------
    ValueError
        If a gain is 0: its dimension cannot have unit variance. If one ``u_i^2`` exceeds the sum
        of the others: then some dimensions must be positively correlated and no X has equality.
    """
    _check_gain(gain)
    if np.any(gain == 0.0):
        raise ValueError(f"gain must not be 0 for unit variances; got {gain.tolist()}")
    sign, u = np.sign(gain), np.abs(gain).min() / np.abs(gain)
    if 2.0 * np.square(u).max() > np.square(u).sum() * (1.0 + 1e-12):
        raise ValueError(
            f"gain must leave every 1 / gain^2 at most the sum of the others; got {gain.tolist()}"
        )
    first, second = np.triu_indices(u.size, 1)
    pair, cost = np.arange(first.size), np.full(first.size, 2.0)
    rows = np.zeros((u.size, first.size))
    rows[first, pair], rows[second, pair] = u[second], u[first]
    lower = _certified(linear_program(cost, A_ub=-rows, b_ub=-u)).value
    coupling = np.zeros((u.size, u.size))
    coupling[first, second] = _certified(linear_program(cost, A_eq=rows, b_eq=u)).x
    return Least(lower, (np.eye(u.size) - coupling - coupling.T) * np.outer(sign, sign))


def _certified(program: LinearProgram) -> LPSolution:
    solution = highs.solve(program)
    verify(program, solution)
    return solution


def realised(covariance: Floats, gain: Floats) -> tuple[Floats, Floats]:
    """Return features, and their probabilities, that layer norm can produce with this covariance.

    Mean 0. The normalised part must have covariance ``C_ij / (g_i g_j)`` with trace d, since the
    squares of every sample sum to d; two opposite points on each of its axes have it.

    Parameters
    ----------
    covariance : (d, d) float
        With ``C (1 / gain) = 0``.
    gain : (d,) float
        With ``sum_k C_kk / gain_k^2 = d``.

    Returns
    -------
    features : (2 K, d) float
        ``gain * n``, every n centred with squares summing to d.
    probability : (2 K,) float

    Raises
    ------
    ValueError
        If the trace is not d, or the null vector is not there.
    """
    _check_gain(gain)
    check_shape("covariance", covariance, (gain.size, gain.size))
    inner = covariance / np.outer(gain, gain)
    d = gain.size
    if abs(np.trace(inner) - d) > 1e-9 * d:
        raise ValueError(f"sum of C_kk / gain_k^2 must be {d}; got {np.trace(inner)}")
    if np.abs(inner.sum(axis=1)).max() > 1e-9 * d:
        raise ValueError("covariance must map 1 / gain to 0; it does not")
    values, axes = np.linalg.eigh(inner)
    kept = values > 1e-12 * d
    points = math.sqrt(d) * axes[:, kept].T
    probability = np.repeat(values[kept], 2) / (2.0 * values[kept].sum())
    return gain * np.stack([points, -points], axis=1).reshape(-1, d), probability


def _check_gain(gain: Floats) -> None:
    if gain.ndim != 1 or gain.size < 2:
        raise ValueError(f"gain must be a vector of at least 2 numbers; got shape {gain.shape}")
    check_finite("gain", gain)
