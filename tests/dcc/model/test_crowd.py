"""Poisson-binomial crowds against enumeration of all subsets."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import refimpl.dcc.model.crowd as crowd
from refimpl.dcc.model.congestion import power_law
from tests.dcc.strategies import congestions

probabilities = arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(1, 5)), elements=st.floats(0, 1)
)


def enumerate_crowds(row):
    for joins in product((0, 1), repeat=len(row)):
        yield (
            np.array(joins),
            float(np.prod([p if j else 1 - p for p, j in zip(row, joins, strict=True)])),
        )


@given(probabilities)
def test_law_is_that_of_all_subsets(p):
    expected = np.zeros((len(p), p.shape[1] + 1))
    for t, row in enumerate(p):
        for joins, chance in enumerate_crowds(row):
            expected[t, joins.sum()] += chance
    np.testing.assert_allclose(crowd.crowd_law(p), expected, rtol=1e-13, atol=1e-300)


@given(probabilities, congestions())
def test_expected_penalty_leaves_exactly_the_device_out(p, congestion):
    got = crowd.expected_penalties(p, congestion)
    for i in range(p.shape[1]):
        law = crowd.crowd_law(np.delete(p, i, axis=1))
        expected = law @ congestion.penalty(np.arange(1.0, p.shape[1] + 1.0))
        np.testing.assert_allclose(got[:, i], expected, rtol=1e-13, atol=1e-300)


@given(probabilities, congestions())
def test_shares_add_up_to_the_total(p, congestion):
    shares = (p * crowd.expected_penalties(p, congestion)).sum(axis=1)
    np.testing.assert_allclose(
        shares, crowd.total_congestion(p, congestion), rtol=1e-13, atol=1e-300
    )


@given(arrays(np.float64, 3, elements=st.floats(0, 1)), st.integers(1, 30), congestions())
def test_identical_devices_are_binomial(p, n, congestion):
    fast = crowd.expected_penalty_identical(p, n, congestion)
    general = crowd.expected_penalties(np.tile(p[:, None], (1, n)), congestion)
    np.testing.assert_allclose(np.tile(fast[:, None], (1, n)), general, rtol=1e-11, atol=1e-300)


@given(probabilities)
def test_linear_penalty_needs_means_only(p):
    got = crowd.expected_penalties(p, power_law())
    np.testing.assert_allclose(got, p.sum(axis=1, keepdims=True) - p, rtol=1e-13, atol=1e-15)


def test_certain_devices_make_a_certain_crowd():
    p = np.array([[1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(crowd.crowd_law(p), [[0, 0, 1, 0]])
    np.testing.assert_array_equal(crowd.expected_penalties(p, power_law(1.0, 2.0)), [[1, 1, 4]])


def test_chunks_do_not_change_the_answer(monkeypatch):
    p = np.random.default_rng(0).random((7, 4))
    whole = crowd.expected_penalties(p, power_law(1.0, 2.0))
    monkeypatch.setattr(crowd, "_CHUNK", 40)
    np.testing.assert_array_equal(crowd.expected_penalties(p, power_law(1.0, 2.0)), whole)


@pytest.mark.parametrize("n", [50, 500])
def test_large_crowds_keep_their_precision(n):
    p = np.random.default_rng(n).random((2, n))
    law = crowd.crowd_law(p)
    k = np.arange(n + 1)
    np.testing.assert_allclose(law.sum(axis=1), 1.0, rtol=1e-13)
    np.testing.assert_allclose(law @ k, p.sum(axis=1), rtol=1e-13)
    variance = law @ k**2 - (law @ k) ** 2
    np.testing.assert_allclose(variance, (p * (1 - p)).sum(axis=1), rtol=1e-9)
