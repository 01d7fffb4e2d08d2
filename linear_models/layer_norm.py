"""Layer normalisation: every row is centred and scaled to variance one, then stretched and shifted.

``y = gain (x - mean) / sqrt(var + eps) + shift``, mean and variance over the last axis. Without
``gain`` and ``shift`` in the parameters, only the first half: then every row of ``y`` sums to 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array, Params
from linear_models.validation import check_count, check_last_axis, check_positive, check_shape

EPS = 1e-5
"""Floor below the variance, so that a constant row becomes 0 instead of NaN."""


@dataclass(frozen=True)
class Cache:
    """What the forward pass leaves for the backward pass.

    Attributes
    ----------
    normal : (..., d) array
        Rows centred and scaled.
    scale : (..., 1) array
        ``1 / sqrt(var + eps)``.
    """

    normal: Array
    scale: Array


def init(width: int, dtype: DTypeLike = np.float64) -> Params:
    """Return ``gain`` (width,) of ones and ``shift`` (width,) of zeros.

    Raises
    ------
    ValueError
        If the width is not a positive integer.
    """
    check_count("width", width)
    return {"gain": np.ones(width, dtype), "shift": np.zeros(width, dtype)}


def forward(params: Params, x: Array, eps: float = EPS) -> tuple[Array, Cache]:
    """Normalise every row of ``x``.

    Parameters
    ----------
    params : dict
        ``gain`` and ``shift`` (d,), or empty: no stretch, no shift.
    x : (..., d) array
    eps : float
        > 0.

    Returns
    -------
    y : (..., d) array
    cache : Cache

    Raises
    ------
    ValueError
        If shapes do not fit, only one of the two parameters is there, or ``eps`` is not positive.

    Convention: the variance divides by d, not by d - 1.
    """
    check_positive("eps", eps)
    if params.keys() not in (set(), {"gain", "shift"}):
        raise ValueError(f"params must have the keys gain, shift or none; got {sorted(params)}")
    for key, value in params.items():
        check_last_axis("x", x, value.size)
        check_shape(f"params[{key!r}]", value, x.shape[-1:])
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)
    normal = centred * scale
    y = normal * params["gain"] + params["shift"] if params else normal
    return y, Cache(normal, scale)


def backward(params: Params, cache: Cache, dy: Array) -> tuple[Params, Array]:
    """Gradient of ``<dy, y>`` with respect to the parameters and the input.

    ``dx = scale (dn - mean(dn) - n mean(n dn))`` with ``n`` the normalised rows, ``dn = gain dy``.

    Returns
    -------
    grads : dict
        Keys and shapes of ``params``, summed over all rows.
    dx : (..., d) array

    Raises
    ------
    ValueError
        If ``dy`` does not have the shape of the output.
    """
    normal = cache.normal
    check_shape("dy", dy, normal.shape)
    d_normal, grads = dy, {}
    if params:
        rows = tuple(range(dy.ndim - 1))
        grads = {"gain": (dy * normal).sum(axis=rows), "shift": dy.sum(axis=rows)}
        d_normal = dy * params["gain"]
    along = (d_normal * normal).mean(axis=-1, keepdims=True)
    dx: Array = cache.scale * (d_normal - d_normal.mean(axis=-1, keepdims=True) - normal * along)
    return grads, dx
