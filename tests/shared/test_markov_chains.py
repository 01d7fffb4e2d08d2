"""Specifies continuous-time Markov chains: generators, transitions two ways, stationary laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, sparse

from refimpl.shared.markov_chains import (
    birth_death,
    check_generator,
    check_rates,
    stationary,
    transient,
    transition_matrix,
    uniformized,
)

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 7)
times = st.floats(0.0, 20.0)


def chain(seed: int, n: int) -> np.ndarray:
    """Generator in which every state can reach its neighbours."""
    rng = np.random.default_rng(seed)
    q = rng.random((n, n)) * (rng.random((n, n)) < 0.4)
    k = np.arange(n - 1)
    q[k, k + 1] += 0.1
    q[k + 1, k] += 0.1
    np.fill_diagonal(q, 0.0)
    np.fill_diagonal(q, -q.sum(axis=1))
    return q


@given(seeds, sizes)
def test_birth_death_generators_are_tridiagonal(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    births, deaths = rng.random((3, n - 1)), rng.random(n - 1)
    q = birth_death(births, deaths)
    check_generator("q", q)
    assert q.shape == (3, n, n)
    k = np.arange(n - 1)
    np.testing.assert_array_equal(q[:, k, k + 1], births)
    np.testing.assert_array_equal(q[:, k + 1, k], np.broadcast_to(deaths, (3, n - 1)))
    assert not np.triu(q, 2).any()
    assert not np.tril(q, -2).any()


@given(seeds, sizes, times)
def test_three_ways_to_the_transition_matrix(seed: int, n: int, time: float) -> None:
    q = chain(seed, n)
    found = transition_matrix(q, time)
    scale = 1e-14 * max(1.0, np.abs(q * time).sum(axis=0).max())
    np.testing.assert_allclose(found, uniformized(q, time), atol=3 * scale)
    np.testing.assert_allclose(found, linalg.expm(q * time), atol=10 * scale)


@given(seeds, sizes, times)
def test_a_law_moves_by_the_transition_matrix(seed: int, n: int, time: float) -> None:
    q = chain(seed, n)
    starts = np.random.default_rng(seed).dirichlet(np.ones(n), size=(2, 2))
    found = transient(sparse.csr_array(q), starts, time)
    np.testing.assert_allclose(found, starts @ transition_matrix(q, time), atol=1e-12)


@given(seeds, sizes)
def test_the_stationary_law_stays(seed: int, n: int) -> None:
    q = chain(seed, n)
    law = stationary(q)
    assert (law > 0).all()
    np.testing.assert_allclose(law.sum(), 1.0)
    np.testing.assert_allclose(law @ q, 0.0, atol=1e-14)
    np.testing.assert_allclose(law @ transition_matrix(q, 7.0), law, atol=1e-13)


def test_tiny_stationary_probabilities_have_full_relative_accuracy() -> None:
    n, load = 12, 1e-3
    law = stationary(birth_death(np.full(n - 1, load), np.ones(n - 1)))
    np.testing.assert_allclose(law[1:] / law[:-1], load, rtol=1e-13)


def test_batches_are_their_members() -> None:
    q = np.stack([chain(s, 4) for s in range(3)])
    for found in (stationary(q), transition_matrix(q, 2.0)):
        single = stationary if found.ndim == 2 else lambda m: transition_matrix(m, 2.0)
        np.testing.assert_array_equal(found, np.stack([single(m) for m in q]))


def test_no_time_is_the_identity() -> None:
    np.testing.assert_array_equal(transition_matrix(chain(0, 4), 0.0), np.eye(4))
    np.testing.assert_array_equal(uniformized(chain(0, 4), 0.0), np.eye(4))


def test_a_column_convention_is_refused() -> None:
    q = birth_death([1.0, 2.0], [3.0, 4.0])
    with pytest.raises(ValueError, match="sum to 0"):
        transition_matrix(q.T, 1.0)
    with pytest.raises(ValueError, match="sum to 0"):
        transient(sparse.csr_array(q.T), np.eye(3), 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_rates("a", -1.0), "a must be >= 0; got -1"),
        (lambda: check_rates("a", [np.nan]), "finite"),
        (lambda: birth_death([-1.0], [1.0]), "births must be >= 0"),
        (lambda: birth_death([1.0], [np.inf]), "deaths must be finite"),
        (lambda: birth_death(1.0, 1.0), "shape"),
        (lambda: check_generator("q", np.ones((2, 3))), r"\(\.\.\., n, n\)"),
        (lambda: check_generator("q", np.array([[1.0, -1.0], [1.0, -1.0]])), ">= 0"),
        (lambda: transition_matrix(chain(0, 3), -1.0), "time"),
        (lambda: transient(sparse.csr_array(chain(0, 3)), np.eye(3), np.nan), "time"),
        (lambda: transient(sparse.csr_array(chain(0, 3)), np.eye(3), 1.0, 0.0), "tolerance"),
        (lambda: transient(sparse.csr_array(np.ones((2, 3))), np.eye(3), 1.0), r"\(n, n\)"),
        (lambda: transient(-sparse.csr_array(chain(0, 3)), np.eye(3), 1.0), ">= 0"),
        (lambda: stationary(np.array([[-1.0, 1.0], [0.0, 0.0]])), "irreducible"),
    ],
)
def test_bad_arguments_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
