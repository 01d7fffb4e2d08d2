"""Matrix exponentials of many small matrices at once, without subtraction.

A generator of a Markov chain, and any matrix with non-negative entries off the diagonal, becomes
non-negative when a multiple of the identity is added, and that multiple comes off again as a
scalar factor: ``exp(A) = e^{-c} exp(A + c I)``. The Taylor series and the squarings that follow
then add and multiply non-negative numbers only: nothing cancels, so every entry, however small, has
a small relative error, which grows with the number of squarings, that is with the norm of A.
"""

from __future__ import annotations

import math

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_finite

# Each squaring doubles the rounding error, so the series is long and squarings are few.
LARGEST_NORM = 8.0
BLOCK = 8
N_BLOCKS = 7
# exp(X) = sum_b X^(8b) sum_k X^k / (8b + k)!: the rest after 56 terms is below 8^56 / 56! = 1e-24.
WORKING_SET = 2**17  # numbers; the powers of a chunk of matrices stay in the cache
COEFFICIENTS = np.array(
    [[1 / math.factorial(BLOCK * b + k) for k in range(BLOCK)] for b in range(N_BLOCKS)]
)


def exponential(matrices: Array) -> Array:
    """``exp(A)`` for every matrix of a batch.

    Parameters
    ----------
    matrices : (..., n, n) array
        Real or complex. Best with non-negative entries off the diagonal (generators, also with
        further columns that count or collect); others are as accurate as their norm allows.

    Returns
    -------
    (..., n, n) array

    Raises
    ------
    ValueError
        If the matrices are not square, or an entry is NaN or infinite.
    """
    matrices = np.asarray(matrices)
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2]:
        raise ValueError(f"matrices must have shape (..., n, n); got {matrices.shape}")
    check_finite("matrices", matrices)
    n = matrices.shape[-1]
    flat = matrices.reshape(-1, n, n)
    result = np.empty(flat.shape, dtype=np.result_type(flat, np.float64))
    chunk = max(1, WORKING_SET // (BLOCK * n * n))
    for first in range(0, len(flat), chunk):
        result[first : first + chunk] = _exponential(flat[first : first + chunk])
    return result.reshape(matrices.shape)


def _exponential(matrices: Array) -> Array:
    diagonal = np.einsum("mii->mi", matrices).real
    shift = np.maximum(-diagonal.min(axis=1), 0.0)
    shifted = matrices + shift[:, None, None] * np.eye(matrices.shape[-1])
    norms = np.abs(shifted).sum(axis=2).max(axis=1)
    squarings = np.ceil(np.log2(np.maximum(norms / LARGEST_NORM, 1.0))).astype(np.intp)
    scale = np.exp2(-squarings.astype(np.float64))
    shifted *= scale[:, None, None]
    powers = _taylor(shifted)
    powers *= np.exp(-shift * scale)[:, None, None]
    return _squared(powers, squarings)


def _taylor(x: Array) -> Array:
    """Series of exp at matrices of norm at most 8, as a polynomial in the eighth power."""
    m, n, _ = x.shape
    powers = np.empty((m, BLOCK, n, n), dtype=x.dtype)
    powers[:, 0] = np.eye(n)
    powers[:, 1] = x
    for k in range(2, BLOCK):
        np.matmul(powers[:, k - 1], x, out=powers[:, k])
    top = powers[:, BLOCK - 1] @ x
    blocks = (COEFFICIENTS @ powers.reshape(m, BLOCK, n * n)).reshape(m, N_BLOCKS, n, n)
    result: Array = blocks[:, -1]
    for b in reversed(range(N_BLOCKS - 1)):
        result = top @ result
        result += blocks[:, b]
    return result


def _squared(powers: Array, times: Array) -> Array:
    """Square each matrix as often as it asks for."""
    for k in range(times.max()):
        due = times > k
        if due.all():
            powers = powers @ powers
        else:
            powers[due] = powers[due] @ powers[due]
    return powers
