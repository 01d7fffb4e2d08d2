"""Lookup of vectors: an affine layer on one-hot rows, with the gradient by the complex step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import embedding
from linear_models.gradcheck import complex_step_jvp
from tests.linear_models.strategies import Array, batch_shapes, rngs, sizes


def one_hot(indices: Array, n: int) -> Array:
    return (indices[..., None] == np.arange(n)).astype(float)


@given(rngs, sizes, sizes, batch_shapes)
def test_is_an_affine_layer_on_one_hot_rows(rng, n, width, batch) -> None:
    params = embedding.init(rng, n, width)
    indices = rng.integers(0, n, batch)
    y, cache = embedding.forward(params, np.asarray(indices))
    rows = one_hot(np.asarray(indices), n)
    np.testing.assert_array_equal(y, rows @ params["E"])
    dy = rng.standard_normal(y.shape)
    expected = rows.reshape(-1, n).T @ dy.reshape(-1, width)
    # A sum of at most 16 terms of the order of 1, in another order.
    np.testing.assert_allclose(embedding.backward(params, cache, dy)["E"], expected, atol=1e-14)


@given(rngs, sizes, sizes, batch_shapes)
def test_gradient_by_the_complex_step(rng, n, width, batch) -> None:
    params = embedding.init(rng, n, width)
    indices = np.asarray(rng.integers(0, n, batch))
    dy = rng.standard_normal((*batch, width))
    direction = rng.standard_normal((n, width))

    def scalar(table: Array) -> Array:
        return (dy * np.sin(embedding.forward({"E": table}, indices)[0])).sum()

    y, cache = embedding.forward(params, indices)
    gradient = embedding.backward(params, cache, dy * np.cos(y))["E"]
    forward = complex_step_jvp(scalar, params["E"], direction)
    assert abs((gradient * direction).sum() - forward) <= 1e-13 * (1 + np.abs(direction).sum())


@given(rngs, st.integers(0, 40), st.integers(1, 5))
def test_sums_by_category_are_those_of_a_loop(rng, n_rows, n) -> None:
    indices, rows = rng.integers(0, n, n_rows), rng.integers(-9, 9, (n_rows, 3)).astype(float)
    expected = np.zeros((n, 3))
    for index, row in zip(indices, rows, strict=True):
        expected[index] += row
    np.testing.assert_array_equal(embedding.sum_by_category(indices, rows, n), expected)


def test_init_is_normal_with_the_given_scale() -> None:
    n = 40_000
    table = embedding.init(np.random.default_rng(0), n, 1, scale=3.0)["E"] / 3.0
    assert abs(table.mean()) * np.sqrt(n) < 4
    # The variance of n squares of normals is 2 / n.
    assert abs((table**2).mean() - 1) / np.sqrt(2 / n) < 4


def test_float32_stays_float32_and_arguments_are_left_alone() -> None:
    params = embedding.init(np.random.default_rng(0), 3, 2, dtype=np.float32)
    before, indices = params["E"].copy(), np.array([0, 2, 2])
    y, cache = embedding.forward(params, indices)
    grads = embedding.backward(params, cache, y)
    assert {y.dtype, grads["E"].dtype} == {np.dtype(np.float32)}
    y += 1
    np.testing.assert_array_equal(params["E"], before)
    np.testing.assert_array_equal(indices, [0, 2, 2])


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(0)
    params = embedding.init(rng, 3, 2)
    with pytest.raises(ValueError, match=r"indices must be integers in 0\.\.2; got 3"):
        embedding.forward(params, np.array([0, 3]))
    with pytest.raises(ValueError, match=r"dy must have shape \(2, 2\)"):
        embedding.backward(params, np.array([0, 1]), np.zeros((2, 3)))
    for sizes_ in ((0, 2), (2, 0)):
        with pytest.raises(ValueError, match="integer >= 1"):
            embedding.init(rng, *sizes_)
