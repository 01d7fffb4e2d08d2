"""Confidence intervals and comparisons for a handful of independent runs.

Every interval here has exact coverage under its stated model (normal errors for the t-intervals,
Bernoulli trials for Clopper-Pearson, where it is at least the confidence asked for). Runs that
share their random environment are compared by :func:`paired_difference`: the differences of pairs
vary far less than the runs themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2

    def contains(self, value: float) -> bool:
        """Whether ``value`` lies in the closed interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Slope:
    """Slope of a straight-line fit with its confidence interval, and the fit's intercept."""

    slope: float
    low: float
    high: float
    intercept: float


def mean_interval(x: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's t-interval of the mean of independent normal observations.

    ``mean(x) +- t_{n-1, (1 + confidence)/2} * std(x) / sqrt(n)``, with the ``n - 1`` standard
    deviation.

    Parameters
    ----------
    x : (n,) float
        At least two observations.
    confidence : float
        In (0, 1).

    Raises
    ------
    ValueError
        If there are fewer than two observations, one is NaN or infinite, or ``confidence`` is not
        in (0, 1).
    """
    sample = _sample("x", x, at_least=2)
    _check_confidence(confidence)
    mean = float(sample.mean())
    quantile = float(stats.t.ppf((1 + confidence) / 2, sample.size - 1))
    half = quantile * _standard_error(sample)
    return Interval(mean, mean - half, mean + half)


def paired_difference(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """t-interval of the mean of ``a[i] - b[i]``, pair by pair.

    Parameters
    ----------
    a, b : (n,) float
        Results of two methods on the same ``n`` instances, in the same order.
    confidence : float
        In (0, 1).

    Raises
    ------
    ValueError
        If the lengths differ, or as :func:`mean_interval`.

    Notes
    -----
    Convention: negative where ``a`` is the smaller.
    """
    first, second = _sample("a", a, at_least=2), _sample("b", b, at_least=2)
    _check_same_length("a", first, "b", second)
    return mean_interval(first - second, confidence)


def line_slope(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Slope:
    """Least-squares slope of ``y`` against ``x`` with its t-interval, n - 2 degrees of freedom.

    Parameters
    ----------
    x, y : (n,) float
        At least three points, ``x`` not all equal.
    confidence : float
        In (0, 1).

    Raises
    ------
    ValueError
        If the lengths differ, there are fewer than three points, ``x`` is constant, a number is
        NaN or infinite, or ``confidence`` is not in (0, 1).
    """
    xs, ys = _sample("x", x, at_least=3), _sample("y", y, at_least=3)
    _check_same_length("x", xs, "y", ys)
    _check_confidence(confidence)
    if np.all(xs == xs[0]):
        raise ValueError(f"x must not be constant; got {xs[0]} only")
    centred = xs - xs.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (ys - ys.mean())) / spread
    # From the residuals, not from 1 - r^2, which is all rounding when the fit is nearly exact.
    residuals = ys - ys.mean() - slope * centred
    error = math.sqrt(float(residuals @ residuals) / (xs.size - 2) / spread)
    half = float(stats.t.ppf((1 + confidence) / 2, xs.size - 2)) * error
    return Slope(slope, slope - half, slope + half, float(ys.mean() - slope * xs.mean()))


def log_log_slope(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Slope:
    """Exponent ``p`` of a power law ``y = C x^p``: slope of ``log y`` against ``log x``.

    Parameters
    ----------
    x, y : (n,) float
        At least three points, all positive.
    confidence : float
        In (0, 1).

    Returns
    -------
    Slope
        ``intercept`` is ``log C``.

    Raises
    ------
    ValueError
        If a number is not positive, or as :func:`line_slope`.
    """
    xs, ys = _sample("x", x, at_least=3), _sample("y", y, at_least=3)
    for name, sample in (("x", xs), ("y", ys)):
        if sample.min() <= 0:
            raise ValueError(f"{name} must be positive; got {sample.min()}")
    return line_slope(np.log(xs), np.log(ys), confidence)


def z_score(x: ArrayLike, expected: float) -> float:
    """How many standard errors the sample mean lies above ``expected``.

    ``(mean(x) - expected) / (std(x) / sqrt(n))``; about standard normal for large ``n`` if
    ``expected`` is the true mean.

    Raises
    ------
    ValueError
        If there are fewer than two observations, they are all equal (there is no scale to measure
        on), or a number is NaN or infinite.
    """
    sample = _sample("x", x, at_least=2)
    if not math.isfinite(expected):
        raise ValueError(f"expected must be finite; got {expected}")
    if np.all(sample == sample[0]):
        raise ValueError(f"x must vary; got {sample[0]} only")
    return (float(sample.mean()) - expected) / _standard_error(sample)


def binomial_z_score(successes: int, trials: int, probability: float) -> float:
    """How many standard deviations a count of successes lies above its expectation.

    ``(k - n p) / sqrt(n p (1 - p))``.

    Raises
    ------
    ValueError
        If the counts are impossible or ``probability`` is not strictly between 0 and 1.
    """
    _check_counts(successes, trials)
    if not 0 < probability < 1:
        raise ValueError(f"probability must be in (0, 1); got {probability}")
    deviation = math.sqrt(trials * probability * (1 - probability))
    return (successes - trials * probability) / deviation


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Clopper-Pearson interval of a success probability; ``mean`` is the observed frequency.

    The ends are the probabilities at which the observed count, or a more extreme one, would have
    probability ``(1 - confidence) / 2``. Coverage is at least ``confidence`` for every ``n, p``.

    Raises
    ------
    ValueError
        If the counts are impossible or ``confidence`` is not in (0, 1).
    """
    _check_counts(successes, trials)
    _check_confidence(confidence)
    tail, failures = (1 - confidence) / 2, trials - successes
    low = float(stats.beta.ppf(tail, successes, failures + 1)) if successes else 0.0
    high = float(stats.beta.isf(tail, successes + 1, failures)) if failures else 1.0
    return Interval(successes / trials, low, high)


def _standard_error(sample: Floats) -> float:
    # A constant sample has no spread; the rounding of its mean must not invent one.
    spread = 0.0 if np.all(sample == sample[0]) else float(sample.std(ddof=1))
    return spread / math.sqrt(sample.size)


def _sample(name: str, x: ArrayLike, at_least: int) -> Floats:
    sample = np.asarray(x, dtype=np.float64)
    if sample.ndim != 1 or sample.size < at_least:
        raise ValueError(
            f"{name} must be a vector of at least {at_least} numbers; got shape {sample.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(sample))
    if bad.size:
        raise ValueError(f"{name} must be finite; got {sample[bad[0]]} at index {bad[0]}")
    return sample


def _check_same_length(name_a: str, a: Floats, name_b: str, b: Floats) -> None:
    if a.size != b.size:
        raise ValueError(
            f"{name_a} and {name_b} must have the same length; got {a.size} and {b.size}"
        )


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence}")


def _check_counts(successes: int, trials: int) -> None:
    if not (trials >= 1 and 0 <= successes <= trials):
        raise ValueError(
            f"successes must be in 0..trials and trials >= 1; got {successes} of {trials}"
        )
