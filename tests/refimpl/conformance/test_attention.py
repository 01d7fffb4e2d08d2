"""Right and wrong pointer networks meet the conformance kit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from linear_models import attention, layer_norm, mlp
from linear_models.activations import GELU, RELU, TANH, Activation
from refimpl.conformance import check
from refimpl.scale.network.fast import FastPointer
from refimpl.scale.network.parameters import attention_part, part
from tests.refimpl.conformance.planted import counterexample

Outputs = dict[str, Any]


def tanh_gelu(x):
    """GELU as it is often approximated."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def slope(f: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """Reverse derivative of an analytic function, by the complex step."""
    return lambda x, _, dy: dy * np.imag(f(x + 1e-20j)) / 1e-20


APPROXIMATE = Activation("tanh-gelu", tanh_gelu, slope(tanh_gelu))


def network(**wrong: Any) -> Callable[..., Outputs]:
    """Keys and values of every item, layers one after the other; parts can be replaced."""

    def function(task, servers, d_logits, d_value, **params) -> Outputs:
        logits, value, caches = written_forward(params, task, servers, wrong)
        grads, d_servers = written_backward(params, caches, d_logits, d_value, wrong)
        return {
            "logits": logits,
            "value": value,
            "d_servers": d_servers,
            **{f"d_{name}": g for name, g in grads.items()},
        }

    return function


def written_forward(params, task, servers, wrong: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Logits, value, and what the way back needs."""
    heads, eps, gelu = wrong.get("heads", 4), wrong.get("eps", 1e-5), wrong.get("gelu", GELU)
    q, of_task = mlp.forward(part(params, "task"), task, RELU)
    z, of_servers = mlp.forward(part(params, "server"), servers, RELU)
    layers = []
    for k in range(2):
        matrices, ffn = attention_part(params, k), part(params, f"ffn{k}")
        norms = part(params, f"norm_attention{k}"), part(params, f"norm_ffn{k}")
        looked, a = attention.forward(matrices, q, z, heads)
        seen, b = layer_norm.forward(norms[0], q + looked, eps)
        thought, c = mlp.forward(ffn, seen, gelu)
        q, d = layer_norm.forward(norms[1], seen + thought, eps)
        layers.append((matrices, ffn, norms, (a, b, c, d)))
    pointer, keys = q @ params["pointer_query"], z @ params["pointer_key"]
    logits = wrong.get("pointer", 1.0) * np.einsum("bd,bnd->bn", pointer, keys)
    value, of_critic = mlp.forward(part(params, "critic"), q, wrong.get("relu", RELU))
    return logits, value[:, 0], (of_task, of_servers, layers, of_critic, q, z)


def written_backward(
    params, caches, d_logits, d_value, wrong: dict[str, Any]
) -> tuple[Outputs, Any]:
    """Gradients by name, and the derivative by the servers."""
    of_task, of_servers, layers, of_critic, q, z = caches
    key, pointer = params["pointer_key"], q @ params["pointer_query"]
    d_logits = wrong.get("pointer", 1.0) * d_logits
    found, dq = mlp.backward(part(params, "critic"), of_critic, d_value[:, None])
    grads: Outputs = {f"critic_{name}": g for name, g in found.items()}
    d_pointer = np.einsum("bn,bnd->bd", d_logits, z @ key)
    d_keys = d_logits[:, :, None] * pointer[:, None]
    grads["pointer_query"] = q.T @ d_pointer
    grads["pointer_key"] = np.einsum("bnd,bne->de", z, d_keys)
    dq, dz = dq + d_pointer @ params["pointer_query"].T, d_keys @ key.T
    for k in (1, 0):
        matrices, ffn, norms, (a, b, c, d) = layers[k]
        of_norm, d_sum = layer_norm.backward(norms[1], d, dq)
        of_ffn, d_seen = mlp.backward(ffn, c, d_sum)
        of_seen, d_seen = layer_norm.backward(norms[0], b, d_seen + d_sum)
        found, dq, d_items = attention.backward(matrices, a, d_seen)
        dq = dq + d_seen
        dz = dz + (d_items if k or wrong.get("all_layers", True) else 0)
        grads |= {f"{name}{k}": g for name, g in found.items()}
        grads |= {f"ffn{k}_{name}": g for name, g in of_ffn.items()}
        grads |= {f"norm_ffn{k}_{name}": g for name, g in of_norm.items()}
        grads |= {f"norm_attention{k}_{name}": g for name, g in of_seen.items()}
    of, _ = mlp.backward(part(params, "task"), of_task, dq)
    grads |= {f"task_{name}": g for name, g in of.items()}
    of, d_servers = mlp.backward(part(params, "server"), of_servers, dz)
    return grads | {f"server_{name}": g for name, g in of.items()}, d_servers


def test_keys_and_values_of_every_server_conform() -> None:
    check("pointer_network", network(), examples=20)


def test_the_fast_network_conforms() -> None:
    """All but the derivative by the servers, which training does not need."""

    def function(task, servers, d_logits, d_value, **params) -> Outputs:
        net = FastPointer(params)
        out = net.forward(task, servers)
        logits, value = out.logits.copy(), out.value.copy()
        net.backward(d_logits, d_value)
        found = network()(task, servers, d_logits, d_value, **params)
        grads = {f"d_{name}": g for name, g in net.grads.named.items()}
        return {"logits": logits, "value": value, "d_servers": found["d_servers"], **grads}

    check("pointer_network", function, examples=20)


@pytest.mark.parametrize(
    "bug",
    [
        network(heads=1),
        network(gelu=APPROXIMATE),
        network(eps=1e-3),
        network(relu=TANH),
        network(pointer=0.5),
        network(all_layers=False),
    ],
    ids=["one head", "tanh gelu", "eps", "tanh critic", "scaled pointer", "first layer forgotten"],
)
def test_wrong_networks_are_noticed(bug) -> None:
    counterexample("pointer_network", bug)
