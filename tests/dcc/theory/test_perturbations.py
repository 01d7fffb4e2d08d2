"""Inverse moments against quadrature and enumeration; the Gaussian diverges, two points do not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from refimpl.dcc.theory.perturbations import (
    balanced_probability,
    gaussian_inverse_moment,
    two_point_inverse_moment,
)


@pytest.mark.parametrize("sigma", [0.05, 1.0])
@pytest.mark.parametrize("cutoff", [1e-3, 0.1])
def test_gaussian_moment_matches_quadrature(sigma, cutoff):
    def integrand(log_x):  # x = exp(log_x), so 1/x dx = d log_x
        return 2.0 * np.exp(-0.5 * (np.exp(log_x) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))

    expected, error = quad(integrand, np.log(cutoff), np.log(20 * sigma), epsabs=1e-10)
    found = float(gaussian_inverse_moment(sigma, cutoff))
    assert found == pytest.approx(expected, abs=10 * error + 1e-9)


def test_every_decade_of_cutoff_adds_the_same_amount():
    cutoffs = 10.0 ** -np.arange(4, 12)
    steps = np.diff(gaussian_inverse_moment(0.05, cutoffs))
    np.testing.assert_allclose(steps, np.sqrt(2 / np.pi) / 0.05 * np.log(10.0), rtol=1e-4)


def test_two_points_have_a_bounded_moment():
    np.testing.assert_allclose(two_point_inverse_moment(0.05, [1e-12, 0.01, 0.1]), [20, 20, 0])


@pytest.mark.parametrize("n", range(9))
def test_balanced_probability_by_enumeration(n):
    balanced = [sum(signs) == 0 for signs in itertools.product((-1, 1), repeat=n)]
    assert balanced_probability(n) == pytest.approx(np.mean(balanced))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="sigma must be positive and finite; got 0"):
        gaussian_inverse_moment(0.0, 0.1)
    with pytest.raises(ValueError, match="cutoff must be positive and finite"):
        gaussian_inverse_moment(1.0, [0.1, np.nan])
    with pytest.raises(ValueError, match="size must be positive and finite; got -1"):
        two_point_inverse_moment(-1.0, 0.1)
    with pytest.raises(ValueError, match="n_others must be non-negative; got -2"):
        balanced_probability(-2)
