"""Parameters of the pointer network: their names, shapes and start.

Convention: rows are inputs, ``y = x W + b``. The paper gives the width, the heads, the layers, the
feed-forward factor 4 and the critic's 64 units; the other widths and the start are chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from linear_models import attention, layer_norm, mlp
from linear_models.params import Array, Params
from linear_models.validation import check_count, check_finite

N_FEATURES = 5
"""Entries of a task's and of a server's features, ``d_0``."""
FFN_FACTOR = 4
POINTER_GAIN = 1 / math.sqrt(3)
"""Of the pointer's matrices: their entries have the variance of PyTorch's default, 1 / (3 d)."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the network.

    Attributes
    ----------
    width : int
        d, of the embeddings and of the attention feature.
    heads : int
        H; divides the width.
    layers : int
        L, attention blocks.
    hidden : int
        Units of the hidden layers of both embeddings and of the critic.
    affine : bool
        Whether layer normalisation has a gain and a shift.

    Raises
    ------
    ValueError
        If a size is not a positive integer, or the heads do not divide the width.
    """

    width: int = 16
    heads: int = 4
    layers: int = 2
    hidden: int = 64
    affine: bool = True

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers", "hidden"):
            check_count(name, getattr(self, name))
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width, {self.width}; got {self.heads}")


def init(rng: np.random.Generator, shape: Shape, dtype: DTypeLike = np.float64) -> Params:
    """Orthogonal matrices, zero biases; normalisation starts without stretch or shift."""
    width, hidden = shape.width, shape.hidden
    embedding, gain = (N_FEATURES, hidden, width), math.sqrt(2)
    params = _named("task", mlp.init(rng, embedding, gain, dtype=dtype))
    params |= _named("server", mlp.init(rng, embedding, gain, dtype=dtype))
    for layer in range(shape.layers):
        matrices = attention.init(rng, width, dtype=dtype)
        params |= {f"{name}{layer}": value for name, value in matrices.items()}
        block = (width, FFN_FACTOR * width, width)
        params |= _named(f"ffn{layer}", mlp.init(rng, block, gain, dtype=dtype))
        if shape.affine:
            params |= _named(f"norm_attention{layer}", layer_norm.init(width, dtype))
            params |= _named(f"norm_ffn{layer}", layer_norm.init(width, dtype))
    pointer = attention.init(rng, width, POINTER_GAIN, dtype)
    params |= {f"pointer_{name}": pointer[name] for name in ("query", "key")}
    return params | _named("critic", mlp.init(rng, (width, hidden, hidden, 1), gain, dtype=dtype))


def shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter, by name."""
    width, hidden, block = shape.width, shape.hidden, FFN_FACTOR * shape.width
    found = _mlp_shapes("task", (N_FEATURES, hidden, width))
    found |= _mlp_shapes("server", (N_FEATURES, hidden, width))
    for layer in range(shape.layers):
        found |= {f"{name}{layer}": (width, width) for name in attention.NAMES}
        found |= _mlp_shapes(f"ffn{layer}", (width, block, width))
        if shape.affine:
            norms = (f"norm_attention{layer}", f"norm_ffn{layer}")
            found |= {f"{norm}_{key}": (width,) for norm in norms for key in ("gain", "shift")}
    found |= {"pointer_query": (width, width), "pointer_key": (width, width)}
    return found | _mlp_shapes("critic", (width, hidden, hidden, 1))


def shape_of(params: Mapping[str, Array], heads: int = 4) -> Shape:
    """Recover the sizes from the arrays.

    The number of heads leaves no trace in any array; it must be known.

    Raises
    ------
    ValueError
        If an array is missing, superfluous, of another shape or not finite; the message names it.
    """
    if "server_W1" not in params or params["server_W1"].ndim != 2:
        raise ValueError(f"params must hold a matrix 'server_W1'; got the keys {sorted(params)}")
    hidden, width = params["server_W1"].shape
    layers = sum(key.startswith("query") for key in params)
    shape = Shape(width, heads, max(layers, 1), hidden, "norm_ffn0_gain" in params)
    expected = shapes(shape)
    missing, extra = sorted(expected.keys() - params.keys()), sorted(params.keys() - expected)
    if missing or extra:
        raise ValueError(
            f"params must be a pointer network's with {shape.layers} layers; "
            f"got keys {extra} beside them and no {missing}"
        )
    for key, wanted in expected.items():
        if params[key].shape != wanted:
            raise ValueError(f"params[{key!r}] must have shape {wanted}; got {params[key].shape}")
        check_finite(f"params[{key!r}]", params[key])
    return shape


def part(params: Mapping[str, Array], name: str) -> Params:
    """Parameters of one part of the network under their short names: ``task_W0`` as ``W0``."""
    return {key[len(name) + 1 :]: value for key, value in params.items() if _is_of(key, name)}


def attention_part(params: Mapping[str, Array], layer: int) -> Params:
    """Matrices of one attention layer under their short names."""
    return {name: params[f"{name}{layer}"] for name in attention.NAMES}


def _is_of(key: str, name: str) -> bool:
    return key.startswith(f"{name}_")


def _named(prefix: str, params: Params) -> Params:
    return {f"{prefix}_{key}": value for key, value in params.items()}


def _mlp_shapes(prefix: str, sizes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        found |= {f"{prefix}_W{k}": (n_in, n_out), f"{prefix}_b{k}": (n_out,)}
    return found
