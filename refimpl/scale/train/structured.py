"""The baselines' network: task and servers encoded separately, then joined [SCALE sec. 5.2].

``h = relu([relu(phi W_p + b_p), relu(Psi W_s + b_s)] W_0 + b_0)``, a second such layer, and on what
comes out, the shared feature, an affine head for the actor and one for the critic. The servers'
features enter as one long vector, so that the network fits one cluster size only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from linear_models import affine
from linear_models.activations import relu, relu_vjp
from linear_models.params import Array, Params
from linear_models.validation import check_count, check_finite, check_shape
from refimpl.scale.model.observations import N_FEATURES
from refimpl.scale.network.pointer import Outputs

HIDDEN_GAIN, ACTOR_GAIN, CRITIC_GAIN = math.sqrt(2), 0.01, 1.0
"""Gains of the orthogonal start."""


LAYERS = ("task", "servers", "trunk0", "trunk1", "actor")
"""Affine layers that every such network has."""


class ClusterSizeError(ValueError):
    """A network with as many outputs as servers was given another number of servers."""


@dataclass(frozen=True)
class Shape:
    """Widths of the network.

    Attributes
    ----------
    task, servers : int
        Of the two encoders.
    hidden : (int, int)
        Of the layers on what they put out [SCALE Table 2].
    critic : bool
        Whether there is a head for the value.

    Raises
    ------
    ValueError
        If a width is not a positive integer.
    """

    task: int = 64
    servers: int = 128
    hidden: tuple[int, int] = (256, 256)
    critic: bool = True

    def __post_init__(self) -> None:
        for width in (self.task, self.servers, *self.hidden):
            check_count("shape", width)


def init(
    rng: np.random.Generator, n_servers: int, shape: Shape, dtype: DTypeLike = np.float64
) -> Params:
    """Parameters of a network for clusters of ``n_servers``; orthogonal weights, zero biases.

    Returns
    -------
    dict
        ``{layer}_W``, ``{layer}_b`` for the layers ``task``, ``servers``, ``trunk0``, ``trunk1``,
        ``actor`` and, if there is one, ``critic``.
    """
    first, second = shape.hidden
    layers = {
        "task": (N_FEATURES, shape.task, HIDDEN_GAIN),
        "servers": (N_FEATURES * n_servers, shape.servers, HIDDEN_GAIN),
        "trunk0": (shape.task + shape.servers, first, HIDDEN_GAIN),
        "trunk1": (first, second, HIDDEN_GAIN),
        "actor": (second, n_servers, ACTOR_GAIN),
    }
    if shape.critic:
        layers["critic"] = second, 1, CRITIC_GAIN
    params: Params = {}
    for name, (n_in, n_out, gain) in layers.items():
        layer = affine.init(rng, n_in, n_out, gain, dtype)
        params |= {f"{name}_W": layer["W"], f"{name}_b": layer["b"]}
    return params


def check_params(params: Params) -> None:
    """Require the parameters of such a network.

    Raises
    ------
    ValueError
        If an array is missing, superfluous, of a shape that does not fit, or not finite; the
        message names it.
    """
    names = [*LAYERS, *(["critic"] if "critic_W" in params else [])]
    expected = {f"{name}_{kind}" for name in names for kind in "Wb"}
    if params.keys() != expected:
        raise ValueError(
            f"params must be those of a pointer network or have the keys {sorted(expected)}; "
            f"the difference is {sorted(params.keys() ^ expected)}"
        )
    for name in names:
        weights, bias = params[f"{name}_W"], params[f"{name}_b"]
        check_shape(f"params['{name}_W']", weights, (_inputs(params, name), len(bias)))
        check_shape(f"params['{name}_b']", bias, weights.shape[1:])
        for kind, array in (("W", weights), ("b", bias)):
            check_finite(f"params['{name}_{kind}']", array)
    if "critic_b" in params:
        check_shape("params['critic_b']", params["critic_b"], (1,))


def _inputs(params: Params, name: str) -> int:
    """How many numbers enter a layer, by the widths of those before it."""
    width = {layer: len(params[f"{layer}_b"]) for layer in LAYERS}
    return {
        "task": N_FEATURES,
        "servers": N_FEATURES * width["actor"],
        "trunk0": width["task"] + width["servers"],
        "trunk1": width["trunk0"],
    }.get(name, width["trunk1"])


def n_servers_of(params: Params) -> int:
    """Size of the clusters that the network is for."""
    return len(params["actor_b"])


def forward(params: Params, task: Array, servers: Array) -> tuple[Outputs, Any]:
    """Compute logits, value and shared feature of every state.

    Parameters
    ----------
    params : dict
    task : (B, 5) float
    servers : (B, N, 5) float

    Raises
    ------
    ClusterSizeError
        If the network is for another N.
    ValueError
        If a shape does not fit.
    """
    n_servers = n_servers_of(params)
    if servers.ndim == 3 and servers.shape[1] != n_servers:
        raise ClusterSizeError(
            f"servers must be {n_servers}, as in training: a network with a fixed number of "
            f"outputs runs on no other cluster; got {servers.shape[1]}"
        )
    check_shape("servers", servers, (len(task), n_servers, N_FEATURES))
    flat = servers.reshape(len(task), -1)
    encoded = [_hidden(params, "task", task), _hidden(params, "servers", flat)]
    joined = np.concatenate(encoded, axis=1)
    first = _hidden(params, "trunk0", joined)
    features = _hidden(params, "trunk1", first)
    value = np.zeros(len(task), features.dtype)
    if "critic_W" in params:
        value = _affine(params, "critic", features)[:, 0]
    outputs = Outputs(_affine(params, "actor", features), value, features)
    return outputs, (task, servers, flat, encoded[0].shape[1], joined, first, features)


def act(params: Params, task: Array, servers: Array, present: Array | None = None) -> Outputs:
    """Look at states; servers not ``present`` (B, N) have the logit -inf.

    Unlike in the pointer network their features still enter.
    """
    outputs, _ = forward(params, task, servers)
    if present is None:
        return outputs
    logits = np.where(present, outputs.logits, -np.inf)
    return Outputs(logits, outputs.value, outputs.features)


def backward(
    params: Params,
    cache: Any,
    d_logits: Array,
    d_value: Array,
    d_features: Array | None = None,
) -> tuple[Params, Array, Array]:
    """Gradient of ``<d_logits, logits> + <d_value, value> + <d_features, features>``.

    Returns
    -------
    grads : dict
    d_task : (B, 5) float
    d_servers : (B, N, 5) float
    """
    task, servers, flat, cut, joined, first, features = cache
    grads: Params = {}
    dh = _back(params, grads, "actor", features, d_logits)
    if "critic_W" in params:
        dh = dh + _back(params, grads, "critic", features, d_value[:, None])
    if d_features is not None:
        dh = dh + d_features
    dh = _back(params, grads, "trunk1", first, relu_vjp(features, features, dh))
    dh = _back(params, grads, "trunk0", joined, relu_vjp(first, first, dh))
    dh = relu_vjp(joined, joined, dh)
    d_task = _back(params, grads, "task", task, dh[:, :cut])
    d_flat = _back(params, grads, "servers", flat, dh[:, cut:])
    return grads, d_task, d_flat.reshape(servers.shape)


def _layer(params: Params, name: str) -> Params:
    return {"W": params[f"{name}_W"], "b": params[f"{name}_b"]}


def _affine(params: Params, name: str, x: Array) -> Array:
    return affine.forward(_layer(params, name), x)[0]


def _hidden(params: Params, name: str, x: Array) -> Array:
    # What comes out is positive exactly where what went in is, so the output tells the slope.
    return relu(_affine(params, name, x))


def _back(params: Params, grads: Params, name: str, x: Array, dy: Array) -> Array:
    layer, dx = affine.backward(_layer(params, name), x, dy)
    grads |= {f"{name}_W": layer["W"], f"{name}_b": layer["b"]}
    return dx
