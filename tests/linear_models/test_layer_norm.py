"""Layer normalisation against a row by row loop; its gradient against the complex step."""

from __future__ import annotations

import math
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import layer_norm
from linear_models.gradcheck import check_layer
from tests.linear_models.strategies import batch_shapes, rngs

widths = st.integers(2, 6)


def random_params(rng, width, affine):
    if not affine:
        return {}
    return {"gain": rng.uniform(0.5, 2, width), "shift": rng.uniform(-1, 1, width)}


@given(rngs, batch_shapes, widths, st.booleans(), st.sampled_from([1e-5, 0.1]))
def test_forward_is_the_row_by_row_loop(rng, shape, width, affine, eps) -> None:
    x, params = rng.uniform(-3, 3, (*shape, width)), random_params(rng, width, affine)
    y, _ = layer_norm.forward(params, x, eps)
    gain, shift = params.get("gain", np.ones(width)), params.get("shift", np.zeros(width))
    for row in np.ndindex(*shape):
        mean = fmean(x[row])
        deviation = math.sqrt(fmean([(v - mean) ** 2 for v in x[row]]) + eps)
        expected = [
            g * (v - mean) / deviation + s for v, g, s in zip(x[row], gain, shift, strict=True)
        ]
        np.testing.assert_allclose(y[row], expected, rtol=1e-10, atol=1e-11)


@given(rngs, batch_shapes, widths, st.booleans())
def test_gradient_of_parameters_and_input(rng, shape, width, affine) -> None:
    # A row that is nearly constant is amplified by up to 1 / sqrt(eps).
    x = rng.uniform(-3, 3, (*shape, width)) + np.linspace(0, 3, width)
    check_layer(
        layer_norm.forward, layer_norm.backward, random_params(rng, width, affine), x, rng, 1e-9
    )


@given(rngs, widths)
def test_without_parameters_rows_have_mean_zero_and_square_one(rng, width) -> None:
    x = rng.uniform(-3, 3, (4, width)) + 10 * np.arange(width)
    y, _ = layer_norm.forward({}, x)
    np.testing.assert_allclose(y.sum(axis=1), 0, atol=1e-12)
    # 1 - eps / var, and the variance is at least that of 10 and -10 apart, less 3 each.
    np.testing.assert_allclose((y * y).mean(axis=1), 1, atol=1e-5)


def test_neither_a_shift_nor_a_scale_of_the_input_matters() -> None:
    x = np.array([[1.0, 2.0, 4.0]])
    params = layer_norm.init(3)
    y, _ = layer_norm.forward(params, x, 1e-12)
    np.testing.assert_allclose(layer_norm.forward(params, 5 * x + 7, 1e-12)[0], y, atol=1e-11)


def test_a_constant_row_becomes_the_shift() -> None:
    params = {"gain": np.array([2.0, 3.0]), "shift": np.array([0.5, -1.0])}
    y, _ = layer_norm.forward(params, np.full((1, 2), 7.0))
    np.testing.assert_array_equal(y, [[0.5, -1.0]])


def test_it_starts_as_plain_normalisation() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3))
    y, _ = layer_norm.forward(layer_norm.init(3), x)
    np.testing.assert_array_equal(y, layer_norm.forward({}, x)[0])
    assert layer_norm.init(3, np.float32)["gain"].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_is_kept(dtype) -> None:
    x, params = np.arange(6, dtype=dtype).reshape(2, 3), layer_norm.init(3, dtype)
    y, cache = layer_norm.forward(params, x)
    grads, dx = layer_norm.backward(params, cache, y)
    assert {y.dtype, dx.dtype, grads["gain"].dtype} == {np.dtype(dtype)}


def test_bad_input_is_refused() -> None:
    x, params = np.ones((2, 3)), layer_norm.init(3)
    with pytest.raises(ValueError, match=r"x must have 4 entries on its last axis; got .*\(2, 3\)"):
        layer_norm.forward(layer_norm.init(4), x)
    with pytest.raises(ValueError, match=r"params\['gain'\] must have shape \(3,\)"):
        layer_norm.forward({**params, "gain": np.ones((3, 1))}, x)
    with pytest.raises(ValueError, match=r"gain, shift or none; got \['gain'\]"):
        layer_norm.forward({"gain": np.ones(3)}, x)
    with pytest.raises(ValueError, match="eps must be finite and > 0; got 0"):
        layer_norm.forward(params, x, 0.0)
    _, cache = layer_norm.forward(params, x)
    with pytest.raises(ValueError, match=r"dy must have shape \(2, 3\); got \(3,\)"):
        layer_norm.backward(params, cache, np.ones(3))
    with pytest.raises(ValueError, match="width must be an integer >= 1; got 0"):
        layer_norm.init(0)
