"""y = x W + b: values by explicit sums, gradients by the complex step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given

from linear_models import affine
from linear_models.gradcheck import check_layer
from tests.linear_models.strategies import Array, batch_shapes, rngs, sizes


def layer(rng: np.random.Generator, n_in: int, n_out: int) -> dict[str, Array]:
    return {"W": rng.standard_normal((n_in, n_out)), "b": rng.standard_normal(n_out)}


@given(rngs, sizes, sizes, batch_shapes)
def test_forward_is_the_explicit_sum(rng, n_in, n_out, batch) -> None:
    params, x = layer(rng, n_in, n_out), rng.standard_normal((*batch, n_in))
    y, _ = affine.forward(params, x)
    assert y.shape == (*batch, n_out)
    for index in np.ndindex(y.shape):
        *row, j = index
        terms = [x[(*row, i)] * params["W"][i, j] for i in range(n_in)]
        assert y[index] == pytest.approx(sum(terms) + params["b"][j], rel=1e-12, abs=1e-14)


@given(rngs, sizes, sizes, batch_shapes)
def test_gradient_of_parameters_and_input(rng, n_in, n_out, batch) -> None:
    x = rng.standard_normal((*batch, n_in))
    check_layer(affine.forward, affine.backward, layer(rng, n_in, n_out), x, rng)


def test_an_empty_batch_has_zero_gradient() -> None:
    params = layer(np.random.default_rng(0), 3, 2)
    y, cache = affine.forward(params, np.zeros((0, 3)))
    grads, dx = affine.backward(params, cache, y)
    assert dx.shape == (0, 3)
    assert not grads["W"].any()
    assert not grads["b"].any()


@given(rngs, sizes, sizes)
def test_init_is_orthogonal_times_gain(rng, n_in, n_out) -> None:
    params = affine.init(rng, n_in, n_out, gain=1.7)
    singular_values = np.linalg.svd(params["W"], compute_uv=False)
    np.testing.assert_allclose(singular_values, 1.7, rtol=1e-13)
    assert params["W"].shape == (n_in, n_out)
    np.testing.assert_array_equal(params["b"], np.zeros(n_out))


def test_init_has_no_preferred_sign() -> None:
    rng = np.random.default_rng(1)
    n = 400
    corners = np.array([affine.init(rng, 3, 2)["W"][0] for _ in range(n)])
    # A column of a Haar matrix in R^3 has mean 0 and variance 1/3 in every entry.
    z = corners.mean(axis=0) / np.sqrt(1 / (3 * n))
    assert (np.abs(z) < 4).all()


def test_float32_stays_float32() -> None:
    rng = np.random.default_rng(0)
    params = affine.init(rng, 3, 2, np.sqrt(2), np.float32)
    y, cache = affine.forward(params, np.ones((4, 3), np.float32))
    grads, dx = affine.backward(params, cache, y)
    assert {a.dtype for a in (*params.values(), y, *grads.values(), dx)} == {np.dtype(np.float32)}


def test_arguments_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    params, x = layer(rng, 3, 2), rng.standard_normal((4, 3))
    copies = [a.copy() for a in (*params.values(), x)]
    y, cache = affine.forward(params, x)
    affine.backward(params, cache, y)
    for before, after in zip(copies, (*params.values(), x), strict=True):
        np.testing.assert_array_equal(before, after)


P = {"W": np.zeros((3, 2)), "b": np.zeros(2)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: affine.forward(P, np.zeros((4, 2))), r"x must have 3 .*\(4, 2\)"),
        (lambda: affine.forward(P, np.zeros(())), r"x must have 3 .*\(\)"),
        (lambda: affine.forward({**P, "b": np.zeros(3)}, np.zeros(3)), r"'b'.*\(2,\); got \(3,\)"),
        (lambda: affine.forward({**P, "W": np.zeros(3)}, np.zeros(3)), r"'W'.*\(3,\)"),
        (lambda: affine.backward(P, np.zeros((4, 3)), np.zeros(2)), r"dy .*\(4, 2\); got \(2,\)"),
        (lambda: affine.init(np.random.default_rng(), 0, 2), "n_in .*got 0"),
        (lambda: affine.init(np.random.default_rng(), 2, 1.5), "n_out .*got 1.5"),
        (lambda: affine.init(np.random.default_rng(), 2, 2, gain=float("nan")), "gain .*nan"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_rows_do_not_mix() -> None:
    rng = np.random.default_rng(2)
    params, x = layer(rng, 3, 2), rng.standard_normal((2, 2, 3))
    y, _ = affine.forward(params, x)
    for row in itertools.product(range(2), repeat=2):
        np.testing.assert_allclose(y[row], affine.forward(params, x[row])[0], rtol=1e-14)
