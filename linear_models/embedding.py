"""Embedding: one learned vector per category, looked up by number.

The same as an affine layer without bias on one-hot rows, without ever making the rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array, Params
from linear_models.validation import check_count, check_indices, check_shape


def init(
    rng: np.random.Generator,
    n_categories: int,
    width: int,
    scale: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Vectors with independent normal entries of standard deviation ``scale``.

    Returns
    -------
    dict
        ``E`` (n_categories, width).

    Raises
    ------
    ValueError
        If a size is not a positive integer.
    """
    check_count("n_categories", n_categories)
    check_count("width", width)
    return {"E": (scale * rng.standard_normal((n_categories, width))).astype(dtype)}


def forward(params: Params, indices: Array) -> tuple[Array, Array]:
    """Vectors of the categories ``indices``.

    Parameters
    ----------
    params : dict
        ``E`` (n_categories, width).
    indices : (...) integer array
        In 0..n_categories-1.

    Returns
    -------
    y : (..., width) array
    cache : (...) integer array
        What :func:`backward` needs: the indices.

    Raises
    ------
    ValueError
        If an index is out of range.
    """
    check_indices("indices", indices, len(params["E"]))
    return params["E"][indices], indices


def backward(params: Params, cache: Array, dy: Array) -> Params:
    """Gradient of ``<dy, y>`` with respect to the vectors; an index has no derivative.

    Returns
    -------
    dict
        ``E`` (n_categories, width): the rows of ``dy`` summed by category.

    Raises
    ------
    ValueError
        If ``dy`` does not have the shape of the output.
    """
    table = params["E"]
    check_shape("dy", dy, (*cache.shape, table.shape[1]))
    rows = dy.reshape(-1, table.shape[1])
    return {"E": sum_by_category(cache.ravel(), rows, len(table))}


def sum_by_category(indices: Array, rows: Array, n_categories: int) -> Array:
    """Sum of the rows of every category, (n_categories, width); 0 where there are none.

    Parameters
    ----------
    indices : (B,) integer array
        In 0..n_categories-1, not checked.
    rows : (B, width) array
    n_categories : int
    """
    total = np.zeros((n_categories, rows.shape[1]), rows.dtype)
    if len(indices):
        # Sorted, every category is one stretch, and stretches are summed several times faster
        # than entries are added one by one.
        order = np.argsort(indices, kind="stable")
        ordered = indices[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        total[ordered[starts]] = np.add.reduceat(rows[order], starts, axis=0)
    return total
