"""The affine layer ``y = x W + b`` and its gradient."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array, Params
from linear_models.validation import (
    check_count,
    check_last_axis,
    check_nonnegative,
    check_shape,
)


def init(
    rng: np.random.Generator,
    n_in: int,
    n_out: int,
    gain: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Orthogonal weights times ``gain``, zero bias.

    The shorter side of ``W`` is orthonormal up to ``gain``: its singular values all equal ``gain``,
    so a signal neither grows nor shrinks. Uniform over such matrices (Haar measure).

    Returns
    -------
    dict
        ``W`` (n_in, n_out), ``b`` (n_out,).

    Raises
    ------
    ValueError
        If a size is not a positive integer or ``gain`` is negative or not finite.
    """
    check_count("n_in", n_in)
    check_count("n_out", n_out)
    check_nonnegative("gain", gain)
    tall = rng.standard_normal((max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    # QR leaves the sign of each column to the library; the diagonal of r makes it uniform.
    q = q * np.copysign(1.0, np.diag(r))
    weights = gain * (q if n_in >= n_out else q.T)
    return {"W": weights.astype(dtype), "b": np.zeros(n_out, dtype)}


def forward(params: Params, x: Array) -> tuple[Array, Array]:
    """``y = x W + b``, row by row.

    Parameters
    ----------
    params : dict
        ``W`` (n_in, n_out), ``b`` (n_out,).
    x : (..., n_in) array
        Any number of leading axes; each row is one sample.

    Returns
    -------
    y : (..., n_out) array
    cache : (..., n_in) array
        What :func:`backward` needs: the input itself.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    weights, bias = params["W"], params["b"]
    if weights.ndim != 2:
        raise ValueError(f"params['W'] must have shape (n_in, n_out); got {weights.shape}")
    check_last_axis("x", x, weights.shape[0])
    check_shape("params['b']", bias, weights.shape[1:])
    # One product of two matrices; NumPy would multiply a stack of matrices one by one.
    rows = x.reshape(math.prod(x.shape[:-1]), weights.shape[0])
    return (rows @ weights + bias).reshape(*x.shape[:-1], weights.shape[1]), x


def backward(params: Params, cache: Array, dy: Array) -> tuple[Params, Array]:
    """Gradient of ``<dy, y>`` with respect to the parameters and the input.

    ``dW = sum_rows x^T dy``, ``db = sum_rows dy``, ``dx = dy W^T``.

    Parameters
    ----------
    params, cache
        As given to and returned by :func:`forward`.
    dy : (..., n_out) array

    Returns
    -------
    grads : dict
        ``W`` (n_in, n_out), ``b`` (n_out,), summed over all rows.
    dx : (..., n_in) array

    Raises
    ------
    ValueError
        If ``dy`` does not have the shape of the layer's output.
    """
    x, weights = cache, params["W"]
    n_in, n_out = weights.shape
    check_shape("dy", dy, (*x.shape[:-1], n_out))
    n_rows = math.prod(x.shape[:-1])
    x_rows, dy_rows = x.reshape(n_rows, n_in), dy.reshape(n_rows, n_out)
    grads = {"W": x_rows.T @ dy_rows, "b": dy_rows.sum(axis=0)}
    # With one output this is an outer product, for which entry by entry is several times faster.
    dx_rows = dy_rows * weights.T if n_out == 1 else dy_rows @ weights.T
    return grads, dx_rows.reshape(x.shape)
