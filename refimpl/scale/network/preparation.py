"""A network made ready to decide: everything folded that does not depend on the state.

Affine maps that meet are multiplied together. Centring is a matrix, and with gain, shift and biases
it disappears into the weights before and after it, so that normalisation leaves one scalar product.
``max(x + b, 0) = max(x, -b) + b``, so that a first bias becomes a later one. A bias of the items
moves all scores of a head alike, which the softmax does not see, and moves the mean item by itself.
What remains per server is its embedding and three products with vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array, Params
from refimpl.scale.network.folded import folded
from refimpl.scale.network.parameters import Shape, shape_of

TILE = 512
"""Servers embedded at a time: few enough for the cache, and for the faster kernel that OpenBLAS has
for products of up to a million multiplications."""

Affine = tuple[Array, Array]
"""Matrix and bias: ``x -> x W + b``."""


@dataclass(frozen=True)
class Layer:
    """One block's maps.

    Attributes
    ----------
    look : Affine
        To the folded queries of all heads (H d) and, centred, the residual (d).
    take : (H d, d) array
        Mean items to what they add to the residual.
    inner : Affine
        Normalised sum to the feed-forward network's inside (4 d) and, centred, the residual (d).
    outer : (4 d, d) array
        Back from there.
    """

    look: Affine
    take: Array
    inner: Affine
    outer: Array


@dataclass(frozen=True)
class Prepared:
    """A network ready to decide.

    Attributes
    ----------
    shape : Shape
    task : Affine
        Task features to hidden units.
    layers : tuple of Layer
    point : Affine
        Last normalised sum to the pointer (d) and to what all scores have in common (1).
    judge : Affine
        Last normalised sum to the features (d) and the critic's first units.
    critic : tuple of Affine
        The critic's other layers.
    servers : arrays (5, hidden), (hidden, d)
        Embedding of the servers, without biases.
    floor : (TILE, hidden) array
        Minus the bias of the servers' hidden units, many times.
    hidden : (TILE, hidden) array
        Room for them; two threads must not decide with one prepared network.
    """

    shape: Shape
    task: Affine
    layers: tuple[Layer, ...]
    point: Affine
    judge: Affine
    critic: tuple[Affine, Affine]
    servers: tuple[Array, Array]
    floor: Array
    hidden: Array


def prepared(params: Params, heads: int = 4, dtype: DTypeLike = np.float32) -> Prepared:
    """Fold the network once for many decisions.

    Raises
    ------
    ValueError
        If the parameters are not a pointer network's.
    """
    shape = shape_of(params, heads)
    # Folded in double precision, rounded once.
    double = {key: value.astype(np.float64) for key, value in params.items()}
    network = folded(double, shape)
    first = network["server_W0"]
    floor = np.tile(-first[-1], (TILE, 1)).astype(dtype)
    # What the biases of the items come to, the one of the hidden units left to be added here.
    item_bias = first[-1] @ network["server_W1"] + network["server_b1"]
    ways_in = [(network["task_W1"], network["task_b1"])]
    ways_in += [_stretch(network, f"norm_ffn{k}", shape) for k in range(shape.layers)]
    layers = (_layer(network, shape, k, ways_in[k], item_bias) for k in range(shape.layers))
    pointer = network["pointer"]
    critic = [network[f"critic_{key}"] for key in ("W0", "b0", "W1", "b1", "W2", "b2")]
    point = _joined(ways_in[-1], (pointer, 0.0), ((pointer @ item_bias)[:, None], 0.0))
    judge = _joined(ways_in[-1], (np.eye(shape.width), 0.0), (critic[0], critic[1]))
    return Prepared(
        shape,
        _rounded((network["task_W0"][:-1], network["task_W0"][-1]), dtype),
        tuple(_rounded_layer(layer, dtype) for layer in layers),
        _rounded(point, dtype),
        _rounded(judge, dtype),
        (_rounded((critic[2], critic[3]), dtype), _rounded((critic[4], critic[5]), dtype)),
        (first[:-1].astype(dtype), network["server_W1"].astype(dtype)),
        floor,
        np.empty_like(floor),
    )


def _layer(network: Params, shape: Shape, index: int, way_in: Affine, item_bias: Array) -> Layer:
    centre = np.eye(shape.width) - 1 / shape.width
    take = network[f"take{index}"] @ centre
    residual = (centre, np.tile(item_bias, shape.heads) @ take)
    look = _joined(way_in, (network[f"look{index}"], 0.0), residual)
    way_in = _stretch(network, f"norm_attention{index}", shape)
    first, bias, second, last = (network[f"ffn{index}_{key}"] for key in ("W0", "b0", "W1", "b1"))
    inner = _joined(way_in, (first, bias), (centre, last @ centre))
    return Layer(look, take, inner, second @ centre)


def _stretch(network: Params, name: str, shape: Shape) -> Affine:
    """Return gain and shift as an affine map."""
    if shape.affine:
        return np.diag(network[f"{name}_gain"]), network[f"{name}_shift"]
    return np.eye(shape.width), np.zeros(shape.width)


def _joined(way_in: Affine, *maps: tuple[Array, Array | float]) -> Affine:
    """Join affine maps of the same thing, after ``way_in``, their outputs side by side."""
    weights, bias = way_in
    return (
        np.hstack([weights @ matrix for matrix, _ in maps]),
        np.hstack([bias @ matrix + constant for matrix, constant in maps]),
    )


def _rounded(map_: Affine, dtype: DTypeLike) -> Affine:
    return map_[0].astype(dtype), map_[1].astype(dtype)


def _rounded_layer(layer: Layer, dtype: DTypeLike) -> Layer:
    return Layer(
        _rounded(layer.look, dtype),
        layer.take.astype(dtype),
        _rounded(layer.inner, dtype),
        layer.outer.astype(dtype),
    )
