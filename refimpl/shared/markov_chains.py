"""Continuous-time Markov chains: generators, transition matrices, stationary laws.

Convention: rows. ``Q[..., i, j]`` is the rate from i to j, rows of Q sum to 0, rows of
``P(t) = exp(Q t)`` sum to 1, and a law is a row vector, ``p(t) = p(0) P(t)``. A paper that writes
columns (``p = P e_x``) means the transposed matrices.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from linear_models.params import Array
from linear_models.validation import check_finite, check_nonnegative, check_positive
from refimpl.shared.matrix_exponential import exponential

Floats = NDArray[np.float64]


def check_generator(name: str, generator: Array) -> None:
    """Raise unless the argument is a generator, or a batch of them, in row convention.

    Raises
    ------
    ValueError
        If it is not square, has a negative rate or NaN, or a row does not sum to 0 (to rounding, in
        units of the row's largest rate).
    """
    if generator.ndim < 2 or generator.shape[-1] != generator.shape[-2]:
        raise ValueError(f"{name} must have shape (..., n, n); got {generator.shape}")
    check_finite(name, generator)
    off_diagonal = generator * (1 - np.eye(generator.shape[-1]))
    if off_diagonal.min(initial=0.0) < 0:
        raise ValueError(f"{name} must have rates >= 0; got {off_diagonal.min()}")
    sums, sizes = generator.sum(axis=-1), np.abs(generator).max(axis=-1)
    wrong = np.abs(sums) > 1e-12 * sizes
    if wrong.any():
        raise ValueError(f"{name} must have rows that sum to 0; got {sums[wrong].flat[0]}")


def check_rates(name: str, rates: ArrayLike) -> Array:
    """Rates as an array of floats (complex ones stay complex).

    Raises
    ------
    ValueError
        If a rate is negative, NaN or infinite.
    """
    array = np.asarray(rates)
    array = array.astype(np.result_type(array, np.float64), copy=False)
    check_finite(name, array)
    if array.real.min(initial=0.0) < 0:
        raise ValueError(f"{name} must be >= 0; got {array.real.min()}")
    return array


def birth_death(births: ArrayLike, deaths: ArrayLike) -> Array:
    """Build generators of birth-death chains on 0..n-1.

    Parameters
    ----------
    births : (..., n - 1) float
        Rates from k to k + 1, >= 0.
    deaths : (..., n - 1) float
        Rates from k + 1 to k, >= 0; broadcast against ``births``.

    Returns
    -------
    (..., n, n) float
        Convention: row = from.

    Raises
    ------
    ValueError
        If a rate is negative, NaN or infinite, or the shapes do not fit.
    """
    up, down = np.broadcast_arrays(check_rates("births", births), check_rates("deaths", deaths))
    if up.ndim == 0:
        raise ValueError("births and deaths must have shape (..., n - 1); got two numbers")
    n = up.shape[-1] + 1
    generator = np.zeros((*up.shape[:-1], n, n), dtype=np.result_type(up, down))
    k = np.arange(n - 1)
    generator[..., k, k + 1] = up
    generator[..., k + 1, k] = down
    generator[..., np.arange(n), np.arange(n)] = -generator.sum(axis=-1)
    return generator


def transition_matrix(generator: ArrayLike, time: float) -> Floats:
    """``exp(Q t)``, row-stochastic, for one generator or a batch.

    Parameters
    ----------
    generator : (..., n, n) float
    time : float
        >= 0.

    Raises
    ------
    ValueError
        If ``generator`` is none or ``time`` is negative or not finite.
    """
    q = np.asarray(generator, dtype=np.float64)
    check_generator("generator", q)
    check_nonnegative("time", time)
    return exponential(q * time)


def uniformized(generator: ArrayLike, time: float, tolerance: float = 1e-15) -> Floats:
    """``exp(Q t)`` as a Poisson mixture of powers of a discrete chain.

    With ``r`` at least every rate of leaving, ``K = I + Q / r`` is stochastic and ``exp(Q t) =
    sum_n Poisson(n; r t) K^n``: jump at rate r, sometimes to where you are. Slower than
    :func:`transition_matrix` and independent of it.

    Parameters
    ----------
    generator : (n, n) float
    time : float
        >= 0.
    tolerance : float
        Bound on the Poisson mass left out, > 0.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    q = np.asarray(generator, dtype=np.float64)
    check_generator("generator", q)
    return transient(sparse.csr_array(q), np.eye(q.shape[-1]), time, tolerance)


def transient(
    generator: sparse.csr_array, start: ArrayLike, time: float, tolerance: float = 1e-15
) -> Floats:
    """Laws at ``time`` of a sparse chain that starts with given laws: ``p exp(Q t)``.

    Parameters
    ----------
    generator : sparse (n, n)
    start : (..., n) float
        Rows: probabilities, or any row vectors.
    time : float
        >= 0.
    tolerance : float
        Bound on the Poisson mass left out, > 0.

    Returns
    -------
    (..., n) float

    Raises
    ------
    ValueError
        If a rate is negative, rows do not sum to 0, or a number is out of range.
    """
    _check_sparse_generator(generator)
    check_nonnegative("time", time)
    check_positive("tolerance", tolerance)
    law = np.asarray(start, dtype=np.float64)
    check_finite("start", law)
    rate = float(-generator.diagonal().min(initial=0.0))
    weights = _poisson_weights(rate * time, tolerance)
    backward = sparse.csr_array(generator.T)
    current = law.reshape(-1, generator.shape[0]).T
    total = weights[0] * current
    for weight in weights[1:]:
        current = current + (backward @ current) / rate
        total = total + weight * current
    return np.ascontiguousarray(total.T).reshape(law.shape)


def stationary(generator: ArrayLike) -> Floats:
    """Stationary laws of irreducible chains, by elimination without subtraction.

    State n-1, then n-2, ... is cut out of the chain (Grassmann, Taksar and Heyman 1985): all
    numbers stay non-negative, so every probability has full relative accuracy.

    Parameters
    ----------
    generator : (..., n, n) float

    Returns
    -------
    (..., n) float
        Rows sum to 1.

    Raises
    ------
    ValueError
        If ``generator`` is none, or a state cannot reach the states before it.
    """
    q = np.array(generator, dtype=np.float64)
    check_generator("generator", q)
    n = q.shape[-1]
    for k in range(n - 1, 0, -1):
        leaving = q[..., k, :k].sum(axis=-1)
        if not (leaving > 0).all():
            raise ValueError(f"generator must be irreducible; got no way from {k} to below it")
        q[..., :k, k] /= leaving[..., None]
        q[..., :k, :k] += q[..., :k, k, None] * q[..., None, k, :k]
    law = np.zeros(q.shape[:-1])
    law[..., 0] = 1.0
    for k in range(1, n):
        law[..., k] = (law[..., :k] * q[..., :k, k]).sum(axis=-1)
    law /= law.sum(axis=-1, keepdims=True)
    return law


def _poisson_weights(mean: float, tolerance: float) -> Floats:
    """Poisson probabilities 0, 1, ... until at most ``tolerance`` is left out."""
    last = math.ceil(mean + 10.0 * math.sqrt(mean * -math.log(min(tolerance, 0.1))) + 30.0)
    if mean == 0.0:
        return np.ones(1)
    n = np.arange(last + 1)
    logs = n * math.log(mean) - mean - np.array([math.lgamma(k + 1.0) for k in n])
    weights = np.exp(logs)
    tail = np.cumsum(weights[::-1])[::-1]
    return np.asarray(weights[: int((tail > tolerance / 2).sum()) + 1] / tail[0])


def _check_sparse_generator(generator: sparse.csr_array) -> None:
    if generator.ndim != 2 or generator.shape[0] != generator.shape[1]:
        raise ValueError(f"generator must have shape (n, n); got {generator.shape}")
    check_finite("generator", generator.data)
    diagonal = generator.diagonal()
    off_diagonal = sparse.coo_array(generator)
    rates = off_diagonal.data[off_diagonal.row != off_diagonal.col]
    if rates.min(initial=0.0) < 0:
        raise ValueError(f"generator must have rates >= 0; got {rates.min()}")
    sums = np.abs(np.asarray(generator.sum(axis=1)))
    if (sums > 1e-12 * np.abs(diagonal)).any():
        raise ValueError(f"generator must have rows that sum to 0; got {sums.max()}")
