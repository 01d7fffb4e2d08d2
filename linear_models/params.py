"""Parameters are a dict of arrays; gradients are a dict with the same keys and shapes.

Convention: the order of the keys never matters. Where an order is needed (``flatten``), it is the
sorted order of the keys, so parameters and gradients built in different orders line up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_finite, check_shape

Array = NDArray[Any]
Params = dict[str, Array]


def flatten(params: Mapping[str, Array]) -> Array:
    """All entries as one vector, arrays in sorted key order, each row by row.

    Raises
    ------
    ValueError
        If ``params`` is empty.
    """
    _require_some("params", params)
    return np.concatenate([np.ravel(params[key]) for key in sorted(params)])


def unflatten(vector: Array, like: Mapping[str, Array]) -> Params:
    """Inverse of :func:`flatten`: cut ``vector`` into arrays with the keys and shapes of ``like``.

    The pieces are views of ``vector`` and keep its dtype.

    Raises
    ------
    ValueError
        If ``vector`` does not have exactly as many entries as ``like``.
    """
    _require_some("like", like)
    keys = sorted(like)
    sizes = [like[key].size for key in keys]
    check_shape("vector", vector, (sum(sizes),))
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    by_key = {key: piece.reshape(like[key].shape) for key, piece in zip(keys, pieces, strict=True)}
    return {key: by_key[key] for key in like}


def map_params(f: Callable[..., Array], *params: Mapping[str, Array]) -> Params:
    """Apply ``f`` to the arrays of one or several dicts, key by key.

    ``map_params(lambda p, g: p - lr * g, params, grads)`` is a gradient step.

    Raises
    ------
    ValueError
        If the dicts do not have the same keys and shapes, or there is no dict.
    """
    if not params:
        raise ValueError("params must hold at least one dict; got none")
    first, *others = params
    for other in others:
        check_matches("params", other, first)
    return {key: f(*(p[key] for p in params)) for key in first}


def zeros_like(params: Mapping[str, Array]) -> Params:
    """Zeros with the keys, shapes and dtypes of ``params``."""
    return {key: np.zeros_like(value) for key, value in params.items()}


def global_norm(params: Mapping[str, Array]) -> Any:
    """Euclidean norm of all entries together, ``sqrt(sum_k sum_j params[k][j]^2)``.

    Returns
    -------
    float
        Or complex, for complex arrays: squares are summed, not squared moduli, so that a complex
        step passes through.

    Raises
    ------
    ValueError
        If an entry is NaN or infinite, or the sum of squares overflows.
    """
    _require_some("params", params)
    with np.errstate(over="ignore"):  # refused right below
        total = sum(np.dot(flat, flat).item() for flat in map(np.ravel, params.values()))
    if not np.isfinite(total):
        for key, value in params.items():
            check_finite(f"params[{key!r}]", value)
        raise ValueError(f"params must have a finite sum of squares; got {total} by overflow")
    return np.sqrt(total).item()


def check_matches(name: str, given: Mapping[str, Array], like: Mapping[str, Array]) -> None:
    """Require ``given`` to have exactly the keys and shapes of ``like``.

    Raises
    ------
    ValueError
        Naming the keys or the shape that differ.
    """
    if given.keys() != like.keys():
        raise ValueError(f"{name} must have the keys {sorted(like)}; got {sorted(given)}")
    for key, value in given.items():
        if value.shape != like[key].shape:
            check_shape(f"{name}[{key!r}]", value, like[key].shape)


def _require_some(name: str, params: Mapping[str, Array]) -> None:
    if not params:
        raise ValueError(f"{name} must hold at least one array; got an empty dict")
