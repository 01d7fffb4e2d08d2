"""Multi-layer perceptron: affine layers with an activation between them, none after the last.

``h_0 = x``, ``z_k = h_k W_k + b_k``, ``h_{k+1} = activation(z_k)``, ``y = z_{L-1}``. With a single
layer there is no activation at all and the model is linear.

Backward, the same chain is walked from the end: ``dz_{L-1} = dy``; the affine layer turns ``dz_k``
into ``dW_k``, ``db_k`` and ``dh_k``; the activation turns ``dh_k`` into ``dz_{k-1}``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from linear_models import affine
from linear_models.activations import TANH, Activation
from linear_models.params import Array, Params


@dataclass(frozen=True)
class Cache:
    """What the forward pass leaves for the backward pass.

    Attributes
    ----------
    activation : Activation
        The activation that was used.
    inputs : tuple of arrays
        ``h_0 .. h_{L-1}``, the input of each affine layer.
    outputs : tuple of arrays
        ``z_0 .. z_{L-1}``, the output of each affine layer.
    """

    activation: Activation
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


def init(
    rng: np.random.Generator,
    sizes: Sequence[int],
    hidden_gain: float = math.sqrt(2),
    out_gain: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Parameters ``W0, b0, W1, b1, ...`` of a network with layer widths ``sizes``.

    Parameters
    ----------
    rng : Generator
    sizes : sequence of int
        ``(n_in, hidden..., n_out)``; ``(n_in, n_out)`` is a linear model.
    hidden_gain, out_gain : float
        Gain of the orthogonal weights of the hidden layers and of the last layer.
    dtype : dtype
        Of all arrays.

    Returns
    -------
    dict
        ``W{k}`` (sizes[k], sizes[k+1]), ``b{k}`` (sizes[k+1],).

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or one is not a positive integer.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must name at least an input and an output width; got {sizes}")
    gains = [hidden_gain] * (len(sizes) - 2) + [out_gain]
    params: Params = {}
    for k, gain in enumerate(gains):
        layer = affine.init(rng, sizes[k], sizes[k + 1], gain, dtype)
        params[f"W{k}"], params[f"b{k}"] = layer["W"], layer["b"]
    return params


def forward(params: Params, x: Array, activation: Activation = TANH) -> tuple[Array, Cache]:
    """Output of the network for every row of ``x``.

    Parameters
    ----------
    params : dict
        As made by :func:`init`.
    x : (..., n_in) array
    activation : Activation
        Between the layers.

    Returns
    -------
    y : (..., n_out) array
    cache : Cache

    Raises
    ------
    ValueError
        If a parameter is missing or a shape does not fit.
    """
    n_layers = count_layers(params)
    inputs, outputs = [x], []
    for k in range(n_layers):
        z, _ = affine.forward(_layer(params, k), inputs[k])
        outputs.append(z)
        if k + 1 < n_layers:
            inputs.append(activation.forward(z))
    return outputs[-1], Cache(activation, tuple(inputs), tuple(outputs))


def backward(params: Params, cache: Cache, dy: Array) -> tuple[Params, Array]:
    """Gradient of ``<dy, y>`` with respect to the parameters and the input.

    Parameters
    ----------
    params, cache
        As given to and returned by :func:`forward`.
    dy : (..., n_out) array

    Returns
    -------
    grads : dict
        Keys and shapes of ``params``, summed over all rows of the batch.
    dx : (..., n_in) array

    Raises
    ------
    ValueError
        If ``dy`` does not have the shape of the output.
    """
    grads: Params = {}
    dz = dy
    for k in reversed(range(len(cache.inputs))):
        layer_grads, dh = affine.backward(_layer(params, k), cache.inputs[k], dz)
        grads[f"W{k}"], grads[f"b{k}"] = layer_grads["W"], layer_grads["b"]
        if k > 0:
            dz = cache.activation.vjp(cache.outputs[k - 1], cache.inputs[k], dh)
    return grads, dh


def count_layers(params: Params) -> int:
    """Count the affine layers in ``params``.

    Raises
    ------
    ValueError
        If the keys are not exactly ``W0, b0, W1, b1, ...``.
    """
    n_layers = len(params) // 2
    expected = {f"{kind}{k}" for kind in "Wb" for k in range(n_layers)}
    if n_layers == 0 or params.keys() != expected:
        raise ValueError(f"params must have the keys W0, b0, W1, b1, ...; got {sorted(params)}")
    return n_layers


def _layer(params: Params, k: int) -> Params:
    return {"W": params[f"W{k}"], "b": params[f"b{k}"]}
