"""Activations against textbook formulas, their derivatives against the complex step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from linear_models.activations import GELU, IDENTITY, RELU, TANH, Activation, relu, relu_vjp
from linear_models.gradcheck import check_vjp
from tests.linear_models.strategies import ACTIVATIONS, away_from, batch_shapes, rngs

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)

ORACLES = {
    "tanh": lambda x: 1 - 2 / (math.exp(2 * x) + 1),
    "relu": lambda x: x if x > 0 else 0.0,
    "gelu": lambda x: x * stats.norm.cdf(x),
    "identity": lambda x: x,
}


@every_activation
def test_values(activation: Activation) -> None:
    x = np.linspace(-6, 6, 61)
    expected = [ORACLES[activation.name](v) for v in x]
    np.testing.assert_allclose(activation.forward(x), expected, rtol=1e-10, atol=1e-15)


@every_activation
@given(rngs, batch_shapes)
def test_derivative(activation: Activation, rng, shape) -> None:
    # Beyond 4 the derivative of tanh is a difference of nearly equal numbers.
    x = away_from(rng.uniform(-4, 4, shape), (0.0,))
    check_vjp(
        activation.forward,
        lambda x, dy: activation.vjp(x, activation.forward(x), dy),
        x,
        rng=rng,
    )


def test_relu_has_derivative_zero_at_its_kink() -> None:
    x = np.zeros(1)
    np.testing.assert_array_equal(relu_vjp(x, relu(x), np.ones(1)), [0.0])


@every_activation
def test_nan_is_never_swallowed(activation: Activation) -> None:
    assert np.isnan(activation.forward(np.array([np.nan]))).all()


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_is_kept(activation: Activation, dtype) -> None:
    x = np.array([-1, 2], dtype)
    y = activation.forward(x)
    assert y.dtype == dtype
    assert activation.vjp(x, y, np.ones_like(x)).dtype == dtype


def test_constants_carry_their_names() -> None:
    assert [a.name for a in (TANH, RELU, GELU, IDENTITY)] == ["tanh", "relu", "gelu", "identity"]
