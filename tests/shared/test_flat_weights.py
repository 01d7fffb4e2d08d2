"""One vector, many names; buffers that are grown and shared."""

from __future__ import annotations

import numpy as np

from linear_models import mlp
from refimpl.shared.flat_weights import Buffers, Weights


def test_names_are_views_of_the_vector() -> None:
    params = mlp.init(np.random.default_rng(0), (3, 2, 1))
    weights = Weights.of(params)
    weights.vector += 1
    for key, value in params.items():
        np.testing.assert_array_equal(weights.named[key], value + 1)
    copied = weights.params()
    weights.vector += 1
    np.testing.assert_array_equal(copied["W0"], params["W0"] + 1)
    assert not weights.like().vector.any()
    assert not weights.like().named["W0"].any()


def test_buffers_keep_their_memory_and_follow_the_dtype() -> None:
    buffers = Buffers()
    first = buffers.get("x", (4, 3), np.float32)
    assert np.shares_memory(first, buffers.get("x", (2, 6), np.float32))
    assert np.shares_memory(first, buffers.get("x", (1, 5), np.float32))
    assert not np.shares_memory(first, buffers.get("y", (4, 3), np.float32))
    assert buffers.get("x", (4, 3), np.float64).dtype == np.float64
    assert buffers.get("x", (40, 3), np.float64).shape == (40, 3)
