"""What is folded for decisions, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from linear_models import layer_norm
from refimpl.scale.network.parameters import part
from refimpl.scale.network.preparation import TILE, prepared
from tests.scale.network.strategies import SMALL, random_params, rngs, shapes


@given(rngs, shapes())
def test_normalised_sums_go_straight_to_the_next_products(rng, shape) -> None:
    """Gain, shift, weights, bias and centring in one affine map."""
    params = random_params(rng, shape)
    network = prepared(params, shape.heads, np.float64)
    normal, _ = layer_norm.forward({}, rng.standard_normal((3, shape.width)))
    stretch = part(params, "norm_attention0")
    middle = normal * stretch.get("gain", 1.0) + stretch.get("shift", 0.0)
    weights, bias = network.layers[0].inner
    found = normal @ weights + bias
    expected = middle @ params["ffn0_W0"] + params["ffn0_b0"]
    np.testing.assert_allclose(found[:, : -shape.width], expected, rtol=0, atol=1e-12)
    residual = middle + params["ffn0_b1"]
    residual = residual - residual.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found[:, -shape.width :], residual, rtol=0, atol=1e-12)
    np.testing.assert_allclose(network.layers[0].outer.sum(axis=1), 0, atol=1e-12)


def test_precision_is_chosen_and_the_floor_is_minus_the_bias() -> None:
    params = random_params(np.random.default_rng(0), SMALL)
    network = prepared(params, 2)
    assert network.floor.shape == (TILE, SMALL.hidden)
    assert network.floor.dtype == network.point[0].dtype == np.float32
    np.testing.assert_array_equal(network.floor[-1], -params["server_b0"].astype(np.float32))
    assert prepared(params, 2, np.float64).point[1].dtype == np.float64


def test_a_checkpoint_of_another_network_is_refused() -> None:
    params = random_params(np.random.default_rng(0), SMALL)
    with pytest.raises(ValueError, match=r"params\['pointer_key'\] must have shape \(4, 4\)"):
        prepared({**params, "pointer_key": np.ones((4, 5))}, 2)
