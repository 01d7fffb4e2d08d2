"""Multi-head cross-attention of one query over a set of items, twice: as written, and folded.

As written, every item gets a key and a value of its own per head,

``key_j = z_j W_K``, ``value_j = z_j W_V``, ``score_j = (q W_Q) . key_j / sqrt(d_h)``,
``y = concat_heads(sum_j softmax(score)_j value_j) W_O``.

With one query the products can be taken in another order: ``score_j = ((q W_Q) W_K^T) . z_j`` needs
one folded query per head instead of a key per item, and ``sum_j a_j value_j = (sum_j a_j z_j) W_V``
one value. Per item that leaves O(heads d) instead of O(d^2) operations, and no array of keys.
The results are the same; a test says so.

Convention: rows are inputs, ``y = x W``; head h owns the columns ``h d_h .. (h+1) d_h - 1`` of
``query``, ``key`` and ``value`` and these rows of ``output``. No biases. An item that is not
``present`` has weight exactly 0. The order of the items never matters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from linear_models import affine, categorical
from linear_models.params import Array, Params
from linear_models.validation import check_count, check_nonnegative, check_shape

NAMES = ("query", "key", "value", "output")


@dataclass(frozen=True)
class Cache:
    """What the forward pass leaves for the backward pass.

    Attributes
    ----------
    query : (..., d) array
    items : (..., N, d) array
    present : (..., N) bool array or None
    weights : (..., H, N) array
        Attention: rows sum to 1.
    heads_out : (..., H, d_h) array
        What ``output`` is applied to.
    """

    query: Array
    items: Array
    present: Array | None
    weights: Array
    heads_out: Array


def init(
    rng: np.random.Generator, width: int, gain: float = 1.0, dtype: DTypeLike = np.float64
) -> Params:
    """Orthogonal matrices times ``gain``: ``query``, ``key``, ``value``, ``output`` (d, d).

    Raises
    ------
    ValueError
        If the width is not a positive integer or the gain is negative or not finite.
    """
    check_count("width", width)
    check_nonnegative("gain", gain)
    return {name: affine.init(rng, width, width, gain, dtype)["W"] for name in NAMES}


def forward(
    params: Params, query: Array, items: Array, heads: int, present: Array | None = None
) -> tuple[Array, Cache]:
    """Attention with a key and a value for every item, as it is written.

    Parameters
    ----------
    params : dict
        ``query``, ``key``, ``value``, ``output`` (d, d).
    query : (..., d) array
    items : (..., N, d) array
        N >= 1.
    heads : int
        Divides d.
    present : (..., N) bool array, optional
        Items that count; all when left out.

    Returns
    -------
    y : (..., d) array
    cache : Cache

    Raises
    ------
    ValueError
        If shapes do not fit, there is no item, or scores are not finite.
    """
    _check(params, query, items, heads)
    keys = _by_head(items @ params["key"], heads).swapaxes(-2, -3)
    values = _by_head(items @ params["value"], heads).swapaxes(-2, -3)
    queries = _by_head(query @ params["query"], heads)
    scores = (keys @ queries[..., None])[..., 0] / math.sqrt(query.shape[-1] // heads)
    weights = _softmax(scores, present)
    heads_out = (weights[..., None, :] @ values)[..., 0, :]
    y = _joined(heads_out) @ params["output"]
    return y, Cache(query, items, present, weights, heads_out)


def single_query_forward(
    params: Params, query: Array, items: Array, heads: int, present: Array | None = None
) -> tuple[Array, Cache]:
    """Attention without keys and values; arguments, result and errors as :func:`forward`."""
    _check(params, query, items, heads)
    scores = folded_queries(params, query, heads) @ items.swapaxes(-1, -2)
    weights = _softmax(scores, present)
    # Per head: the mean item (.., H, 1, d) times the head's columns of W_V, (H, d, d_h).
    mean_items = (weights @ items)[..., None, :]
    heads_out = (mean_items @ _head_columns(params["value"], heads))[..., 0, :]
    y = _joined(heads_out) @ params["output"]
    return y, Cache(query, items, present, weights, heads_out)


def folded_queries(params: Params, query: Array, heads: int) -> Array:
    """Query of every head in the space of the items, ``(q W_Q) W_K^T / sqrt(d_h)``, (..., H, d)."""
    queries = _by_head(query @ params["query"], heads)[..., None, :]
    columns = _head_columns(params["key"], heads).swapaxes(-1, -2)
    folded: Array = (queries @ columns)[..., 0, :] / math.sqrt(query.shape[-1] // heads)
    return folded


def backward(params: Params, cache: Cache, dy: Array) -> tuple[Params, Array, Array]:
    """Gradient of ``<dy, y>`` with respect to the parameters, the query and the items.

    In the folded order, whichever forward pass was made: it is the same function.

    Returns
    -------
    grads : dict
        Keys and shapes of ``params``, summed over the batch.
    d_query : (..., d) array
    d_items : (..., N, d) array
        0 where an item is not present.

    Raises
    ------
    ValueError
        If ``dy`` does not have the shape of the output.
    """
    query, items, weights = cache.query, cache.items, cache.weights
    check_shape("dy", dy, query.shape)
    heads = weights.shape[-2]
    scale = 1 / math.sqrt(query.shape[-1] // heads)
    d_heads_out = _by_head(dy @ params["output"].T, heads)
    # y = output(heads_out), heads_out = value(mean_items), mean_items = weights @ items
    d_mean = _times_head_columns_transposed(d_heads_out, params["value"])
    d_weights = d_mean @ items.swapaxes(-1, -2)
    d_scores = weights * (d_weights - (weights * d_weights).sum(axis=-1, keepdims=True))
    # scores = folded . items, folded = scale (query W_Q)_h W_Kh^T
    d_folded = d_scores @ items
    d_items = weights.swapaxes(-1, -2) @ d_mean
    d_items = d_items + d_scores.swapaxes(-1, -2) @ folded_queries(params, query, heads)
    d_queries = scale * (d_folded[..., None, :] @ _head_columns(params["key"], heads))[..., 0, :]
    queries = scale * _by_head(query @ params["query"], heads)
    grads = {
        "query": _outer(query, _joined(d_queries)),
        "key": _outer_by_head(d_folded, queries),
        "value": _outer_by_head(weights @ items, d_heads_out),
        "output": _outer(_joined(cache.heads_out), dy),
    }
    return grads, _joined(d_queries) @ params["query"].T, d_items


def _check(params: Params, query: Array, items: Array, heads: int) -> None:
    check_count("heads", heads)
    width = query.shape[-1] if query.ndim else 0
    if width % heads or not width:
        raise ValueError(f"heads must divide the width of the query, {width}; got {heads}")
    if items.ndim != query.ndim + 1 or items.shape[:-2] + items.shape[-1:] != query.shape:
        expected = (*query.shape[:-1], "N", width)
        raise ValueError(f"items must have shape {expected}; got {items.shape}")
    if items.shape[-2] == 0:
        raise ValueError(f"items must hold at least one item; got shape {items.shape}")
    for name in NAMES:
        check_shape(f"params[{name!r}]", params[name], (width, width))


def _softmax(scores: Array, present: Array | None) -> Array:
    if present is None:
        return categorical.probabilities(scores)
    check_shape("present", present, scores.shape[:-2] + scores.shape[-1:])
    return categorical.probabilities(scores, np.broadcast_to(present[..., None, :], scores.shape))


def _by_head(x: Array, heads: int) -> Array:
    """(..., d) as (..., H, d_h)."""
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)


def _joined(x: Array) -> Array:
    """(..., H, d_h) as (..., d)."""
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def _head_columns(weights: Array, heads: int) -> Array:
    """Columns of a (d, d) matrix by head, (H, d, d_h)."""
    return _by_head(weights, heads).swapaxes(0, 1)


def _times_head_columns_transposed(x: Array, weights: Array) -> Array:
    """``x_h W_h^T`` per head: (..., H, d_h) and (d, d) to (..., H, d)."""
    columns = _head_columns(weights, x.shape[-2]).swapaxes(-1, -2)
    y: Array = (x[..., None, :] @ columns)[..., 0, :]
    return y


def _outer(x: Array, dy: Array) -> Array:
    """``sum_rows x^T dy``."""
    grad: Array = x.reshape(-1, x.shape[-1]).T @ dy.reshape(-1, dy.shape[-1])
    return grad


def _outer_by_head(x: Array, dy: Array) -> Array:
    """``sum_rows x_h^T dy_h``, the heads' columns side by side: (d, d)."""
    heads, width, d_head = x.shape[-2], x.shape[-1], dy.shape[-1]
    rows, d_rows = x.reshape(-1, heads, width), dy.reshape(-1, heads, d_head)
    by_head = rows.transpose(1, 2, 0) @ d_rows.transpose(1, 0, 2)
    return by_head.transpose(1, 0, 2).reshape(width, heads * d_head)
