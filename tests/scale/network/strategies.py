"""Small pointer networks at a random point, and states for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models.params import Params
from refimpl.scale.network.parameters import Shape, init

Array = NDArray[Any]

rngs = st.integers(0, 2**32 - 1).map(np.random.default_rng)

SMALL = Shape(width=4, heads=2, layers=2, hidden=5)


@dataclass(frozen=True)
class Case:
    """A network, B states with N servers, and derivatives by everything that comes out."""

    shape: Shape
    params: Params
    task: Array
    servers: Array
    present: Array | None
    d_logits: Array
    d_value: Array
    d_features: Array
    rng: np.random.Generator

    @property
    def there(self) -> Array:
        """Which servers are present, (B, N)."""
        return np.ones(self.servers.shape[:2], bool) if self.present is None else self.present

    def map(self, f: Callable[[Array], Array]) -> Case:
        """Apply ``f`` to all floating-point arrays."""
        return Case(
            self.shape,
            {key: f(value) for key, value in self.params.items()},
            f(self.task),
            f(self.servers),
            self.present,
            f(self.d_logits),
            f(self.d_value),
            f(self.d_features),
            self.rng,
        )


def random_params(rng: np.random.Generator, shape: Shape) -> Params:
    """Draw parameters off every special value: biases, gains and shifts too.

    Random biases keep the rectifiers off their kink.
    """
    params = init(rng, shape)
    return {key: value + rng.uniform(-0.3, 0.3, value.shape) for key, value in params.items()}


def random_case(
    rng: np.random.Generator, shape: Shape, n_samples: int, n_servers: int, some_absent: bool
) -> Case:
    """Draw a network, states and derivatives."""
    present = None
    if some_absent:
        present = rng.random((n_samples, n_servers)) < 0.6
        present[np.arange(n_samples), rng.integers(n_servers, size=n_samples)] = True
    return Case(
        shape,
        random_params(rng, shape),
        rng.uniform(0, 2, (n_samples, 5)),
        rng.uniform(0, 1, (n_samples, n_servers, 5)),
        present,
        rng.standard_normal((n_samples, n_servers)),
        rng.standard_normal(n_samples),
        rng.standard_normal((n_samples, shape.width)),
        rng,
    )


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """One to three layers and heads, up to nine wide, with and without gain and shift."""
    heads = draw(st.integers(1, 3))
    return Shape(
        width=heads * draw(st.integers(2, 3)),
        heads=heads,
        layers=draw(st.integers(1, 3)),
        hidden=draw(st.integers(1, 6)),
        affine=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to five states with up to six servers."""
    rng, shape = draw(rngs), draw(shapes())
    sizes = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    return random_case(rng, shape, *sizes, draw(st.booleans()))
