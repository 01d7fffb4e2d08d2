"""Forward pass of the folded network over the samples of a workspace; nothing is checked."""

from __future__ import annotations

import numpy as np

from linear_models.params import Array, Params
from refimpl.scale.network import columns
from refimpl.scale.network.workspace import LayerSpace, Workspace

OVERFLOW = 60.0
"""Scores are shifted only beyond this: 1e11 times its exponential is a number in float32."""


def forward(
    params: Params, space: Workspace, task: Array, servers: Array, logits: Array, value: Array
) -> None:
    """Write logits (B, N), value (B,) and the space's features (d, B)."""
    embed(params, space, task, servers)
    last = len(space.layers) - 1
    for index, layer in enumerate(space.layers):
        _attend(params, space, layer, index)
        out = space.features if index == last else space.layers[index + 1].query
        _think(params, space, layer, index, out)
    pointer = space.vectors[:, -1:]
    np.matmul(space.features.T, params["pointer"], out=pointer[:, 0])
    np.matmul(pointer, space.turned, out=logits[:, None, :])
    if space.present is not None:
        np.copyto(logits, -np.inf, where=~space.present)
    columns.dense(params["critic_W0"], params["critic_b0"], space.features, space.critic_1)
    rectify(space.critic_1, space.scratch.zeros)
    columns.dense(params["critic_W1"], params["critic_b1"], space.critic_1, space.critic_2)
    rectify(space.critic_2, space.scratch.zeros)
    columns.dense(params["critic_W2"], params["critic_b2"], space.critic_2, value[None])


def embed(params: Params, space: Workspace, task: Array, servers: Array) -> None:
    """Write the first query, the items, and the items turned."""
    space.task[:-1] = task.T
    np.matmul(params["task_W0"].T, space.task, out=space.task_hidden)
    rectify(space.task_hidden, space.scratch.zeros)
    query = space.layers[0].query
    columns.dense(params["task_W1"], params["task_b1"], space.task_hidden, query)
    space.servers[:, :, :-1] = servers
    first, second = params["server_W0"], params["server_W1"]
    for tile in space.tiles:
        np.matmul(tile.servers, first, out=tile.hidden)
        rectify(tile.hidden, space.scratch.zeros)
        np.matmul(tile.hidden, second, out=tile.items)
    # One bias per server of a sample: longer loops than one per server.
    space.flat_items += np.tile(params["server_b1"], space.items.shape[1])
    np.copyto(space.turned, space.items.swapaxes(1, 2))


def rectify(x: Array, zeros: Array) -> None:
    """``max(x, 0)`` in place; with an array of zeros, for which NumPy has the faster loop."""
    np.maximum(x, zeros[: x.size].reshape(x.shape), out=x)


def _attend(params: Params, space: Workspace, layer: LayerSpace, index: int) -> None:
    np.matmul(layer.query.T, params[f"look{index}"], out=layer.flat_looks)
    np.matmul(layer.looks, space.turned, out=layer.attention)
    softmax(layer.attention, space.present, space.scratch.ones)
    np.matmul(layer.attention, space.items, out=layer.mean_items)
    np.matmul(params[f"take{index}"].T, layer.flat_mean_items.T, out=layer.seen)
    layer.seen += layer.query
    columns.normalise(layer.seen, layer.seen_scale, space.scratch.narrow)
    _stretch(params, f"norm_attention{index}", layer.seen, layer.middle)


def softmax(scores: Array, present: Array | None, ones: Array) -> None:
    """Softmax over the last axis of (B, H, N), in place."""
    if present is not None:
        np.copyto(scores, -np.inf, where=~present[:, None, :])
    # Written so that NaN is shifted too, and stays NaN; with absent servers the least is -inf.
    if not (scores.max() <= OVERFLOW and scores.min() >= -OVERFLOW):
        scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= np.matmul(scores, ones[: scores.shape[2], None])


def _think(params: Params, space: Workspace, layer: LayerSpace, index: int, out: Array) -> None:
    inner = layer.inner
    columns.dense(params[f"ffn{index}_W0"], params[f"ffn{index}_b0"], layer.middle, inner)
    columns.normal_cdf(inner, layer.cdf, space.scratch.wide)
    np.multiply(inner, layer.cdf, out=layer.thought)
    columns.dense(params[f"ffn{index}_W1"], params[f"ffn{index}_b1"], layer.thought, layer.last)
    layer.last += layer.middle
    columns.normalise(layer.last, layer.last_scale, space.scratch.narrow)
    _stretch(params, f"norm_ffn{index}", layer.last, out)


def _stretch(params: Params, name: str, normal: Array, out: Array) -> None:
    if f"{name}_gain" in params:
        np.multiply(normal, params[f"{name}_gain"][:, None], out=out)
        out += params[f"{name}_shift"][:, None]
    else:
        np.copyto(out, normal)
