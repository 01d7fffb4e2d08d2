"""Intervals agree with SciPy's own and with closed forms, and cover as often as they promise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from refimpl.shared.statistics import (
    Interval,
    binomial_z_score,
    clopper_pearson,
    line_slope,
    log_log_slope,
    mean_interval,
    paired_difference,
    z_score,
)

samples = st.lists(st.integers(-1000, 1000), min_size=3, max_size=10, unique=True)
confidences = st.floats(0.5, 0.999)


def ends(interval: Any) -> list[float]:
    return [interval.low, interval.high]


@given(samples, confidences)
def test_mean_interval_is_scipys(x: list[int], confidence: float) -> None:
    interval = mean_interval(x, confidence)
    expected = stats.ttest_1samp(x, 0.0).confidence_interval(confidence)
    assert interval.mean == np.mean(x)
    np.testing.assert_allclose(ends(interval), expected, rtol=1e-9, atol=1e-9)
    assert interval.half_width == pytest.approx((expected[1] - expected[0]) / 2)


def test_mean_interval_by_hand() -> None:
    # Mean 2, standard deviation 1, n = 3; the t quantile with 2 degrees of freedom has the closed
    # form (2p - 1) sqrt(2 / (4 p (1 - p))).
    p = 0.975
    t = (2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p)))
    half = t / math.sqrt(3)
    np.testing.assert_allclose(ends(mean_interval([1, 2, 3])), [2 - half, 2 + half], rtol=1e-12)


def test_a_constant_sample_has_no_width() -> None:
    interval = mean_interval([0.1, 0.1, 0.1])
    assert interval.low == interval.mean == interval.high


@given(samples, confidences, st.integers(0, 2**32 - 1))
def test_paired_difference_is_scipys(x: list[int], confidence: float, seed: int) -> None:
    y = np.random.default_rng(seed).standard_normal(len(x))
    interval = paired_difference(x, y, confidence)
    expected = stats.ttest_rel(x, y).confidence_interval(confidence)
    np.testing.assert_allclose(ends(interval), expected, rtol=1e-9, atol=1e-9)
    # Exact up to the sign: the differences of the swapped pairs are the negatives.
    swapped = paired_difference(y, x, confidence)
    assert (swapped.mean, swapped.low) == (-interval.mean, -interval.high)


def test_pairing_removes_what_the_pairs_share() -> None:
    rng = np.random.default_rng(5)
    shared, noise = 100 * rng.standard_normal(20), rng.standard_normal((2, 20))
    paired = paired_difference(shared + noise[0] + 1, shared + noise[1])
    alone = paired_difference(noise[0] + 1, noise[1])
    np.testing.assert_allclose(ends(paired), ends(alone), rtol=1e-11)


@given(samples, confidences, st.integers(0, 2**32 - 1))
def test_line_slope_is_the_normal_equations(x: list[int], confidence: float, seed: int) -> None:
    y = np.random.default_rng(seed).standard_normal(len(x))
    fit = line_slope(x, y, confidence)
    xs = np.asarray(x, dtype=float)
    design = np.stack([np.ones_like(xs), xs], axis=1)
    (intercept, slope), *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ (intercept, slope)
    spread = np.sum((xs - xs.mean()) ** 2)
    error = math.sqrt(residual @ residual / (len(x) - 2) / spread)
    half = stats.t.ppf((1 + confidence) / 2, len(x) - 2) * error
    np.testing.assert_allclose(
        [fit.slope, fit.intercept, *ends(fit)],
        [slope, intercept, slope - half, slope + half],
        rtol=1e-7,
        atol=1e-9,
    )


@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_log_log_slope_of_a_power_law_is_its_exponent(exponent: float, factor: float) -> None:
    x = np.array([1.0, 2.0, 5.0, 10.0])
    fit = log_log_slope(x, factor * x**exponent)
    # Logarithms up to 3 log 10 + log 10 are rounded at 1e-15; so are the residuals, times t = 4.3.
    np.testing.assert_allclose([fit.slope, *ends(fit)], exponent, rtol=0, atol=1e-13)
    assert fit.intercept == pytest.approx(math.log(factor), abs=1e-13)


@given(samples, confidences, st.integers(0, 2**32 - 1))
def test_line_slope_is_scipys(x: list[int], confidence: float, seed: int) -> None:
    y = np.random.default_rng(seed).standard_normal(len(x))
    fit, expected = line_slope(x, y, confidence), stats.linregress(x, y)
    half = stats.t.ppf((1 + confidence) / 2, len(x) - 2) * expected.stderr
    np.testing.assert_allclose(
        [fit.slope, fit.intercept, fit.high - fit.slope],
        [expected.slope, expected.intercept, half],
        # SciPy's error goes through 1 - r^2, which loses half the digits near r = 1.
        rtol=1e-6,
        atol=1e-6,
    )


def test_a_flat_line_has_slope_zero_and_no_width() -> None:
    fit = line_slope([1, 2, 3], [5, 5, 5])
    assert (fit.slope, fit.low, fit.high, fit.intercept) == (0, 0, 0, 5)


@given(samples, st.floats(-100, 100))
def test_z_score_is_the_t_statistic(x: list[int], expected: float) -> None:
    assert z_score(x, expected) == pytest.approx(
        stats.ttest_1samp(x, expected).statistic, rel=1e-9, abs=1e-9
    )


@given(st.integers(1, 200), st.data())
def test_clopper_pearson_is_scipys(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    confidence = data.draw(confidences)
    interval = clopper_pearson(successes, trials, confidence)
    expected = stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
    # SciPy finds the ends by root search to 2e-12.
    np.testing.assert_allclose(ends(interval), expected, rtol=1e-9, atol=1e-11)
    assert interval.mean == successes / trials


@pytest.mark.parametrize("trials", [1, 7, 40])
def test_clopper_pearson_closed_forms_at_the_ends(trials: int) -> None:
    none, all_ = clopper_pearson(0, trials, 0.9), clopper_pearson(trials, trials, 0.9)
    assert none.low == 0
    assert none.high == pytest.approx(1 - 0.05 ** (1 / trials), rel=1e-12)
    assert (all_.low, all_.high) == (pytest.approx(0.05 ** (1 / trials), rel=1e-12), 1.0)


@given(st.integers(1, 15), st.floats(0.01, 0.99))
def test_clopper_pearson_covers_at_least_as_promised(trials: int, probability: float) -> None:
    counts = np.arange(trials + 1)
    covered = [clopper_pearson(int(k), trials, 0.9).contains(probability) for k in counts]
    assert stats.binom.pmf(counts, trials, probability)[covered].sum() >= 0.9 - 1e-12


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_t_intervals_cover_as_often_as_promised(confidence: float) -> None:
    rng = np.random.default_rng(20)
    n_samples = 2000
    noise = rng.standard_normal((n_samples, 5))
    means = sum(mean_interval(3 + x, confidence).contains(3) for x in noise)
    assert abs(binomial_z_score(means, n_samples, confidence)) < 4
    x = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
    fits = [line_slope(x, 2 * x + row, confidence) for row in noise]
    slopes = sum(fit.low <= 2 <= fit.high for fit in fits)
    assert abs(binomial_z_score(slopes, n_samples, confidence)) < 4
    pairs = noise[: n_samples // 2], noise[n_samples // 2 :]
    differences = sum(
        paired_difference(a, b, confidence).contains(0) for a, b in zip(*pairs, strict=True)
    )
    assert abs(binomial_z_score(differences, n_samples // 2, confidence)) < 4


def test_z_scores_are_standard_normal_when_the_expectation_is_right() -> None:
    rng = np.random.default_rng(21)
    scores = [z_score(rng.exponential(2.0, 400), 2.0) for _ in range(500)]
    assert stats.kstest(scores, "norm").pvalue > 1e-4
    # Ten standard errors away from the truth, the score says so.
    assert z_score(rng.exponential(2.0, 400), 1.0) == pytest.approx(10, abs=4)


def test_binomial_z_score_by_hand() -> None:
    assert binomial_z_score(60, 100, 0.5) == pytest.approx(2)
    assert binomial_z_score(10, 100, 0.1) == pytest.approx(0)


def test_interval_contains_its_ends() -> None:
    interval = Interval(0.0, -1.0, 1.0)
    assert interval.contains(-1)
    assert interval.contains(1)
    assert not interval.contains(1.0000001)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([1.0]), "x must be a vector of at least 2 numbers"),
        (lambda: mean_interval([[1.0, 2.0]]), r"got shape \(1, 2\)"),
        (lambda: mean_interval([1.0, np.nan]), "x must be finite; got nan at index 1"),
        (lambda: mean_interval([1, 2], 1.0), r"confidence must be in \(0, 1\); got 1.0"),
        (lambda: paired_difference([1, 2], [1, 2, 3]), "a and b must have the same length"),
        (lambda: paired_difference([1, 2], [1, np.inf]), "b must be finite; got inf"),
        (lambda: line_slope([1, 2], [1, 2]), "x must be a vector of at least 3"),
        (lambda: line_slope([1, 1, 1], [1, 2, 3]), "x must not be constant; got 1.0"),
        (lambda: line_slope([1, 2, 3], [1, 2, 3], 0), "confidence must be in"),
        (lambda: log_log_slope([0, 1, 2], [1, 2, 3]), "x must be positive; got 0.0"),
        (lambda: log_log_slope([1, 2, 3], [1, -2, 3]), "y must be positive; got -2.0"),
        (lambda: z_score([1, 1, 1], 0), "x must vary; got 1.0 only"),
        (lambda: z_score([1, 2], np.nan), "expected must be finite; got nan"),
        (lambda: binomial_z_score(1, 2, 0), r"probability must be in \(0, 1\); got 0"),
        (lambda: clopper_pearson(3, 2), "got 3 of 2"),
        (lambda: clopper_pearson(-1, 2), "got -1 of 2"),
        (lambda: clopper_pearson(0, 0), "trials >= 1"),
        (lambda: clopper_pearson(1, 2, 2), "confidence must be in"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
