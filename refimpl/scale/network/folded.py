"""The network with products of matrices taken once instead of once per sample.

With a single query, query and key matrix of a head only ever appear as ``W_Q W_K^T``, value and
output matrix as ``W_V W_O``, the pointer's two as ``W_q W_k^T``; so do their gradients. Biases of
the embeddings' first layers become a row under the weights, for inputs that end in a 1.

Convention: head h owns the columns ``h d .. (h+1) d - 1`` of ``look{l}`` (d, H d), which holds the
scale ``1 / sqrt(d_h)`` too, and these rows of ``take{l}`` (H d, d).
"""

from __future__ import annotations

import math

import numpy as np

from linear_models.attention import NAMES as MATRICES
from linear_models.params import Array, Params
from refimpl.scale.network.parameters import N_FEATURES, Shape

EMBEDDINGS = ("task", "server")


def folded(params: Params, shape: Shape) -> Params:
    """Return the parameters of the folded network; those that do not fold are the same arrays."""
    found = empty_folded(params, shape)
    fold(params, shape, found)
    return found


def empty_folded(params: Params, shape: Shape) -> Params:
    """Make new arrays for what folds; what does not keeps its own."""
    replaced, dtype = _replaced(shape), np.result_type(*params.values())
    found = {key: value for key, value in params.items() if key not in replaced}
    width, wide = shape.width, shape.heads * shape.width
    for name in EMBEDDINGS:
        found[f"{name}_W0"] = np.empty((N_FEATURES + 1, shape.hidden), dtype)
    for layer in range(shape.layers):
        found[f"look{layer}"] = np.empty((width, wide), dtype)
        found[f"take{layer}"] = np.empty((wide, width), dtype)
    found["pointer"] = np.empty((width, width), dtype)
    return found


def fold(params: Params, shape: Shape, found: Params) -> None:
    """Fill in what folds."""
    heads = shape.heads
    scale = 1 / math.sqrt(shape.width // heads)
    for name in EMBEDDINGS:
        found[f"{name}_W0"][:-1] = params[f"{name}_W0"]
        found[f"{name}_W0"][-1] = params[f"{name}_b0"]
    for layer in range(shape.layers):
        query, key, value, output = _matrices(params, layer, heads)
        np.matmul(query, key.swapaxes(1, 2), out=_by_head(found[f"look{layer}"], heads))
        found[f"look{layer}"] *= scale
        np.matmul(value, output, out=_head_rows(found[f"take{layer}"], heads))
    np.matmul(params["pointer_query"], params["pointer_key"].T, out=found["pointer"])


def fold_vjp(params: Params, d_folded: Params, shape: Shape, grads: Params) -> None:
    """Write into ``grads`` what the gradient ``d_folded`` means for the parameters that fold."""
    heads = shape.heads
    scale = 1 / math.sqrt(shape.width // heads)
    for name in EMBEDDINGS:
        grads[f"{name}_W0"][...] = d_folded[f"{name}_W0"][:-1]
        grads[f"{name}_b0"][...] = d_folded[f"{name}_W0"][-1]
    for layer in range(shape.layers):
        query, key, value, output = _matrices(params, layer, heads)
        d_query, d_key, d_value, d_output = _matrices(grads, layer, heads)
        d_look = _by_head(d_folded[f"look{layer}"] * scale, heads)
        d_take = _head_rows(d_folded[f"take{layer}"], heads)
        np.matmul(d_look, key, out=d_query)
        np.matmul(d_look.swapaxes(1, 2), query, out=d_key)
        np.matmul(d_take, output.swapaxes(1, 2), out=d_value)
        np.matmul(value.swapaxes(1, 2), d_take, out=d_output)
    d_pointer = d_folded["pointer"]
    np.matmul(d_pointer, params["pointer_key"], out=grads["pointer_query"])
    np.matmul(d_pointer.T, params["pointer_query"], out=grads["pointer_key"])


def _replaced(shape: Shape) -> set[str]:
    """Names of the parameters that are not in the folded network as they are."""
    names = {f"{name}{layer}" for name in MATRICES for layer in range(shape.layers)}
    first = {f"{name}_{kind}0" for name in EMBEDDINGS for kind in "Wb"}
    return names | first | {"pointer_query", "pointer_key"}


def _matrices(params: Params, layer: int, heads: int) -> tuple[Array, ...]:
    """View by head query, key and value matrix, (H, d, d_h), and the output matrix, (H, d_h, d)."""
    query, key, value, output = (params[f"{name}{layer}"] for name in MATRICES)
    columns = (_by_head(matrix, heads) for matrix in (query, key, value))
    return *columns, _head_rows(output, heads)


def _by_head(matrix: Array, heads: int) -> Array:
    """View columns by head: (d, H m) as (H, d, m)."""
    return matrix.reshape(len(matrix), heads, -1).swapaxes(0, 1)


def _head_rows(matrix: Array, heads: int) -> Array:
    """View rows by head: (H m, d) as (H, m, d)."""
    return matrix.reshape(heads, -1, matrix.shape[1])
