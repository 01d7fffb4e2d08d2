"""Covariances of independent samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi

from refimpl.scale.objective.srr import covariance
from refimpl.scale.theory.sampling_floor import (
    correlation_floor,
    covariance_floor,
    large_sample_floor,
    samples_needed,
)

samples = st.integers(2, 500)


@given(samples)
def test_the_covariance_floor_is_a_mean_length_times_a_mean_coordinate(n) -> None:
    expected = math.sqrt(2 / math.pi) * chi(n - 1).mean() / (n - 1)
    assert covariance_floor(n) == pytest.approx(expected, rel=1e-9)


@given(st.integers(3, 60))
def test_the_correlation_floor_is_the_integral_of_its_density(n) -> None:
    """Density of the sample correlation: (1 - r^2)^((n - 4) / 2), in terms of the angle."""
    weight, _ = quad(lambda a: math.cos(a) ** (n - 3), 0, math.pi / 2)
    mean, _ = quad(lambda a: math.sin(a) * math.cos(a) ** (n - 3), 0, math.pi / 2)
    assert correlation_floor(n) == pytest.approx(mean / weight, rel=1e-9)


@given(samples)
def test_both_tend_to_the_large_sample_floor(n) -> None:
    for floor in (covariance_floor, correlation_floor):
        assert abs(floor(n) / large_sample_floor(n) - 1) < 1.6 / n
        assert floor(n + 1) < floor(n)


def test_golden_values() -> None:
    """Exact where there are two or three samples."""
    assert covariance_floor(2) == pytest.approx(2 / math.pi)
    assert covariance_floor(3) == pytest.approx(0.5)
    assert correlation_floor(2) == pytest.approx(1.0)
    assert correlation_floor(3) == pytest.approx(2 / math.pi)
    assert [large_sample_floor(n) for n in (64, 256, 1024)] == pytest.approx(
        [0.0997, 0.0499, 0.0249], abs=5e-5
    )


def test_normal_batches_show_it() -> None:
    """Mean of 200 batches of 16 dimensions; |z| < 4."""
    rng = np.random.default_rng(4)
    for n in (5, 64):
        batches = [covariance(rng.normal(size=(n, 16))) for _ in range(200)]
        upper = np.triu_indices(16, 1)
        means = np.array([np.abs(c[upper]).mean() for c in batches])
        roots = [np.sqrt(np.diag(c)) for c in batches]
        of_r = np.array(
            [
                np.abs((c / np.outer(root, root))[upper]).mean()
                for c, root in zip(batches, roots, strict=True)
            ]
        )
        for found, floor in ((means, covariance_floor(n)), (of_r, correlation_floor(n))):
            assert abs(found.mean() - floor) < 4 * found.std(ddof=1) / math.sqrt(200)


@given(st.floats(0.01, 0.6))
def test_samples_needed_are_the_fewest(value) -> None:
    n = samples_needed(value)
    assert covariance_floor(n) < value
    assert n == 2 or covariance_floor(n - 1) >= value


def test_below_0_05_takes_the_paper_s_minibatch() -> None:
    assert samples_needed(0.05) == 256


def test_bad_input() -> None:
    for function in (covariance_floor, correlation_floor, large_sample_floor):
        with pytest.raises(ValueError, match="n_samples must be >= 2; got 1"):
            function(1)
    with pytest.raises(ValueError, match=r"value must be finite and > 0; got 0\.0"):
        samples_needed(0.0)
