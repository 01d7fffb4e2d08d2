"""Variance of what attention copies, as a function of the number of servers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.theory.attention_statistics import (
    aggregate_covariance,
    dirichlet_participation,
    drift,
    normal_participation,
    participation,
    range_bound,
    selection_variance,
    softmax,
    sum_pooling,
)

servers = st.integers(1, 60)
concentrations = st.floats(0.01, 100.0)
scores = st.lists(st.floats(-20.0, 20.0), min_size=1, max_size=30).map(np.array)


@given(scores)
def test_participation_lies_between_uniform_and_one_server(s) -> None:
    weights = softmax(s)
    assert weights.sum() == pytest.approx(1.0)
    assert 1 / s.size - 1e-12 <= participation(weights) <= 1 + 1e-12
    assert participation(sum_pooling(s)) == s.size


@given(scores, st.integers(2, 4))
def test_replicated_servers_share_the_participation(s, copies) -> None:
    tiled = participation(softmax(np.tile(s, copies)))
    assert tiled == pytest.approx(float(participation(softmax(s))) / copies)


@given(st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_the_covariance_is_that_of_every_outcome(n, seed) -> None:
    """Two dimensions, own parts of +-1 by every combination of signs, common part likewise."""
    rng = np.random.default_rng(seed)
    weights, mix, shared = softmax(rng.normal(size=(3, n))), *rng.normal(size=(2, 2, 2))
    outcomes = []
    for row in weights:
        for signs in product((-1.0, 1.0), repeat=2 * n + 2):
            own = np.reshape(signs[2:], (n, 2)) @ mix
            outcomes.append(row @ (own + np.array(signs[:2]) @ shared))
    points = np.array(outcomes)
    expected = points.T @ points / len(points)
    found = aggregate_covariance(weights, mix.T @ mix, shared.T @ shared)
    np.testing.assert_allclose(found, expected, atol=1e-12 * (1 + np.abs(expected).max()))
    assert np.abs(points.mean(axis=0)).max() < 1e-12 * (1 + np.abs(points).max())


def test_gamma_weights_have_the_closed_form() -> None:
    """Over 20,000 draws; |z| < 4."""
    rng = np.random.default_rng(2)
    for n, a in ((2, 0.3), (16, 1.0), (48, 5.0)):
        drawn = participation(softmax(np.log(rng.gamma(a, size=(20_000, n)))))
        error = drawn.std(ddof=1) / math.sqrt(drawn.size)
        assert abs(drawn.mean() - dirichlet_participation(n, a)) < 4 * error


@given(servers, concentrations)
def test_gamma_weights_go_from_one_server_to_all_of_them(n, a) -> None:
    found = dirichlet_participation(n, a)
    assert 1 / n - 1e-12 <= found <= 1 + 1e-12
    assert dirichlet_participation(n + 1, a) < found
    # The 1/N law: N times the participation tends to (1 + a) / a from below.
    assert n * found < (1 + a) / a


def test_limits_of_gamma_weights() -> None:
    assert dirichlet_participation(48, 1e12) == pytest.approx(1 / 48)
    assert dirichlet_participation(48, 1e-12) == pytest.approx(1.0)


@given(st.integers(1, 2000))
def test_equal_scores_give_uniform_attention(n) -> None:
    assert normal_participation(n, 0.0) == pytest.approx(1 / n, rel=1e-9)


@given(st.floats(0.0, 2.0))
def test_one_server_has_all_the_attention(spread) -> None:
    assert normal_participation(1, spread) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("spread", [0.2, 1.0, 1.5, 2.0])
def test_two_servers_by_one_integral_over_the_difference_of_scores(spread) -> None:
    """With weight w = 1 / (1 + e^-x), x normal with twice the variance: E[w^2 + (1 - w)^2]."""
    x = np.linspace(-12.0, 12.0, 4001)
    w = 1 / (1 + np.exp(-x * spread * math.sqrt(2)))
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    expected = ((w**2 + (1 - w) ** 2) * density).sum() * (x[1] - x[0])
    assert normal_participation(2, spread) == pytest.approx(expected, rel=1e-9)


def test_normal_scores_against_draws() -> None:
    """Over 20,000 draws; |z| < 4."""
    rng = np.random.default_rng(3)
    for n, spread in ((16, 1.0), (48, 0.5), (128, 2.0)):
        drawn = participation(softmax(spread * rng.normal(size=(20_000, n))))
        error = drawn.std(ddof=1) / math.sqrt(drawn.size)
        assert abs(drawn.mean() - normal_participation(n, spread)) < 4 * error


def test_variance_times_servers_tends_to_a_constant() -> None:
    for spread in (0.3, 1.0):
        limit = math.exp(spread**2)
        products = [n * normal_participation(n, spread) for n in (10, 100, 1000, 10_000)]
        assert products == sorted(products)
        assert products[-1] < limit
        assert products[-1] == pytest.approx(limit, rel=1e-3)


@given(st.integers(1, 6), st.floats(0.0, 1.0), st.floats(0.0, 5.0))
def test_selection_is_the_variance_over_all_clusters(n, share, sharpness) -> None:
    mean, square = 0.0, 0.0
    for marks in product((0.0, 1.0), repeat=n):
        marked = np.array(marks)
        probability = np.prod(np.where(marked > 0, share, 1 - share))
        result = softmax(sharpness * marked) @ marked
        mean, square = mean + probability * result, square + probability * result**2
    found = selection_variance(n, share, sharpness)
    assert found == pytest.approx(square - mean**2, abs=1e-12)
    assert found <= range_bound(1.0) + 1e-12


@given(st.integers(1, 400), st.floats(0.001, 0.9))
def test_selection_without_and_with_infinite_sharpness(n, share) -> None:
    assert selection_variance(n, share, 0.0) == pytest.approx(share * (1 - share) / n, rel=1e-9)
    none = (1 - share) ** n
    assert selection_variance(n, share) == pytest.approx(none * (1 - none), rel=1e-6, abs=1e-14)


def test_selection_grows_until_a_half_of_the_clusters_have_one() -> None:
    peak = math.log(2) / -math.log(1 - 1 / 48)
    values = [selection_variance(n, 1 / 48) for n in range(1, 100)]
    assert int(np.argmax(values)) + 1 in (math.floor(peak), math.ceil(peak))
    assert max(values) == pytest.approx(range_bound(1.0), abs=1e-3)


@given(servers, servers, concentrations)
def test_drift_is_the_ratio_of_participations(n, m, a) -> None:
    expected = dirichlet_participation(n, a) / dirichlet_participation(m, a)
    assert drift(n, m, a) == pytest.approx(expected)
    assert drift(m, m, a) == 1.0
    assert drift(n, m) == pytest.approx(m / n)


def test_heads_alike_in_training_differ_elsewhere() -> None:
    found = [drift(48, 16, a) for a in (1e-9, 1.0, math.inf)]
    assert found == pytest.approx([1.0, 17 / 49, 1 / 3])


def test_bad_input() -> None:
    for function in (
        lambda n: dirichlet_participation(n, 1.0),
        lambda n: selection_variance(n, 0.5),
    ):
        with pytest.raises(ValueError, match="n_servers must be an integer >= 1; got 0"):
            function(0)
    with pytest.raises(ValueError, match="weights must have at least one server"):
        participation(np.zeros((3, 0)))
    with pytest.raises(ValueError, match="weights must be finite; got nan at index"):
        participation(np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match=r"concentration must be finite and > 0; got 0\.0"):
        dirichlet_participation(3, 0.0)
    with pytest.raises(ValueError, match=r"spread must be in \[0, 2\]; got 4\.0"):
        normal_participation(3, 4.0)
    with pytest.raises(ValueError, match=r"share must be in \[0, 1\]; got 1\.5"):
        selection_variance(3, 1.5)
    with pytest.raises(ValueError, match=r"sharpness must be >= 0; got -1\.0"):
        selection_variance(3, 0.5, -1.0)
    with pytest.raises(ValueError, match=r"concentration must be > 0; got nan"):
        drift(3, 3, math.nan)
    with pytest.raises(ValueError, match=r"width must be finite and >= 0; got -1\.0"):
        range_bound(-1.0)
