"""Reference state, deviation from it, and load imbalance [DG-PG sec. 4] [DG-PG App. C]."""

from __future__ import annotations

from typing import Any

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_shape


def reference_state(load: Array, capacity: Array) -> Array:
    """Return the capacity-proportional reference state [DG-PG eq. 19].

    ``xr_nk = C_nk / sum_m C_mk * W_k`` with ``W_k = sum_n x_nk``: every server has the same
    utilisation of a resource. Convention: a constant for all gradients (stop-gradient).

    Parameters
    ----------
    load : (..., N, R) float
        ``x``: load of every server.
    capacity : (..., N, R) float
        Positive.

    Returns
    -------
    (..., N, R) float

    Raises
    ------
    ValueError
        If shapes differ, there is no server, or a capacity is not positive.
    """
    _check(load, capacity)
    share = capacity / capacity.sum(axis=-2, keepdims=True)
    state: Array = share * load.sum(axis=-2, keepdims=True)
    return state


def deviation(load: Array, reference: Array) -> Array:
    """Return half the squared distance from the reference [DG-PG eq. 6].

    Parameters
    ----------
    load, reference : (..., N, R) float

    Returns
    -------
    (...) float
    """
    check_shape("reference", reference, load.shape)
    difference = load - reference
    half: Array = 0.5 * (difference * difference).sum(axis=(-2, -1))
    return half


def imbalance(load: Array, capacity: Array) -> Array:
    """Return the load-imbalance functional ``1/2 sum_nk x_nk^2 / C_nk`` [DG-PG eq. 18].

    Parameters
    ----------
    load, capacity : (..., N, R) float

    Returns
    -------
    (...) float
    """
    _check(load, capacity)
    half: Array = 0.5 * (load * load / capacity).sum(axis=(-2, -1))
    return half


def imbalance_gradient(load: Array, capacity: Array) -> Array:
    """Return the gradient of the imbalance: the utilisation ``x / C`` [DG-PG App. C.1]."""
    _check(load, capacity)
    return load / capacity


def alignment(load: Array, capacity: Array) -> Any:
    """Return ``<grad imbalance, xr - x>``, never above 0 [DG-PG Prop. C.1].

    Equal to ``-sum (x - xr)^2 / C``.
    """
    gradient = imbalance_gradient(load, capacity)
    return (gradient * (reference_state(load, capacity) - load)).sum(axis=(-2, -1))


def _check(load: Array, capacity: Array) -> None:
    check_shape("capacity", capacity, load.shape)
    if load.ndim < 2 or load.shape[-2] < 1:
        raise ValueError(f"load must have axes (..., servers, resources); got shape {load.shape}")
    if not (capacity.real > 0).all():
        raise ValueError(f"capacity must be > 0; got {np.min(capacity.real)}")
