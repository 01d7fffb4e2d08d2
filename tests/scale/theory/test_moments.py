"""Moment loss, divergences, and laws that tell them apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from refimpl.scale.theory.moments import (
    FiniteLaw,
    gaussian_kl,
    hermite_pair,
    moment_loss,
    product_of_marginals,
    total_correlation,
    uniform_kl,
)

seeds = st.integers(0, 2**32 - 1)
dimensions = st.integers(1, 8)


def draw(d, seed):
    """A mean and a well-conditioned covariance."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, 2 * d + 1))
    return rng.normal(size=d), root @ root.T / (2 * d + 1)


@given(st.floats(-3.0, 3.0), st.floats(0.05, 10.0))
def test_in_one_dimension_all_of_them_are_the_integral(mean, variance) -> None:
    x = np.linspace(-12, 12, 2001)  # smooth and gone at both ends: exact to rounding
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    log_ratio = (mean + math.sqrt(variance) * x) ** 2 / 2 - x * x / 2 - math.log(variance) / 2
    expected = float(density @ log_ratio) * (x[1] - x[0])
    tolerance = 1e-8 * (1 + expected)
    assert gaussian_kl(np.array([mean]), np.array([[variance]])) == pytest.approx(
        expected, abs=tolerance
    )
    assert moment_loss(np.array([mean]), np.array([variance])) == pytest.approx(
        expected, abs=tolerance
    )
    assert total_correlation(np.array([[variance]])) == pytest.approx(0.0, abs=1e-15)


@given(dimensions, seeds)
def test_the_divergence_is_d_losses_and_the_total_correlation(d, seed) -> None:
    mean, covariance = draw(d, seed)
    exact = gaussian_kl(mean, covariance)
    loss, rest = moment_loss(mean, np.diag(covariance)), total_correlation(covariance)
    assert exact == pytest.approx(d * loss + rest, rel=1e-9, abs=1e-12)
    # Hadamard: the moment loss never sees more than there is.
    assert rest >= -1e-13 * d


@given(dimensions, seeds)
def test_equality_exactly_for_diagonal_covariances(d, seed) -> None:
    _, covariance = draw(d, seed)
    diagonal = np.diag(np.diag(covariance))
    assert total_correlation(diagonal) == pytest.approx(0.0, abs=1e-12)
    correlated = np.abs(covariance - diagonal).max() > 1e-3
    assert not correlated or total_correlation(covariance) > 0


@given(dimensions, seeds)
def test_the_loss_is_zero_at_the_standard_normal_s_moments_only(d, seed) -> None:
    assert moment_loss(np.zeros(d), np.ones(d)) == 0.0
    mean, covariance = draw(d, seed)
    assert moment_loss(mean, np.diag(covariance)) > 0


@given(st.floats(0.2, 5.0))
def test_the_uniform_law_s_divergence_is_the_integral(h) -> None:
    expected, _ = quad(
        lambda x: (-math.log(2 * h) + (x * x + math.log(2 * math.pi)) / 2) / (2 * h), -h, h
    )
    assert uniform_kl(h) == pytest.approx(expected, abs=1e-9)
    # Any law's divergence is at least that of the normal law with its moments.
    assert uniform_kl(h) > moment_loss(np.zeros(1), np.array([h * h / 3]))


def test_golden_values() -> None:
    assert uniform_kl(math.sqrt(3)) == pytest.approx(0.1765, abs=5e-5)
    assert gaussian_kl(np.zeros(2), np.array([[1, 0.9], [0.9, 1]])) == pytest.approx(
        0.830, abs=5e-4
    )


@given(dimensions.filter(lambda d: d > 1), seeds)
def test_on_a_hyperplane_the_divergence_is_infinite(d, seed) -> None:
    mean, covariance = draw(d, seed)
    flat = np.eye(d) - 1 / d
    covariance = flat @ covariance @ flat
    assert gaussian_kl(mean, (covariance + covariance.T) / 2) == math.inf
    assert total_correlation((covariance + covariance.T) / 2) == math.inf


def test_both_losses_vanish_at_dependent_coordinates() -> None:
    law = hermite_pair()
    assert law.losses == pytest.approx((0.0, 0.0), abs=1e-15)
    # The second is a function of the first: what is known is its whole entropy, H(1/3).
    entropy = -(math.log(1 / 3) / 3 + 2 * math.log(2 / 3) / 3)
    assert law.mutual_information == pytest.approx(entropy)
    x, y = law.points.T
    np.testing.assert_allclose(y, (x * x - 1) / math.sqrt(2), atol=1e-15)
    # Moments of the standard normal up to the fifth.
    moments = [law.probability @ x**k for k in range(6)]
    np.testing.assert_allclose(moments, [1, 0, 1, 0, 3, 0], atol=1e-14)


@given(st.integers(2, 4), seeds)
def test_independent_coordinates_keep_their_marginals_and_know_nothing(k, seed) -> None:
    rng = np.random.default_rng(seed)
    law = FiniteLaw(rng.normal(size=(k, 2)), rng.dirichlet(np.full(k, 5.0)))
    apart = product_of_marginals(law)
    assert apart.mutual_information == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(apart.mean, law.mean, atol=1e-12)
    np.testing.assert_allclose(np.diag(apart.covariance), np.diag(law.covariance), atol=1e-12)
    assert apart.covariance[0, 1] == pytest.approx(0.0, abs=1e-12)
    assert law.mutual_information == pytest.approx(
        -float(law.probability @ np.log(law.probability)), rel=1e-9
    )


@given(st.integers(2, 5), seeds)
def test_the_losses_of_a_law_are_those_of_many_equal_samples(k, seed) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(k, 3))
    off, moments = FiniteLaw(points, np.full(k, 1 / k)).losses
    covariance = np.cov(points.T, bias=True)
    assert off == pytest.approx(np.abs(covariance - np.diag(np.diag(covariance))).sum())
    assert moments == pytest.approx(moment_loss(points.mean(axis=0), np.diag(covariance)))


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="variance must be > 0 in every dimension"):
        moment_loss(np.zeros(2), np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"variance must have shape \(2,\); got \(3,\)"):
        moment_loss(np.zeros(2), np.ones(3))
    with pytest.raises(ValueError, match="mean must be finite; got nan at index"):
        moment_loss(np.array([np.nan]), np.ones(1))
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        gaussian_kl(np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="covariance must be positive semidefinite"):
        gaussian_kl(np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(ValueError, match="covariance must have a positive diagonal"):
        total_correlation(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="half_width must be finite and > 0"):
        uniform_kl(0.0)
    for probability in (np.array([0.5, 0.6]), np.array([1.0, 0.0])):
        with pytest.raises(ValueError, match="probability must be positive and sum to 1"):
            FiniteLaw(np.zeros((2, 2)), probability)
    with pytest.raises(ValueError, match=r"probability must have shape \(2,\); got \(3,\)"):
        FiniteLaw(np.zeros((2, 2)), np.full(3, 1 / 3))
