"""Covariances that layer normalisation allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import layer_norm
from refimpl.scale.network.pointer import Shape, forward, init
from refimpl.scale.objective.srr import covariance, decorrelation
from refimpl.scale.theory.feature_geometry import (
    layer_normalised,
    least_off_diagonal,
    null_vector,
    realised,
    row_sum_bound,
    simplex_features,
)

seeds = st.integers(0, 2**32 - 1)
dimensions = st.integers(2, 9)


def moderate_gain(d, seed):
    """Gains within a factor of two, of either sign: the program then has a solution."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1.0, 1.4, d) * rng.choice([-1.0, 1.0], d)


def test_it_is_the_layer_norm_of_the_network() -> None:
    x = np.random.default_rng(0).normal(size=(4, 7))
    np.testing.assert_allclose(
        layer_normalised(x, layer_norm.EPS), layer_norm.forward({}, x)[0], rtol=1e-14, atol=1e-15
    )


@given(dimensions, seeds)
def test_rows_sum_to_zero_and_their_squares_to_the_dimension(d, seed) -> None:
    n = layer_normalised(np.random.default_rng(seed).normal(size=(5, d)))
    np.testing.assert_allclose(n.sum(axis=1), 0.0, atol=1e-13 * d)
    np.testing.assert_allclose((n * n).sum(axis=1), d, rtol=1e-12)
    # A second layer norm adds nothing; one after a gain has a null vector of its own.
    np.testing.assert_allclose(layer_normalised(n), n, atol=1e-12)


@given(dimensions, seeds, st.booleans())
def test_every_covariance_has_the_null_vector(d, seed, with_zero) -> None:
    rng = np.random.default_rng(seed)
    gain, shift = rng.normal(size=d), rng.normal(size=d)
    if with_zero:
        gain[rng.integers(d)] = 0.0
    f = gain * layer_normalised(rng.normal(size=(20, d))) + shift
    null, c = null_vector(gain), covariance(f)
    assert np.linalg.norm(null) == pytest.approx(1.0)
    # Entries of f round relative to f; the null vector is of length 1.
    scale = np.abs(f).max() * np.abs(c).max() ** 0.5
    assert np.abs(c @ null).max() <= 1e-13 * d * (1 + scale)
    # So it is at least 1 away from the identity, whatever the gain.
    assert np.linalg.norm(c - np.eye(d), 2) >= 1.0 - 1e-9


def test_of_a_network_only_the_last_norm_counts() -> None:
    rng = np.random.default_rng(1)
    params = init(rng, Shape())
    for name in params:
        if name.endswith("_gain"):
            params[name] = rng.uniform(0.5, 2.0, params[name].shape)
    states = rng.normal(size=(60, 5)), rng.uniform(size=(60, 6, 5))
    c = covariance(forward(params, *states)[0].features)
    last = null_vector(params["norm_ffn1_gain"])
    assert np.abs(c @ last).max() < 1e-14 * np.abs(c).max() * 16
    assert np.abs(c @ null_vector(params["norm_attention1_gain"])).max() > 1e-3 * np.abs(c).max()


def test_extreme_gains_do_not_overflow() -> None:
    np.testing.assert_allclose(null_vector(np.array([1e-300, 1e300])), [1.0, 0.0])
    np.testing.assert_array_equal(null_vector(np.array([2.0, 0.0, 3.0])), [0.0, 1.0, 0.0])


@given(dimensions, seeds)
def test_without_gain_covariances_cost_at_least_the_trace(d, seed) -> None:
    f = layer_normalised(np.random.default_rng(seed).normal(size=(12, d)))
    c = covariance(f)
    assert decorrelation(f)[0] >= row_sum_bound(c) * (1 - 1e-12)


@given(st.integers(2, 20))
def test_the_simplex_attains_the_bound(d) -> None:
    f = simplex_features(d)
    c = f.T @ f / d
    np.testing.assert_allclose(f.mean(axis=0), 0.0, atol=1e-14)
    np.testing.assert_allclose(c, (d * np.eye(d) - 1) / (d - 1), atol=1e-13)
    assert np.abs(c).sum() - d == pytest.approx(row_sum_bound(c))


