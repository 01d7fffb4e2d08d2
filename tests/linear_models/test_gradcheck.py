"""The checker passes what is right and catches what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from linear_models import mlp
from linear_models.activations import TANH, Activation
from linear_models.gradcheck import (
    GradientError,
    central_jvp,
    check_layer,
    check_vjp,
    complex_step_jvp,
)
from linear_models.params import map_params
from tests.linear_models.strategies import rngs


def cubic(x):
    return x * x * x


def cubic_vjp(x, dy):
    return 3 * x * x * dy


@given(rngs)
def test_complex_step_is_exact_for_a_known_derivative(rng) -> None:
    x, d = rng.standard_normal((2, 4))
    jvp = complex_step_jvp(lambda x: np.exp(np.sin(x)), x, d)
    np.testing.assert_allclose(jvp, np.cos(x) * np.exp(np.sin(x)) * d, rtol=1e-14, atol=1e-15)


@given(rngs)
def test_central_differences_agree_to_their_own_error(rng) -> None:
    x, d = rng.uniform(-1, 1, (2, 4))
    h = 1e-5
    # Truncation: h^2 / 6 times the third derivative, 6 d^3; cancellation: a few eps * |f| / h.
    bound = h**2 + 8 * np.finfo(float).eps / h
    difference = central_jvp(cubic, x, d, h) - complex_step_jvp(cubic, x, d)
    assert (np.abs(difference) <= bound).all()


def test_central_differences_are_second_order() -> None:
    one = np.ones(1)
    errors = [abs(central_jvp(cubic, one, one, h)[0] - 3) for h in (1e-1, 1e-2)]
    np.testing.assert_allclose(errors, [1e-2, 1e-4], rtol=1e-6)


@given(rngs)
def test_correct_derivative_passes_to_rounding(rng) -> None:
    error = check_vjp(cubic, cubic_vjp, rng.standard_normal(5), rng=rng)
    assert error <= 1e-14


@given(rngs)
def test_several_inputs_are_checked_one_by_one(rng) -> None:
    x, y = rng.standard_normal((2, 3))

    def product(x, y):
        return x * y

    assert check_vjp(product, lambda x, y, dy: (y * dy, x * dy), x, y, rng=rng) <= 1e-14
    with pytest.raises(GradientError, match="input 1"):
        check_vjp(product, lambda _, y, dy: (y * dy, y * dy), x, y, rng=rng)
    with pytest.raises(GradientError, match="2 inputs, but 1 gradients"):
        check_vjp(product, lambda _, y, dy: y * dy, x, y, rng=rng)


def test_scalar_functions_can_be_checked() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(4)
    check_vjp(lambda x: (x * x).sum(), lambda x, dy: 2 * x * dy, x, rng=rng)


def test_a_gradient_that_cancels_is_zero_up_to_rounding() -> None:
    rng = np.random.default_rng(3)

    def total(x):
        powers = np.exp(x)
        return (powers / powers.sum()).sum()

    def total_vjp(x, dy):
        p = np.exp(x) / np.exp(x).sum()
        return dy * p * (1.0 - p.sum() * (1.0 + 1e-16) + 2e-17)

    for _ in range(50):
        assert check_vjp(total, total_vjp, rng.normal(size=7), rng=rng) <= 1e-10


def test_small_derivatives_are_still_checked() -> None:
    rng = np.random.default_rng(3)
    with pytest.raises(GradientError):
        check_vjp(lambda x: 1e-3 * x, lambda _, dy: 1.000001e-3 * dy, np.ones(3), rng=rng)


def test_a_constant_function_has_zero_gradient() -> None:
    rng = np.random.default_rng(0)
    assert check_vjp(lambda x: 0 * x, lambda x, dy: 0 * x * dy, np.ones(2), rng=rng) == 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, dy: -cubic_vjp(x, dy),
        lambda x, dy: cubic_vjp(x, dy) / x.size,
        lambda x, dy: 3 * x * dy,
        lambda x, dy: cubic_vjp(x, dy) * (1 + 1e-9),
        lambda _, dy: np.nan * dy,
        lambda _, dy: 0 * dy,
        lambda x, dy: np.where(np.arange(x.size) == 3, 0, cubic_vjp(x, dy)),
    ],
    ids=["sign", "1/n", "power", "ninth digit", "nan", "zero", "one entry"],
)
def test_planted_bugs_in_a_function_are_caught(wrong) -> None:
    rng = np.random.default_rng(7)
    with pytest.raises(GradientError, match="gradient of input 0: complex step gives"):
        check_vjp(cubic, wrong, rng.standard_normal(5), rng=rng)


def backward_with(wrong_vjp):
    """Back-propagation with another derivative of the activation."""

    def backward(params, cache, dy):
        wrong = Activation("wrong", TANH.forward, wrong_vjp)
        return mlp.backward(params, replace(cache, activation=wrong), dy)

    return backward


def mean_over_the_batch(params, cache, dy):
    grads, dx = mlp.backward(params, cache, dy)
    return map_params(lambda g: g / len(dy), grads), dx


def bias_of_the_first_row_only(params, cache, dy):
    grads, dx = mlp.backward(params, cache, dy)
    return {**grads, "b1": dy[0]}, dx


def input_gradient_missing(params, cache, dy):
    grads, dx = mlp.backward(params, cache, dy)
    return grads, 0 * dx


@pytest.mark.parametrize(
    ("backward", "name"),
    [
        (backward_with(lambda _x, _y, dy: dy), "params"),
        (backward_with(lambda _x, y, dy: (1 - y) * dy), "params"),
        (backward_with(lambda x, _y, dy: (1 - x * x) * dy), "params"),
        (mean_over_the_batch, "params"),
        (bias_of_the_first_row_only, r"params\['b1'\]"),
        (input_gradient_missing, "x"),
    ],
)
def test_planted_bugs_in_a_layer_are_caught(backward, name) -> None:
    rng = np.random.default_rng(3)
    params, x = mlp.init(rng, (3, 4, 2)), rng.standard_normal((5, 3))

    def forward(params, x):
        return mlp.forward(params, x, TANH)

    assert check_layer(forward, mlp.backward, params, x, rng) <= 1e-14
    with pytest.raises(GradientError, match=f"gradient of {name}"):
        check_layer(forward, backward, params, x, rng)


def test_gradients_must_have_the_keys_and_shapes_of_the_parameters() -> None:
    rng = np.random.default_rng(0)
    params, x = mlp.init(rng, (3, 2)), rng.standard_normal((5, 3))

    def without_bias(params, cache, dy):
        grads, dx = mlp.backward(params, cache, dy)
        return {"W0": grads["W0"]}, dx

    def with_one_row(params, cache, dy):
        grads, dx = mlp.backward(params, cache, dy)
        return grads, dx[0]

    with pytest.raises(ValueError, match=r"grads must have the keys \['W0', 'b0'\]; got \['W0'\]"):
        check_layer(mlp.forward, without_bias, params, x, rng)
    with pytest.raises(ValueError, match=r"dx must have shape \(5, 3\); got \(3,\)"):
        check_layer(mlp.forward, with_one_row, params, x, rng)


def test_a_function_that_drops_the_imaginary_part_is_refused() -> None:
    """Otherwise its derivative would silently be 0."""
    with pytest.raises(ValueError, match=r"f must let complex numbers pass through.*float64"):
        complex_step_jvp(np.abs, np.ones(2), np.ones(2))


@pytest.mark.parametrize("jvp", [complex_step_jvp, central_jvp])
def test_bad_input_is_named(jvp) -> None:
    with pytest.raises(ValueError, match=r"direction must have shape \(2,\); got \(3,\)"):
        jvp(cubic, np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=r"h must be finite and > 0; got 0\.0"):
        jvp(cubic, np.ones(2), np.ones(2), h=0.0)


@pytest.mark.parametrize(("factor", "right"), [(3, True), (2, False)])
def test_a_layer_may_have_no_parameters(factor, right) -> None:
    rng, x = np.random.default_rng(0), np.array([0.5, -1.0])

    def forward(_, x):
        return 3 * x, None

    def backward(_, __, dy):
        return {}, factor * dy

    if right:
        assert check_layer(forward, backward, {}, x, rng) < 1e-15
    else:
        with pytest.raises(GradientError, match="gradient of x"):
            check_layer(forward, backward, {}, x, rng)
