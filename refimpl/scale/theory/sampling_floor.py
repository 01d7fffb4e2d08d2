"""Covariances that a minibatch shows although there are none [SCALE Table 5].

For B independent samples of independent normal dimensions. The sample covariance of two is
``|y| z / (B - 1)`` with z normal and |y| the length of B - 1 normal numbers, so its mean absolute
value is exact at every B; the sample correlation is one coordinate of a random direction in B - 1
dimensions.
"""

from __future__ import annotations

import math

from scipy.special import gammaln

from linear_models.validation import check_count, check_positive


def covariance_floor(n_samples: int) -> float:
    """Return ``E|C_ij|`` of unit-variance dimensions, ``2 / sqrt(pi) G(B/2) / G((B-1)/2) / (B-1)``.

    G is the gamma function; for large B this is ``sqrt(2 / (pi B))``.

    Parameters
    ----------
    n_samples : int
        B, at least 2.

    Raises
    ------
    ValueError
        If there are fewer than two samples.
    """
    _check_samples(n_samples)
    ratio = math.exp(gammaln(n_samples / 2) - gammaln((n_samples - 1) / 2))
    return 2.0 / math.sqrt(math.pi) * ratio / (n_samples - 1)


def correlation_floor(n_samples: int) -> float:
    """Return ``E|R_ij| = G((B-1)/2) / (sqrt(pi) G(B/2))``, whatever the variances.

    Raises
    ------
    ValueError
        If there are fewer than two samples.
    """
    _check_samples(n_samples)
    ratio = math.exp(gammaln((n_samples - 1) / 2) - gammaln(n_samples / 2))
    return ratio / math.sqrt(math.pi)


def large_sample_floor(n_samples: int) -> float:
    """Return ``sqrt(2 / (pi B))``, the limit of both; for any law with finite fourth moments."""
    _check_samples(n_samples)
    return math.sqrt(2.0 / (math.pi * n_samples))


def samples_needed(value: float) -> int:
    """Return the fewest samples whose covariance floor is below ``value``.

    Raises
    ------
    ValueError
        If ``value`` is not positive.
    """
    check_positive("value", value)
    low, high = 1, 2
    while covariance_floor(high) >= value:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if covariance_floor(middle) < value else (middle, high)
    return high


def _check_samples(n_samples: int) -> None:
    check_count("n_samples", n_samples)
    if n_samples < 2:
        raise ValueError(f"n_samples must be >= 2; got {n_samples}")
