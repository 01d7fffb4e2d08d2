"""Specifies the batched matrix exponential: against 50 digits, semigroup, scaling, structure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.shared.matrix_exponential import exponential

seeds = st.integers(0, 2**32 - 1)
EPS = np.finfo(np.float64).eps


def metzler(seed: int, n: int, size: float, batch: tuple[int, ...] = ()) -> np.ndarray:
    """Matrices with non-negative entries off the diagonal and row sums 0, entries of all sizes."""
    rng = np.random.default_rng(seed)
    a = size * rng.random((*batch, n, n)) * 10.0 ** rng.integers(-6, 1, size=(*batch, n, n))
    a[..., np.arange(n), np.arange(n)] = 0.0
    a[..., np.arange(n), np.arange(n)] = -a.sum(axis=-1)
    return a


@given(seeds, st.integers(1, 7), st.sampled_from([1e-3, 0.3, 2.0, 20.0]))
def test_it_agrees_with_fifty_digits(seed: int, n: int, size: float) -> None:
    mpmath = pytest.importorskip("mpmath")
    a = metzler(seed, n, size)
    with mpmath.workdps(50):
        expected = np.array(mpmath.expm(mpmath.matrix(a.tolist())).tolist(), dtype=float)
    bound = 1e-14 * max(1.0, np.abs(a).sum(axis=0).max())
    np.testing.assert_allclose(exponential(a), expected.reshape(n, n), rtol=0, atol=bound)


@given(seeds, st.integers(1, 6), st.sampled_from([0.1, 1.0, 10.0]))
def test_half_of_the_exponent_twice(seed: int, n: int, size: float) -> None:
    a = metzler(seed, n, size)
    half = exponential(a / 2)
    tolerance = 50 * EPS * (1 + np.abs(a).sum(axis=1).max())
    # relative, entry by entry: nothing cancels, so small entries are as good as large ones
    np.testing.assert_allclose(half @ half, exponential(a), rtol=tolerance, atol=1e-300)


@given(seeds, st.integers(1, 6))
def test_generators_become_stochastic(seed: int, n: int) -> None:
    p = exponential(metzler(seed, n, 5.0, (4,)))
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1.0, atol=1e-13)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=6))
def test_diagonal_matrices(diagonal: list[float]) -> None:
    found = exponential(np.diag(diagonal))
    np.testing.assert_allclose(np.diag(found), np.exp(diagonal), rtol=1e-12)
    assert not (found - np.diag(np.diag(found))).any()


def test_a_nilpotent_matrix_is_its_polynomial() -> None:
    a = np.diag(np.ones(4), 1) * 3.0
    expected = sum(np.linalg.matrix_power(a, k) / math.factorial(k) for k in range(5))
    np.testing.assert_allclose(exponential(a), expected, rtol=1e-14)


def test_a_rotation_shows_that_any_matrix_may_be_given() -> None:
    turn = exponential(np.array([[0.0, -2.0], [2.0, 0.0]]))
    np.testing.assert_allclose(
        turn, [[math.cos(2), -math.sin(2)], [math.sin(2), math.cos(2)]], atol=1e-14
    )


def test_a_batch_is_its_members_whatever_their_size() -> None:
    small, large = metzler(0, 4, 0.01, (300,)), metzler(1, 4, 40.0, (300,))
    batch = np.stack([small, large], axis=1)
    found = exponential(batch)
    assert found.shape == (300, 2, 4, 4)
    for k in (0, 7, 299):
        np.testing.assert_array_equal(found[k, 0], exponential(small[k]))
        np.testing.assert_array_equal(found[k, 1], exponential(large[k]))


def test_an_empty_batch_is_empty() -> None:
    assert exponential(np.empty((0, 3, 3))).shape == (0, 3, 3)


@given(seeds)
def test_the_complex_step_gives_the_derivative(seed: int) -> None:
    a, direction = metzler(seed, 4, 3.0), metzler(seed + 1, 4, 1.0)
    step = exponential(a + 1e-30j * direction).imag / 1e-30
    n = 4
    doubled = np.block([[a, direction], [np.zeros((n, n)), a]])
    np.testing.assert_allclose(step, exponential(doubled)[:n, n:], atol=1e-12)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 3)), r"\(\.\.\., n, n\)"),
        (np.ones(3), r"\(\.\.\., n, n\)"),
        (np.array([[np.nan]]), "finite"),
        (np.array([[np.inf]]), "finite"),
    ],
)
def test_bad_matrices_are_refused(bad: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        exponential(bad)
