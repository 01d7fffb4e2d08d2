"""Layers in columns give the numbers of the layers in rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from linear_models import affine, layer_norm
from linear_models.activations import GELU
from refimpl.scale.network import columns
from tests.scale.network.strategies import rngs


@given(rngs, st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_dense_is_the_affine_layer(rng, n_in, n_out, n_samples) -> None:
    params = {"W": rng.standard_normal((n_in, n_out)), "b": rng.standard_normal(n_out)}
    x, dy = rng.standard_normal((n_samples, n_in)), rng.standard_normal((n_samples, n_out))
    y, cache = affine.forward(params, x)
    out = np.empty((n_out, n_samples))
    columns.dense(params["W"], params["b"], x.T, out)
    np.testing.assert_allclose(out.T, y, rtol=0, atol=1e-13)
    grads = {key: np.empty_like(value) for key, value in params.items()}
    columns.dense_backward(grads, "W", "b", x.T, dy.T)
    expected, _ = affine.backward(params, cache, dy)
    for key, gradient in expected.items():
        np.testing.assert_allclose(grads[key], gradient, rtol=0, atol=1e-12)


@given(rngs, st.integers(2, 6), st.integers(1, 5))
def test_normalise_is_layer_normalisation(rng, width, n_samples) -> None:
    x, dy = rng.uniform(-1, 1, (n_samples, width)), rng.standard_normal((n_samples, width))
    x += np.linspace(0, 3, width)
    y, cache = layer_norm.forward({}, x)
    _, dx = layer_norm.backward({}, cache, dy)
    normal, scale, d_normal = x.T.copy(), np.empty(n_samples), dy.T.copy()
    scratch = np.empty_like(normal)
    columns.normalise(normal, scale, scratch)
    np.testing.assert_allclose(normal.T, y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scale, cache.scale[:, 0], rtol=1e-12)
    columns.normalise_backward(normal, scale, d_normal, scratch)
    np.testing.assert_allclose(d_normal.T, dx, rtol=0, atol=1e-11)


GRID = np.concatenate([np.linspace(-12, 12, 24_001), [-1e30, -1e4, -0.0, 1e-30, 1e4, 1e30]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_distribution_function_is_right_to_its_last_place(dtype) -> None:
    x = GRID.astype(dtype)
    out, scratch = np.empty_like(x), np.empty_like(x)
    with np.errstate(over="ignore"):
        columns.normal_cdf(x, out, scratch)
    assert out.dtype == dtype
    # 3e-8 from the fit, and a few roundings of numbers up to 1.
    assert np.abs(out - ndtr(x.astype(np.float64))).max() <= 2 * np.finfo(dtype).eps
    columns.normal_cdf(np.array([np.nan], dtype), out[:1], scratch[:1])
    assert np.isnan(out[0])


def test_the_slope_is_that_of_gelu() -> None:
    x = GRID[:-6].copy()
    cdf, out = np.empty_like(x), np.empty_like(x)
    columns.normal_cdf(x, cdf, out)
    columns.gelu_slope(x, cdf, out)
    np.testing.assert_allclose(out, GELU.vjp(x, GELU.forward(x), np.ones_like(x)), atol=1e-14)
