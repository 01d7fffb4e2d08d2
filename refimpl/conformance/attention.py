"""Case of the cross-attention pointer network, forward and backward [SCALE eqs. 3, 4]."""

from __future__ import annotations

from typing import Any

from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.scale.network import pointer
from refimpl.scale.network.parameters import Shape, init, shapes

HEADS, LAYERS = 4, 2
# Sizes that tell the axes apart.
_AXES = {"5": 5, "d": 16, "4d": 64, "h": 65, "1": 1}


def _state(draw: Draw) -> Arrays:
    """Draw sizes of the network, its parameters, and a few states.

    Parameters are in general position, so that no rectifier is at its kink, and large enough for
    everything to matter.
    """
    shape = Shape(HEADS * draw.size(2), HEADS, LAYERS, draw.size(4))
    rng = draw.generator()
    params = init(rng, shape)
    n_samples, n_servers = draw.size(3), draw.size(4)
    return {
        "task": draw.floats((n_samples, 5), 0.0, 3.0),
        "servers": draw.floats((n_samples, n_servers, 5), 0.0, 1.0),
        **{key: value + rng.uniform(-0.3, 0.3, value.shape) for key, value in params.items()},
        "d_logits": draw.floats((n_samples, n_servers), -1.0, 1.0),
        "d_value": draw.floats((n_samples,), -1.0, 1.0),
    }


def _passes(task: Any, servers: Any, d_logits: Any, d_value: Any, **params: Any) -> Arrays:
    out, cache = pointer.forward(params, task, servers, heads=HEADS)
    grads, _, d_servers = pointer.backward(params, cache, d_logits, d_value)
    return {
        "logits": out.logits,
        "value": out.value,
        "d_servers": d_servers,
        **{f"d_{name}": gradient for name, gradient in grads.items()},
    }


def _parameters() -> dict[str, str]:
    """Shapes of all parameters in words: d the width, h the hidden units."""
    words = {size: word for word, size in _AXES.items()}
    found = shapes(Shape(_AXES["d"], HEADS, LAYERS, _AXES["h"]))
    return {name: " x ".join(words[size] for size in sizes) for name, sizes in found.items()}


def _meaning(name: str) -> str:
    kinds = {
        "task_": "embedding of the task",
        "server_": "embedding of a server",
        "ffn": "feed-forward network",
        "norm_attention": "normalisation after attention",
        "norm_ffn": "normalisation after the feed-forward network",
        "critic_": "critic",
        "pointer_": "pointer, y = x W, no bias",
    }
    found = (meaning for start, meaning in kinds.items() if name.startswith(start))
    return next(found, "attention, y = x W, no bias; heads own columns (of output: rows)")


POINTER_NETWORK = Case(
    name="pointer_network",
    title="cross-attention pointer network with 4 heads and 2 layers, and back-propagation",
    equation="q = task embedding, z_j = server embeddings (2 layers, relu); per layer q = LN(q + "
    "attention(q, z)), q = LN(q + ffn(q)); p_j = (q W_q) . (z_j W_k); value = critic(q) (3 layers, "
    "relu) [SCALE eqs. 3, 4]; ffn: d -> 4d -> d with exact gelu; LN: variance over d, eps 1e-5, "
    "gain, shift; scores of eq. 3 over sqrt(d / 4), p_j not scaled; gradients of "
    "<d_logits, logits> + <d_value, value>",
    inputs=(
        Field("task", "B x 5", "task features"),
        Field("servers", "B x N x 5", "server features"),
        *(Field(name, shape, _meaning(name)) for name, shape in _parameters().items()),
        Field("d_logits", "B x N", "derivative of the final scalar by the logits"),
        Field("d_value", "B", "derivative of the final scalar by the value"),
    ),
    outputs=(
        Field("logits", "B x N", "p_j"),
        Field("value", "B", "of the state"),
        Field("d_servers", "B x N x 5", "derivative by the server features"),
        *(
            Field(f"d_{name}", shape, "derivative by the parameter, summed over the batch")
            for name, shape in _parameters().items()
        ),
    ),
    generate=_state,
    reference=_passes,
    # Rounding, times up to 1 / sqrt(eps) at each of four normalisations of a nearly constant row;
    # rows of general position stay far below this.
    tolerance=1e-8,
)

CASES = (POINTER_NETWORK,)
