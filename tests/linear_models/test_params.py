"""Dicts of arrays behave like one long vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from linear_models.gradcheck import complex_step_jvp
from linear_models.params import (
    check_matches,
    flatten,
    global_norm,
    map_params,
    unflatten,
    zeros_like,
)
from tests.linear_models.strategies import Network, networks


@given(networks())
def test_unflatten_inverts_flatten(network: Network) -> None:
    again = unflatten(flatten(network.params), network.params)
    assert list(again) == list(network.params)
    for key, value in network.params.items():
        np.testing.assert_array_equal(again[key], value)


@given(networks())
def test_flatten_does_not_depend_on_the_order_of_the_keys(network: Network) -> None:
    backwards = dict(reversed(network.params.items()))
    np.testing.assert_array_equal(flatten(backwards), flatten(network.params))


def test_flatten_lists_sorted_keys_row_by_row() -> None:
    params = {"b": np.array([5.0]), "a": np.array([[1.0, 2.0], [3.0, 4.0]])}
    np.testing.assert_array_equal(flatten(params), [1, 2, 3, 4, 5])


def test_unflatten_returns_views_of_the_vector() -> None:
    vector = np.zeros(3, np.float32)
    pieces = unflatten(vector, {"a": np.zeros((1, 2)), "b": np.zeros(1)})
    vector[:] = 7
    assert all((piece == 7).all() and piece.dtype == np.float32 for piece in pieces.values())


@given(networks())
def test_map_params_is_vector_arithmetic(network: Network) -> None:
    step = map_params(lambda p, q: p - 0.5 * q, network.params, network.params)
    np.testing.assert_array_equal(flatten(step), 0.5 * flatten(network.params))


def test_zeros_like_keeps_shapes_and_dtypes() -> None:
    zeros = zeros_like({"a": np.ones((2, 3), np.float32), "b": np.ones(1, complex)})
    assert zeros["a"].shape == (2, 3)
    assert zeros["a"].dtype == np.float32
    assert zeros["b"].dtype == np.complex128
    assert not any(value.any() for value in zeros.values())


@given(networks())
def test_global_norm_is_the_norm_of_the_vector(network: Network) -> None:
    assert global_norm(network.params) == pytest.approx(np.linalg.norm(flatten(network.params)))


@given(networks())
def test_gradient_of_global_norm_is_the_unit_vector(network: Network) -> None:
    x = flatten(network.params)
    direction = network.rng.standard_normal(x.shape)
    slope = complex_step_jvp(
        lambda v: np.asarray(global_norm(unflatten(v, network.params))), x, direction
    )
    assert slope == pytest.approx(x @ direction / np.linalg.norm(x), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flatten({}), "params must hold at least one array"),
        (lambda: unflatten(np.zeros(1), {}), "like must hold at least one array"),
        (lambda: unflatten(np.zeros(3), {"a": np.zeros(2)}), r"vector .*\(2,\); got \(3,\)"),
        (lambda: map_params(np.add), "at least one dict"),
        (lambda: map_params(np.add, {"a": np.zeros(1)}, {"b": np.zeros(1)}), r"\['a'\].*\['b'\]"),
        (
            lambda: check_matches("grads", {"a": np.zeros(1)}, {"a": np.zeros(2)}),
            r"grads\['a'\] must have shape \(2,\); got \(1,\)",
        ),
        (lambda: global_norm({}), "params must hold at least one array"),
        (lambda: global_norm({"a": np.array([np.nan])}), r"params\['a'\] must be finite; got nan"),
        (lambda: global_norm({"a": np.full(2, 1e30, np.float32)}), "overflow"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
