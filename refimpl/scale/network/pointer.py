"""The network as it is written, forward and backward [SCALE sec. 4.2]; the reference.

Task features become a query, server features a set of items. Every block lets the query look at
the set and passes it through a small network, each time with a residual connection and layer
normalisation after it. The last query is the attention feature f: a second look at the items scores
every server, and the critic sees f alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linear_models import attention, layer_norm, mlp
from linear_models.activations import GELU, RELU
from linear_models.params import Array, Params
from linear_models.validation import check_finite, check_shape
from refimpl.scale.network.parameters import (
    N_FEATURES,
    Shape,
    attention_part,
    init,
    part,
    shape_of,
)

__all__ = ["Cache", "Outputs", "Shape", "backward", "forward", "init", "shape_of"]


@dataclass(frozen=True)
class Outputs:
    """What the network says.

    Attributes
    ----------
    logits : (B, N) array
        Pointer scores, -inf where no server is present.
    value : (B,) array
    features : (B, d) array
        The attention feature f.
    """

    logits: Array
    value: Array
    features: Array


@dataclass(frozen=True)
class Block:
    """What one attention block leaves for the backward pass."""

    attended: attention.Cache
    norm_attention: layer_norm.Cache
    ffn: mlp.Cache
    norm_ffn: layer_norm.Cache


@dataclass(frozen=True)
class Cache:
    """What the forward pass leaves for the backward pass."""

    task: mlp.Cache
    servers: mlp.Cache
    blocks: tuple[Block, ...]
    critic: mlp.Cache
    items: Array
    features: Array
    present: Array | None


def forward(
    params: Params, task: Array, servers: Array, present: Array | None = None, heads: int = 4
) -> tuple[Outputs, Cache]:
    """Logits, value and attention feature [SCALE eq. 4] [SCALE Fig. 2].

    Parameters
    ----------
    params : dict
        As made by :func:`init`.
    task : (B, 5) array
    servers : (B, N, 5) array
        N >= 1, any number, another one in every call.
    present : (B, N) bool array, optional
        Servers that exist; all when left out. The others have no influence at all.
    heads : int
        H.

    Returns
    -------
    outputs : Outputs
    cache : Cache

    Raises
    ------
    ValueError
        If shapes do not fit, there is no server, a feature is not finite, or no server is present.

    Convention: the scores are not divided by a root of the width, unlike those of eq. 3.
    """
    check_inputs(task, servers, present)
    if present is not None:
        # Whatever padding holds, it must not turn up as 0 * inf.
        servers = np.where(present[..., None], servers, 0)
    query, of_task = mlp.forward(part(params, "task"), task, RELU)
    items, of_servers = mlp.forward(part(params, "server"), servers, RELU)
    blocks = []
    for layer in range(_n_layers(params)):
        query, block = _block(params, layer, heads, (query, items, present))
        blocks.append(block)
    pointer = query @ params["pointer_query"] @ params["pointer_key"].T
    logits = (items @ pointer[:, :, None])[:, :, 0]
    if present is not None:
        logits = np.where(present, logits, -np.inf)
    value, of_critic = mlp.forward(part(params, "critic"), query, RELU)
    cache = Cache(of_task, of_servers, tuple(blocks), of_critic, items, query, present)
    return Outputs(logits, value[:, 0], query), cache


def backward(
    params: Params,
    cache: Cache,
    d_logits: Array,
    d_value: Array,
    d_features: Array | None = None,
) -> tuple[Params, Array, Array]:
    """Gradient of ``<d_logits, logits> + <d_value, value> + <d_features, features>``.

    Returns
    -------
    grads : dict
        Keys and shapes of ``params``, summed over the batch.
    d_task : (B, 5) array
    d_servers : (B, N, 5) array
        0 where no server is present; ``d_logits`` is not looked at there.

    Raises
    ------
    ValueError
        If a derivative does not have the shape of its output.
    """
    items, features = cache.items, cache.features
    check_shape("d_logits", d_logits, items.shape[:2])
    check_shape("d_value", d_value, items.shape[:1])
    if cache.present is not None:
        d_logits = np.where(cache.present, d_logits, 0)
    of_critic, d_query = mlp.backward(part(params, "critic"), cache.critic, d_value[:, None])
    grads = {f"critic_{key}": value for key, value in of_critic.items()}
    if d_features is not None:
        check_shape("d_features", d_features, features.shape)
        d_query = d_query + d_features
    of_pointer, d_pointed, d_items = _pointer_backward(params, items, features, d_logits)
    grads |= of_pointer
    d_query = d_query + d_pointed
    for layer in reversed(range(len(cache.blocks))):
        of_block, d_query, d_seen = _block_backward(params, layer, cache.blocks[layer], d_query)
        grads |= of_block
        d_items = d_items + d_seen
    of_task, d_task = mlp.backward(part(params, "task"), cache.task, d_query)
    of_servers, d_servers = mlp.backward(part(params, "server"), cache.servers, d_items)
    grads |= {f"task_{key}": value for key, value in of_task.items()}
    grads |= {f"server_{key}": value for key, value in of_servers.items()}
    return {key: grads[key] for key in params}, d_task, d_servers


def check_inputs(task: Array, servers: Array, present: Array | None = None) -> None:
    """Require features of B tasks and of N >= 1 servers each, finite where a server is present.

    Raises
    ------
    ValueError
        Naming the argument and what is wrong with it.
    """
    if task.ndim != 2 or task.shape[1] != N_FEATURES:
        raise ValueError(f"task must have shape (B, {N_FEATURES}); got {task.shape}")
    if servers.ndim != 3 or servers.shape[::2] != task.shape:
        expected = (len(task), "N", N_FEATURES)
        raise ValueError(f"servers must have shape {expected}; got {servers.shape}")
    if servers.shape[1] == 0:
        raise ValueError(f"servers must hold at least one server; got shape {servers.shape}")
    check_finite("task", task)
    if present is None:
        check_finite("servers", servers)
        return
    check_shape("present", present, servers.shape[:2])
    if present.dtype != bool:
        raise ValueError(f"present must be boolean; got dtype {present.dtype}")
    if not present.any(axis=1).all():
        row = int(np.argmin(present.any(axis=1)))
        raise ValueError(f"present must hold at least one server in every row; row {row} has none")
    check_finite("servers", np.where(present[..., None], servers, 0))


def _n_layers(params: Params) -> int:
    return sum(key.startswith("query") for key in params)


def _block(
    params: Params, layer: int, heads: int, seen: tuple[Array, Array, Array | None]
) -> tuple[Array, Block]:
    """Attention and feed-forward, each with residual and normalisation [SCALE sec. 4.2.2]."""
    query, items, present = seen
    matrices = attention_part(params, layer)
    looked, attended = attention.single_query_forward(matrices, query, items, heads, present)
    middle, norm_attention = layer_norm.forward(
        part(params, f"norm_attention{layer}"), query + looked
    )
    thought, ffn = mlp.forward(part(params, f"ffn{layer}"), middle, GELU)
    query, norm_ffn = layer_norm.forward(part(params, f"norm_ffn{layer}"), middle + thought)
    return query, Block(attended, norm_attention, ffn, norm_ffn)


def _block_backward(
    params: Params, layer: int, block: Block, dy: Array
) -> tuple[Params, Array, Array]:
    """Gradients of the block's parameters, of the query that came in, and of the items."""
    found = {}
    found[f"norm_ffn{layer}"], d_sum = layer_norm.backward(
        part(params, f"norm_ffn{layer}"), block.norm_ffn, dy
    )
    found[f"ffn{layer}"], d_middle = mlp.backward(part(params, f"ffn{layer}"), block.ffn, d_sum)
    found[f"norm_attention{layer}"], d_sum = layer_norm.backward(
        part(params, f"norm_attention{layer}"), block.norm_attention, d_middle + d_sum
    )
    matrices, d_query, d_items = attention.backward(
        attention_part(params, layer), block.attended, d_sum
    )
    grads = {f"{name}_{key}": value for name, of in found.items() for key, value in of.items()}
    grads |= {f"{name}{layer}": value for name, value in matrices.items()}
    return grads, d_query + d_sum, d_items


def _pointer_backward(
    params: Params, items: Array, features: Array, d_logits: Array
) -> tuple[Params, Array, Array]:
    """Gradients of the pointer's matrices, of f, and of the items [SCALE eq. 4]."""
    query = features @ params["pointer_query"]
    d_pointer = (d_logits[:, None, :] @ items)[:, 0]
    d_query = d_pointer @ params["pointer_key"]
    d_items = d_logits[:, :, None] * (query @ params["pointer_key"].T)[:, None, :]
    grads = {"pointer_query": features.T @ d_query, "pointer_key": d_pointer.T @ query}
    return grads, d_query @ params["pointer_query"].T, d_items
