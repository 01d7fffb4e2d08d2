"""Names and shapes of the parameters, and recovering the network's sizes from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.scale.network.parameters import (
    Shape,
    attention_part,
    init,
    part,
    shape_of,
    shapes,
)
from tests.scale.network.strategies import SMALL, rngs
from tests.scale.network.strategies import shapes as small_shapes


@given(rngs, small_shapes())
def test_sizes_are_recovered(rng, shape: Shape) -> None:
    params = init(rng, shape)
    assert {key: value.shape for key, value in params.items()} == shapes(shape)
    assert shape_of(params, shape.heads) == shape


def test_the_paper_has_fifteen_thousand_parameters_whatever_the_cluster() -> None:
    """Counted by hand: embeddings, blocks, pointer, critic."""
    embedding = 5 * 64 + 64 + 64 * 16 + 16
    block = 4 * 16 * 16 + (16 * 64 + 64 + 64 * 16 + 16) + 4 * 16
    critic = 16 * 64 + 64 + 64 * 64 + 64 + 64 + 1
    total = 2 * embedding + 2 * block + 2 * 16 * 16 + critic
    params = init(np.random.default_rng(0), Shape())
    assert sum(value.size for value in params.values()) == total == 15105


def test_the_start_is_orthogonal_with_zero_biases() -> None:
    params = init(np.random.default_rng(0), Shape(), np.float32)
    assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(params["query1"] @ params["query1"].T, np.eye(16), atol=1e-5)
    pointer = params["pointer_query"]
    np.testing.assert_allclose(pointer @ pointer.T, np.eye(16) / 3, atol=1e-5)
    assert not any(value.any() for key, value in params.items() if "_b" in key or "shift" in key)
    assert (params["norm_ffn1_gain"] == 1).all()


def test_parts_have_short_names() -> None:
    params = init(np.random.default_rng(0), SMALL)
    assert part(params, "task").keys() == {"W0", "b0", "W1", "b1"}
    assert part(params, "norm_ffn1").keys() == {"gain", "shift"}
    assert part(params, "ffn1")["W0"] is params["ffn1_W0"]
    assert attention_part(params, 1)["output"] is params["output1"]


def test_sizes_must_make_sense() -> None:
    with pytest.raises(ValueError, match="heads must divide the width, 16; got 3"):
        Shape(heads=3)
    with pytest.raises(ValueError, match="layers must be an integer >= 1; got 0"):
        Shape(layers=0)


def test_parameters_of_another_network_are_named() -> None:
    params = init(np.random.default_rng(0), SMALL)
    with pytest.raises(
        ValueError, match=r"params\['value1'\] must have shape \(4, 4\); got \(4, 3\)"
    ):
        shape_of({**params, "value1": np.ones((4, 3))}, 2)
    other = {"W0" if key == "critic_b2" else key: value for key, value in params.items()}
    with pytest.raises(ValueError, match=r"got keys \['W0'\] beside them and no \['critic_b2'\]"):
        shape_of(other, 2)
    with pytest.raises(ValueError, match=r"params\['task_b0'\] must be finite; got nan"):
        shape_of({**params, "task_b0": np.full(5, np.nan)}, 2)
    with pytest.raises(ValueError, match=r"a matrix 'server_W1'; got the keys \['W0', 'b0'\]"):
        shape_of({"W0": np.ones((2, 2)), "b0": np.ones(2)})
    with pytest.raises(ValueError, match="heads must divide the width, 4; got 3"):
        shape_of(params, 3)
