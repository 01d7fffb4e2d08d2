"""Valid inputs by construction. Hypothesis draws sizes and a seed; NumPy draws the numbers.

So every example is valid, nothing is filtered out, and shrinking means smaller arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.activations import GELU, IDENTITY, RELU, TANH
from linear_models.params import Params

Array = NDArray[Any]

ACTIVATIONS = (TANH, RELU, GELU, IDENTITY)

sizes = st.integers(1, 5)
rngs = st.integers(0, 2**32 - 1).map(np.random.default_rng)
batch_shapes = st.lists(st.integers(1, 4), min_size=0, max_size=2).map(tuple)


@dataclass(frozen=True)
class Network:
    """An MLP at a random point, an input, and a generator for what the test still needs."""

    params: Params
    x: Array
    rng: np.random.Generator


@st.composite
def networks(draw: st.DrawFn, *, max_layers: int = 3) -> Network:
    """Networks of 1 to ``max_layers`` layers with random biases.

    Continuous random biases keep relu off its kink: no pre-activation is exactly 0. Inputs and
    biases within [-1, 1] keep tanh out of saturation, where ``1 - y^2`` cancels.
    """
    rng = draw(rngs)
    widths = draw(st.lists(sizes, min_size=2, max_size=max_layers + 1))
    params = mlp.init(rng, widths)
    for key in params:
        if key.startswith("b"):
            params[key] = rng.uniform(-1, 1, params[key].shape)
    return Network(params, rng.uniform(-1, 1, (*draw(batch_shapes), widths[0])), rng)


@dataclass(frozen=True)
class Choice:
    """Logits, an optional mask, and allowed actions."""

    logits: Array
    mask: Array | None
    actions: Array
    rng: np.random.Generator


@st.composite
def choices(
    draw: st.DrawFn,
    *,
    masked: bool | None = None,
    spreads: tuple[float, ...] = (0.1, 1.0, 10.0),
) -> Choice:
    """Logits from tiny to large spread; at least one allowed action in each row."""
    rng = draw(rngs)
    shape = (*draw(batch_shapes), draw(sizes))
    logits = draw(st.sampled_from(spreads)) * rng.standard_normal(shape)
    kept = rng.integers(shape[-1], size=shape[:-1])
    actions = kept
    mask = None
    if draw(st.booleans()) if masked is None else masked:
        mask = rng.random(shape) < 0.6
        np.put_along_axis(mask, kept[..., None], True, axis=-1)
        actions = np.argmax(mask * rng.random(shape), axis=-1)
    return Choice(logits, mask, np.asarray(actions), rng)


@dataclass(frozen=True)
class Normal:
    """Mean, log standard deviation (shared by all rows or not), and actions."""

    mean: Array
    log_std: Array
    actions: Array
    rng: np.random.Generator


@st.composite
def normals(draw: st.DrawFn) -> Normal:
    """Diagonal Gaussians with standard deviations between about e^-2 and e^2."""
    rng = draw(rngs)
    shape = (*draw(batch_shapes), draw(sizes))
    log_std_shape = draw(st.sampled_from([shape, shape[-1:]]))
    return Normal(
        rng.standard_normal(shape),
        rng.uniform(-2, 2, log_std_shape),
        2 * rng.standard_normal(shape),
        rng,
    )


def away_from(x: Array, kinks: tuple[float, ...], distance: float = 0.01) -> Array:
    """Move the entries of ``x`` that are closer than ``distance`` to a kink away from it."""
    for kink in kinks:
        x = np.where(np.abs(x - kink) < distance, kink + 2 * distance, x)
    return x
