"""The perceptron against a per-sample loop; back-propagation against the complex step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import affine, mlp
from linear_models.activations import GELU, IDENTITY, RELU, TANH
from linear_models.gradcheck import check_layer, complex_step_jvp
from linear_models.params import flatten, map_params, unflatten
from tests.linear_models.strategies import ACTIVATIONS, Network, networks

activations = st.sampled_from(ACTIVATIONS)

SCALAR = {
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "identity": lambda z: z,
}


def one_sample(params, x, scalar_activation):
    """Network output for one input vector, one unit at a time."""
    h = list(x)
    n_layers = len(params) // 2
    for k in range(n_layers):
        weights, bias = params[f"W{k}"], params[f"b{k}"]
        z = [
            math.fsum(h_i * weights[i, j] for i, h_i in enumerate(h)) + bias[j]
            for j in range(bias.size)
        ]
        h = z if k == n_layers - 1 else [scalar_activation(value) for value in z]
    return h


@given(networks(), activations)
def test_forward_is_the_per_sample_loop(network: Network, activation) -> None:
    y, _ = mlp.forward(network.params, network.x, activation)
    for row in np.ndindex(network.x.shape[:-1]):
        expected = one_sample(network.params, network.x[row], SCALAR[activation.name])
        np.testing.assert_allclose(y[row], expected, rtol=1e-11, atol=1e-13)


@given(networks(), activations)
def test_gradient_of_parameters_and_input(network: Network, activation) -> None:
    check_layer(
        lambda params, x: mlp.forward(params, x, activation),
        mlp.backward,
        network.params,
        network.x,
        network.rng,
    )


@given(networks(max_layers=1))
def test_without_hidden_layer_it_is_the_affine_layer(network: Network) -> None:
    y, cache = mlp.forward(network.params, network.x, TANH)
    as_affine = {"W": network.params["W0"], "b": network.params["b0"]}
    np.testing.assert_array_equal(y, affine.forward(as_affine, network.x)[0])
    grads, _ = mlp.backward(network.params, cache, y)
    np.testing.assert_array_equal(grads["W0"], affine.backward(as_affine, network.x, y)[0]["W"])


@given(networks(), activations)
def test_batch_gradient_is_the_sum_of_sample_gradients(network: Network, activation) -> None:
    y, cache = mlp.forward(network.params, network.x, activation)
    dy = network.rng.standard_normal(y.shape)
    grads, dx = mlp.backward(network.params, cache, dy)
    total = map_params(np.zeros_like, network.params)
    for row in np.ndindex(network.x.shape[:-1]):
        _, cache = mlp.forward(network.params, network.x[row], activation)
        grads_row, dx_row = mlp.backward(network.params, cache, dy[row])
        total = map_params(np.add, total, grads_row)
        np.testing.assert_allclose(dx[row], dx_row, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(flatten(grads), flatten(total), rtol=1e-11, atol=1e-11)


@given(networks())
def test_two_networks_in_a_row_chain_through_dx(network: Network) -> None:
    """The check that a wrong input gradient cannot pass: something stands in front of it."""
    first = network.params
    n_out = first[f"b{mlp.count_layers(first) - 1}"].size
    second = mlp.init(network.rng, (n_out, 3, 2))

    def forward(params, x):
        h, cache_1 = mlp.forward(params, x, TANH)
        y, cache_2 = mlp.forward(second, h, GELU)
        return y, (cache_1, cache_2)

    def backward(params, caches, dy):
        _, dh = mlp.backward(second, caches[1], dy)
        return mlp.backward(params, caches[0], dh)

    check_layer(forward, backward, first, network.x, network.rng)


@given(networks(), st.sampled_from([TANH, GELU]))
def test_second_derivatives_by_complex_step_through_backward_are_symmetric(
    network: Network, activation
) -> None:
    """The backward pass is itself differentiable code: complex numbers pass through it too."""
    theta = flatten(network.params)

    def gradient(vector):
        params = unflatten(vector, network.params)
        y, cache = mlp.forward(params, network.x, activation)
        return flatten(mlp.backward(params, cache, y)[0])  # of sum(y^2) / 2

    u, v = network.rng.standard_normal((2, theta.size))
    hessian_u, hessian_v = (complex_step_jvp(gradient, theta, d) for d in (u, v))
    size = np.linalg.norm(u) * np.linalg.norm(hessian_v) + np.linalg.norm(v) * np.linalg.norm(
        hessian_u
    )
    assert abs(v @ hessian_u - u @ hessian_v) <= 1e-12 * size


@given(networks())
def test_identity_activation_collapses_to_one_matrix(network: Network) -> None:
    y, cache = mlp.forward(network.params, network.x, IDENTITY)
    product = np.linalg.multi_dot(
        [network.params[f"W{k}"] for k in range(mlp.count_layers(network.params))]
        + [np.eye(y.shape[-1])]
    )
    dy = network.rng.standard_normal(y.shape)
    _, dx = mlp.backward(network.params, cache, dy)
    np.testing.assert_allclose(dx, dy @ product.T, rtol=1e-11, atol=1e-11)


def test_init_uses_the_hidden_gain_inside_and_the_out_gain_last() -> None:
    params = mlp.init(np.random.default_rng(0), (4, 4, 4, 2), hidden_gain=1.5, out_gain=0.01)
    gains = [np.linalg.svd(params[f"W{k}"], compute_uv=False) for k in range(3)]
    np.testing.assert_allclose(np.concatenate(gains), [1.5] * 8 + [0.01] * 2, rtol=1e-12)
    assert not any(params[f"b{k}"].any() for k in range(3))


def test_default_hidden_gain_is_root_two() -> None:
    params = mlp.init(np.random.default_rng(0), (3, 3, 1))
    np.testing.assert_allclose(np.linalg.svd(params["W0"], compute_uv=False), math.sqrt(2))
    np.testing.assert_allclose(np.linalg.svd(params["W1"], compute_uv=False), 1.0)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
def test_float32_stays_float32(activation) -> None:
    params = mlp.init(np.random.default_rng(0), (3, 4, 2), dtype=np.float32)
    y, cache = mlp.forward(params, np.ones((5, 3), np.float32), activation)
    grads, dx = mlp.backward(params, cache, y)
    assert {a.dtype for a in (*params.values(), y, *grads.values(), dx)} == {np.dtype(np.float32)}


def test_default_activation_is_tanh() -> None:
    params = mlp.init(np.random.default_rng(0), (3, 4, 2))
    x = np.ones((5, 3))
    np.testing.assert_array_equal(mlp.forward(params, x)[0], mlp.forward(params, x, TANH)[0])
    assert (mlp.forward(params, x)[0] != mlp.forward(params, x, RELU)[0]).any()


RNG = np.random.default_rng(0)
P = mlp.init(RNG, (3, 4, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mlp.init(RNG, (3,)), r"sizes .*\(3,\)"),
        (lambda: mlp.init(RNG, (3, 0, 2)), "n_out .*got 0"),
        (lambda: mlp.forward({}, np.zeros(3)), r"params .*\[\]"),
        (lambda: mlp.forward({"W0": P["W0"]}, np.zeros(3)), r"params .*\['W0'\]"),
        (lambda: mlp.forward({**P, "W7": P["W0"], "b7": P["b0"]}, np.zeros(3)), "params .*W7"),
        (
            lambda: mlp.forward({**P, "W1": np.zeros((5, 2))}, np.zeros(3)),
            r"x must have 5 .*\(4,\)",
        ),
        (lambda: mlp.forward(P, np.zeros((2, 4))), r"x must have 3 .*\(2, 4\)"),
        (
            lambda: mlp.backward(P, mlp.forward(P, np.zeros((2, 3)))[1], np.zeros((3, 2))),
            r"dy must have shape \(2, 2\); got \(3, 2\)",
        ),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