@given(st.integers(2, 16))
def test_equal_gains_leave_one_over_d_minus_one(d) -> None:
    least = least_off_diagonal(np.full(d, -3.0))
    assert least.mean == pytest.approx(1 / (d - 1), rel=1e-9)
    assert least.lower == pytest.approx(d, rel=1e-9)


@given(st.integers(3, 9), seeds)
def test_the_least_covariance_is_admissible_and_realised_by_layer_norm(d, seed) -> None:
    gain = moderate_gain(d, seed)
    least = least_off_diagonal(gain)
    c = least.covariance
    np.testing.assert_allclose(np.diag(c), 1.0, atol=1e-12)
    np.testing.assert_allclose(c @ (1 / gain), 0.0, atol=1e-9)
    assert np.linalg.eigvalsh(c)[0] >= -1e-9
    assert least.lower <= least.total * (1 + 1e-9)
    gain = gain * np.sqrt(np.sum(1 / gain**2) / d)  # squares of every sample sum to d
    f, probability = realised(c, gain)
    np.testing.assert_allclose(f.T @ (probability[:, None] * f), c, atol=1e-8)
    np.testing.assert_allclose(probability @ f, 0.0, atol=1e-9)
    n = f / gain
    np.testing.assert_allclose(layer_normalised(n), n, atol=1e-9)


@given(st.integers(3, 8), seeds)
def test_no_admissible_covariance_is_below_the_lower_bound(d, seed) -> None:
    """Unit vectors whose combination with 1 / gain is 0, found by closing a random polygon."""
    rng = np.random.default_rng(seed)
    gain = moderate_gain(d, seed)
    u, v = 1 / gain, rng.normal(size=(d, d + 1))
    for _ in range(500):  # alternating projections: close the polygon, normalise the sides
        v -= np.outer(u, u @ v) / (u @ u)
        v /= np.linalg.norm(v, axis=1, keepdims=True)
    c = v @ v.T
    slack = np.abs(c @ u).max()
    least = least_off_diagonal(gain)
    assert np.abs(c).sum() - d >= least.lower - 2 * d * d * slack - 1e-9
    assert least.lower >= 2.0 - 1e-9


def test_golden_values() -> None:
    """Two gains a tenth and a thousandth of fourteen others; sixteen equal ones."""
    small = [np.r_[1.0, 1.0, np.full(14, ratio)] for ratio in (10.0, 1000.0)]
    assert [least_off_diagonal(gain).mean for gain in small] == pytest.approx(
        [0.019417, 0.008450], abs=5e-7
    )
    # The limit, 2 / 240, is not attained.
    assert least_off_diagonal(small[1]).total > 2.0
    assert least_off_diagonal(np.ones(16)).mean == pytest.approx(1 / 15)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"x must vary within every row; got variance 0\.0"):
        layer_normalised(np.ones((2, 3)))
    with pytest.raises(ValueError, match="gain must be a vector of at least 2 numbers"):
        null_vector(np.ones(1))
    with pytest.raises(ValueError, match="gain must be finite; got nan at index"):
        null_vector(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="gain must not be 0 for unit variances"):
        least_off_diagonal(np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"gain must leave every 1 / gain\^2 at most the sum"):
        least_off_diagonal(np.array([0.1, 1.0, 1.0]))
    with pytest.raises(ValueError, match="dimension must be >= 2; got 1"):
        simplex_features(1)
    with pytest.raises(ValueError, match=r"sum of C_kk / gain_k\^2 must be 2"):
        realised(np.eye(2), np.array([2.0, 2.0]))
    with pytest.raises(ValueError, match="covariance must map 1 / gain to 0; it does not"):
        realised(np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match=r"covariance must have shape \(2, 2\); got \(3, 3\)"):
        realised(np.eye(3), np.ones(2))
