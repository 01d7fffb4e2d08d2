from __future__ import annotations

from functools import reduce

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.theory.product_kernel import outer_rows, product_kernel


def dense(rows: np.ndarray, index: np.ndarray, weight: np.ndarray, n_start: int) -> np.ndarray:
    """Matrix of the kernel, product by product."""
    matrix = np.zeros((n_start, rows.shape[2] ** rows.shape[1]))
    for k, row in zip(index, range(len(rows)), strict=True):
        matrix[k] += weight[row] * reduce(np.kron, rows[row])
    return matrix


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_forward_and_backward_are_those_of_the_matrix(n: int, buffer: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    index = np.sort(np.append(rng.integers(0, 5, 7), np.arange(5)))
    weight = rng.random(len(index))
    rows = rng.dirichlet(np.ones(buffer + 1), size=(len(index), n))
    kernel, matrix = product_kernel(rows, index, weight), dense(rows, index, weight, 5)
    law, values = rng.random(5), rng.normal(size=matrix.shape[1])
    assert kernel.n_states == matrix.shape[1]
    np.testing.assert_allclose(kernel.forward(law), law @ matrix, atol=1e-13)
    np.testing.assert_allclose(kernel.backward(values, 5), matrix @ values, atol=1e-12)
    # adjoint: <x P, V> = <x, P V>
    np.testing.assert_allclose(
        kernel.forward(law) @ values, law @ kernel.backward(values, 5), atol=1e-12
    )


def test_the_last_queue_runs_fastest() -> None:
    rows = np.array([[[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]]])
    np.testing.assert_allclose(outer_rows(rows)[0], [0.1, 0, 0.1, 0, 0.4, 0, 0.4, 0])
    np.testing.assert_array_equal(outer_rows(rows[:, :0]), [[1.0]])
