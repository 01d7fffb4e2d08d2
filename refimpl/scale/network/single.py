"""Decisions without gradients: one state in a few dozen vector operations, or E side by side."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from linear_models.layer_norm import EPS
from linear_models.params import Array
from linear_models.validation import check_finite, check_shape
from refimpl.scale.network.parameters import N_FEATURES
from refimpl.scale.network.pointer import Outputs, check_inputs
from refimpl.scale.network.preparation import TILE, Affine, Prepared, prepared

__all__ = ["Prepared", "act", "decide", "prepared"]


def decide(network: Prepared, task: Array, servers: Array) -> Array:
    """Logits (N,) of the servers for one task [SCALE eq. 4].

    Parameters
    ----------
    network : Prepared
    task : (5,) array
    servers : (N, 5) array
        N >= 1.

    Raises
    ------
    ValueError
        If shapes do not fit, there is no server, or a feature is not finite.
    """
    if task.shape != (N_FEATURES,) or servers.ndim != 2 or servers.shape[1] != N_FEATURES:
        check_shape("task", task, (N_FEATURES,))
        raise ValueError(f"servers must have shape (N, {N_FEATURES}); got {servers.shape}")
    if not len(servers):
        raise ValueError(f"servers must hold at least one server; got shape {servers.shape}")
    # Two sums tell; which entry it was is looked up only when there is one.
    if not math.isfinite(float(task.sum()) + float(servers.sum())):
        check_finite("task", task)
        check_finite("servers", servers)
    shape, dtype = network.shape, network.floor.dtype
    # In memory server after server along each feature: the products below are fastest so.
    turned = np.empty((shape.width, len(servers)), dtype)
    items = turned.T
    _embed(network, servers.astype(dtype, copy=False), items)
    x = _mapped(task.astype(dtype, copy=False), network.task)
    np.maximum(x, 0, out=x)
    width = shape.width
    for layer in network.layers:
        x = _mapped(x, layer.look)
        looks, residual = x[:-width].reshape(shape.heads, width), x[-width:]
        x = _mean_item(looks.dot(turned), items).dot(layer.take)
        x += residual
        x *= 1 / math.sqrt(float(x.dot(x)) / width + EPS)
        x = _mapped(x, layer.inner)
        inner, residual = x[:-width], x[-width:]
        x = (inner * ndtr(inner)).dot(layer.outer)
        x += residual
        x *= 1 / math.sqrt(float(x.dot(x)) / width + EPS)
    x = _mapped(x, network.point)
    logits: Array = x[:-1].dot(turned)
    logits += x[-1]
    return logits


def act(network: Prepared, task: Array, servers: Array, present: Array | None = None) -> Outputs:
    """Logits (E, N), value (E,) and features (E, d) of E states side by side.

    Parameters
    ----------
    network : Prepared
    task : (E, 5) array
    servers : (E, N, 5) array
    present : (E, N) bool array, optional

    Raises
    ------
    ValueError
        If shapes do not fit, there is no server, or a feature is not finite.
    """
    check_inputs(task, servers, present)
    if present is not None:
        servers = np.where(present[:, :, None], servers, 0)
    n_states, n_servers, _ = servers.shape
    shape, dtype = network.shape, network.floor.dtype
    width, by_head = shape.width, (n_states, shape.heads, shape.width)
    items = np.empty((n_states, n_servers, width), dtype)
    rows = servers.reshape(-1, N_FEATURES).astype(dtype, copy=False)
    _embed(network, rows, items.reshape(-1, width))
    turned = items.swapaxes(1, 2)
    x = _mapped(task.astype(dtype, copy=False), network.task)
    np.maximum(x, 0, out=x)
    for layer in network.layers:
        x = _mapped(x, layer.look)
        scores = x[:, :-width].reshape(by_head) @ turned
        means = _mean_items(scores, items, present)
        x = _normalised(means.dot(layer.take) + x[:, -width:])
        x = _mapped(x, layer.inner)
        inner = x[:, :-width]
        x = _normalised((inner * ndtr(inner)).dot(layer.outer) + x[:, -width:])
    point, judge = _mapped(x, network.point), _mapped(x, network.judge)
    logits = (items @ point[:, :-1, None])[:, :, 0]
    logits += point[:, -1:]
    if present is not None:
        logits[~present] = -np.inf
    units = judge[:, width:]
    for map_ in network.critic:
        units = _mapped(np.maximum(units, 0), map_)
    return Outputs(logits, units[:, 0], judge[:, :width])


def _mapped(x: Array, map_: Affine) -> Array:
    y: Array = x.dot(map_[0])
    y += map_[1]
    return y


def _embed(network: Prepared, servers: Array, items: Array) -> None:
    """Write items (N, d) without their bias, some servers at a time."""
    first, second = network.servers
    for start in range(0, len(servers), TILE):
        some = servers[start : start + TILE]
        hidden = network.hidden[: len(some)]
        np.matmul(some, first, out=hidden)
        np.maximum(hidden, network.floor[: len(some)], out=hidden)
        np.matmul(hidden, second, out=items[start : start + TILE])


def _mean_item(scores: Array, items: Array) -> Array:
    """Softmax of the scores (H, N), and the mean item under it, (H d,)."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    means: Array = scores.dot(items)
    means /= scores.sum(axis=1, keepdims=True)
    return means.reshape(-1)


def _mean_items(scores: Array, items: Array, present: Array | None) -> Array:
    """Softmax of the scores (E, H, N), and the mean items under it, (E, H d)."""
    if present is not None:
        scores = np.where(present[:, None, :], scores, -np.inf)
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    means: Array = scores @ items
    means /= scores.sum(axis=2, keepdims=True)
    return means.reshape(len(means), -1)


def _normalised(x: Array) -> Array:
    """Divide centred rows by their deviations."""
    square = np.einsum("ij,ij->i", x, x)
    x /= np.sqrt(square / x.shape[1] + EPS)[:, None]
    return x
