"""The fast perceptron gives the numbers of the plain one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from linear_models import mlp
from refimpl.dgpg.train import perceptron
from refimpl.shared.flat_weights import Buffers, Weights
from tests.dgpg.train.strategies import Array, rngs

WIDTHS = st.lists(st.integers(1, 6), min_size=2, max_size=4)


def close(found: Array, expected: Array) -> None:
    """Equal up to the rounding of sums of at most a few dozen terms of the order of 1 to 10."""
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(rngs, WIDTHS, st.lists(st.integers(1, 7), min_size=1, max_size=3))
def test_forward_and_backward_are_those_of_the_plain_network(rng, widths, batches) -> None:
    params, buffers = mlp.init(rng, widths), Buffers()
    weights = Weights.of(params)
    grads = weights.like()
    for n in batches:  # growing and shrinking: buffers are shared
        x, dy = rng.uniform(-1, 1, (n, widths[0])), rng.standard_normal((n, widths[-1]))
        y, cache = mlp.forward(params, x)
        expected, dx = mlp.backward(params, cache, dy)
        out, inputs = perceptron.forward(weights.named, x, buffers)
        close(out.T, y)
        dz = perceptron.backward(weights.named, grads.named, inputs, dy.T.copy(), buffers)
        close(dz @ params["W0"].T, dx)
        for key, gradient in expected.items():
            close(grads.named[key], gradient)


def test_layers_are_counted_beside_other_parameters() -> None:
    params = mlp.init(np.random.default_rng(0), (3, 2, 1))
    assert perceptron.n_layers({**params, "E": np.zeros((2, 2))}) == 2
