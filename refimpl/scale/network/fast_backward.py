"""Backward pass of the folded network over the samples of a workspace; nothing is checked."""

from __future__ import annotations

import numpy as np

from linear_models.params import Array, Params
from refimpl.scale.network import columns
from refimpl.scale.network.workspace import LayerSpace, Workspace


def backward(
    params: Params,
    grads: Params,
    space: Workspace,
    d_logits: Array,
    d_value: Array,
    d_features: Array | None,
) -> None:
    """Write the gradient by the folded parameters; ``d_features`` (d, B). Uses the space up."""
    d_query = space.scratch.d_query
    _judge(params, grads, space, d_value)
    if d_features is not None:
        d_query += d_features
    _point(params, grads, space, d_logits)
    for index in reversed(range(len(space.layers))):
        layer = space.layers[index]
        _think(params, grads, space, layer, index)
        _attend(params, grads, space, layer, index)
    columns.dense_backward(grads, "task_W1", "task_b1", space.task_hidden, d_query)
    np.matmul(params["task_W1"], d_query, out=space.scratch.d_hidden)
    _rectified(space.task_hidden, space.scratch.d_hidden, space.scratch.hidden_mask)
    np.matmul(space.task, space.scratch.d_hidden.T, out=grads["task_W0"])
    np.matmul(space.weights.swapaxes(1, 2), space.vectors, out=space.scratch.d_items)
    _servers(params, grads, space)


def _judge(params: Params, grads: Params, space: Workspace, d_value: Array) -> None:
    """Critic; begins the derivative by the features."""
    dv, first, second = d_value[None], space.scratch.d_hidden, space.scratch.d_hidden_2
    columns.dense_backward(grads, "critic_W2", "critic_b2", space.critic_2, dv)
    np.multiply(params["critic_W2"], dv, out=second)
    _rectified(space.critic_2, second, space.scratch.hidden_mask)
    columns.dense_backward(grads, "critic_W1", "critic_b1", space.critic_1, second)
    np.matmul(params["critic_W1"], second, out=first)
    _rectified(space.critic_1, first, space.scratch.hidden_mask)
    columns.dense_backward(grads, "critic_W0", "critic_b0", space.features, first)
    np.matmul(params["critic_W0"], first, out=space.scratch.d_query)


def _point(params: Params, grads: Params, space: Workspace, d_logits: Array) -> None:
    weights = space.weights[:, -1:]
    weights[:, 0] = d_logits
    if space.present is not None:
        weights[:, 0][~space.present] = 0
    np.matmul(weights, space.items, out=space.scratch.d_pointer)
    d_pointer = space.scratch.d_pointer[:, 0]
    np.matmul(space.features, d_pointer, out=grads["pointer"])
    np.matmul(params["pointer"], d_pointer.T, out=space.scratch.narrow)
    space.scratch.d_query += space.scratch.narrow


def _think(params: Params, grads: Params, space: Workspace, layer: LayerSpace, index: int) -> None:
    name, d_query = f"ffn{index}", space.scratch.d_query
    _unstretch(params, grads, f"norm_ffn{index}", layer.last, space)
    columns.normalise_backward(layer.last, layer.last_scale, d_query, space.scratch.narrow)
    columns.dense_backward(grads, f"{name}_W1", f"{name}_b1", layer.thought, d_query)
    np.matmul(params[f"{name}_W1"], d_query, out=space.scratch.d_wide)
    columns.gelu_slope(layer.inner, layer.cdf, space.scratch.wide)
    space.scratch.d_wide *= space.scratch.wide
    columns.dense_backward(grads, f"{name}_W0", f"{name}_b0", layer.middle, space.scratch.d_wide)
    np.matmul(params[f"{name}_W0"], space.scratch.d_wide, out=space.scratch.narrow)
    d_query += space.scratch.narrow


def _attend(params: Params, grads: Params, space: Workspace, layer: LayerSpace, index: int) -> None:
    d_query, look, take = space.scratch.d_query, params[f"look{index}"], params[f"take{index}"]
    _unstretch(params, grads, f"norm_attention{index}", layer.seen, space)
    columns.normalise_backward(layer.seen, layer.seen_scale, d_query, space.scratch.narrow)
    np.matmul(layer.flat_mean_items.T, d_query.T, out=grads[f"take{index}"])
    np.matmul(d_query.T, take.T, out=layer.flat_d_mean_items)
    # softmax: ds = a (da - <a, da>)
    d_scores = layer.d_scores
    np.matmul(layer.d_mean_items, space.turned, out=d_scores)
    products = np.multiply(layer.attention, d_scores, out=space.scratch.products)
    d_scores -= np.matmul(products, space.scratch.ones[: products.shape[2]])[:, :, None]
    d_scores *= layer.attention
    d_looks = space.scratch.d_looks
    np.matmul(d_scores, space.items, out=d_looks)
    flat = d_looks.reshape(len(d_looks), -1)
    np.matmul(layer.query, flat, out=grads[f"look{index}"])
    np.matmul(look, flat.T, out=space.scratch.narrow)
    d_query += space.scratch.narrow


def _unstretch(params: Params, grads: Params, name: str, normal: Array, space: Workspace) -> None:
    if f"{name}_gain" in params:
        np.multiply(space.scratch.d_query, normal, out=space.scratch.narrow)
        np.add.reduce(space.scratch.narrow, axis=1, out=grads[f"{name}_gain"])
        np.add.reduce(space.scratch.d_query, axis=1, out=grads[f"{name}_shift"])
        space.scratch.d_query *= params[f"{name}_gain"][:, None]


def _servers(params: Params, grads: Params, space: Workspace) -> None:
    scratch = space.scratch
    d_items = scratch.d_items.reshape(-1, scratch.d_items.shape[2])
    np.matmul(scratch.ones[: len(d_items)], d_items, out=grads["server_b1"])
    # Multiplied as it stands, a matrix is faster than its transpose.
    second = np.ascontiguousarray(params["server_W1"].T)
    grads["server_W0"][...] = grads["server_W1"][...] = 0
    for tile in space.tiles:
        hidden, slabs = tile.hidden, len(tile.hidden)
        d_hidden = scratch.d_server_hidden[: hidden.size].reshape(hidden.shape)
        np.matmul(tile.d_items, second, out=d_hidden)
        _rectified(hidden, d_hidden, scratch.server_mask[: hidden.size].reshape(hidden.shape))
        parts = scratch.second_parts[:slabs]
        np.matmul(hidden.swapaxes(1, 2), tile.d_items, out=parts)
        grads["server_W1"] += np.add.reduce(parts, axis=0)
        parts = scratch.first_parts[:slabs]
        np.matmul(tile.servers.swapaxes(1, 2), d_hidden, out=parts)
        grads["server_W0"] += np.add.reduce(parts, axis=0)


def _rectified(y: Array, dy: Array, mask: Array) -> None:
    """Let derivatives pass where the rectifier's output ``y`` is positive, in place."""
    np.greater(y, 0, out=mask)
    dy *= mask
