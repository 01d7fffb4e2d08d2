from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from refimpl.dgpg.theory.mixing import (
    best_weight_in_range,
    minimum_by_ratio,
    minimum_variance,
    mixed_variance,
    optimal_alpha,
)

variances = st.floats(0.01, 100.0)
correlations = st.integers(-99, 99).map(lambda k: k / 100)
weights = st.floats(-2.0, 3.0)


@given(variances, variances, correlations, weights)
def test_the_variance_is_that_of_the_mixture(a, b, rho, alpha) -> None:
    """Of (1 - alpha) X - alpha Y, from the matrix of covariances."""
    c = rho * math.sqrt(a * b)
    w = np.array([1 - alpha, -alpha])
    expected = w @ np.array([[a, c], [c, b]]) @ w
    assert mixed_variance(a, b, rho, alpha) == pytest.approx(expected, abs=1e-12 * (a + b) * 10)


@given(variances, variances, correlations, weights)
def test_no_weight_has_less_variance_than_the_minimum(a, b, rho, alpha) -> None:
    least = minimum_variance(a, b, rho)
    assert mixed_variance(a, b, rho, alpha) >= least - 1e-12 * (a + b) * 10
    assert least <= min(a, b) * (1 + 1e-12)
    best = optimal_alpha(a, b, rho)
    scale = (1 - best) ** 2 * a + best**2 * b
    assert mixed_variance(a, b, rho, best) == pytest.approx(least, abs=1e-12 * scale)


@given(variances, variances, correlations)
def test_the_best_weight_in_range_is_what_a_numerical_search_finds(a, b, rho) -> None:
    found = minimize_scalar(
        lambda alpha: mixed_variance(a, b, rho, alpha), bounds=(0, 1), method="bounded"
    )
    best = best_weight_in_range(a, b, rho)
    assert 0.0 <= best <= 1.0
    # Bounded search stops within 1e-5 of the place, so within 1e-10 of the curvature in value.
    assert mixed_variance(a, b, rho, best) <= found.fun + 1e-9 * (a + b)


@given(variances, correlations)
def test_above_one_exactly_where_the_guidance_has_less_than_the_correlated_part(a, rho) -> None:
    """sG < -rho sJ."""
    for b in (0.5 * rho**2 * a + 1e-9, 2.0 * rho**2 * a + 1e-9):
        above = math.sqrt(b) < -rho * math.sqrt(a)
        assert (optimal_alpha(a, b, rho) > 1.0) == above


@given(variances, variances, correlations)
def test_by_ratio_it_is_the_same_minimum_and_below_the_guidance_s_variance(a, b, rho) -> None:
    found = minimum_by_ratio(b, rho, math.sqrt(b / a))
    assert found == pytest.approx(minimum_variance(a, b, rho), rel=1e-9)
    assert found <= b * (1 + 1e-12)
    assert minimum_by_ratio(b, rho, 0.0) == pytest.approx(b * (1 - rho**2))


def test_golden_values() -> None:
    """N = 10, 100, 1000 with sG = 1, rho = -1/2: above one."""
    found = [optimal_alpha(n, 1.0, -0.5) for n in (10, 100, 1000)]
    assert found == pytest.approx([1.0741, 1.0440, 1.0153], abs=5e-5)
    assert mixed_variance(1000.0, 1.0, -0.5, 0.2) == pytest.approx(645.1, abs=0.05)
    assert mixed_variance(1000.0, 1.0, -0.5, 0.8) == pytest.approx(45.70, abs=0.005)


def test_degenerate_and_bad_inputs() -> None:
    assert optimal_alpha(1.0, 0.0, 0.3) == 1.0
    assert minimum_variance(1.0, 0.0, 0.3) == 0.0
    assert minimum_variance(4.0, 1.0, -1.0) == 0.0
    for bad, message in (
        ((-1.0, 1.0, 0.0), "var_pg must be finite and >= 0; got -1.0"),
        ((1.0, math.nan, 0.0), "var_guidance must be finite and >= 0; got nan"),
        ((1.0, 1.0, 1.5), r"correlation must be in \[-1, 1\]; got 1.5"),
        ((2.0, 2.0, -1.0), "the two samples must not cancel"),
        ((0.0, 0.0, 0.0), "the two samples must not cancel"),
    ):
        for function in (optimal_alpha, minimum_variance):
            with pytest.raises(ValueError, match=message):
                function(*bad)
    with pytest.raises(ValueError, match=r"ratio must be finite and >= 0; got -1\.0"):
        minimum_by_ratio(1.0, 0.0, -1.0)
    with pytest.raises(ValueError, match="alpha must be finite; got inf"):
        mixed_variance(1.0, 1.0, 0.0, math.inf)
