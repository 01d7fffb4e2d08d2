"""Where the losses of SRR balance, by formula and by minimising the published losses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from refimpl.scale.objective.srr import covariance, decorrelation, mean_srr, srr
from refimpl.scale.theory.feature_geometry import layer_normalised
from refimpl.scale.theory.shrinkage import (
    balanced_variance,
    balanced_variance_on_sphere,
    best_scale_loss,
    largest_decorrelation,
    least_loss_after_layer_norm,
    noise_correlation,
    total_absolute_correlation,
)
from refimpl.scale.train.presets import WEIGHT_DECORRELATION, WEIGHT_KL

seeds = st.integers(0, 2**32 - 1)
weights = st.floats(0.001, 1.0)
totals = st.floats(0.0, 240.0)


def standardised(seed, batch=30, d=4):
    """Correlated features with mean 0 and variance 1 in every dimension."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(batch, d)) + rng.normal(size=(batch, 1)) * rng.uniform(0, 2)
    return (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)


@given(seeds, weights, weights, st.sampled_from([srr, mean_srr]))
def test_the_balanced_variance_minimises_srr_over_the_scale(seed, l1, l2, loss) -> None:
    f = standardised(seed)
    total = total_absolute_correlation(covariance(f))
    total /= 1 if loss is srr else 12
    found = minimize_scalar(
        lambda t: loss(math.exp(t) * f, l1, l2)[0], bounds=(-6, 1), method="bounded"
    )
    v = balanced_variance(total, l1, l2)
    # The search stops within 1e-5 of the place, so within 1e-10 of the curvature, 2 l2, in value.
    at_formula = loss(math.sqrt(v) * f, l1, l2)[0]
    assert at_formula <= found.fun + 1e-12 * (1 + l2)
    assert at_formula == pytest.approx(found.fun, abs=1e-8 * l2 + 1e-12)
    assert at_formula == pytest.approx(best_scale_loss(total, l1, l2), abs=1e-12)


@given(seeds)
def test_the_derivative_along_the_scale_vanishes_there(seed) -> None:
    f = standardised(seed)
    v = balanced_variance(total_absolute_correlation(covariance(f)))
    here = math.sqrt(v) * f
    _, gradient = srr(here, WEIGHT_DECORRELATION, WEIGHT_KL)
    assert abs((gradient * here).sum()) < 1e-14
    bound = largest_decorrelation() * (1 - v)
    assert decorrelation(here)[0] == pytest.approx(bound, rel=1e-9, abs=1e-12)


@given(seeds)
def test_free_scales_of_single_dimensions_stay_below_the_largest_decorrelation(seed) -> None:
    f = standardised(seed)

    def loss(logs):
        here = np.exp(logs) * f
        value, gradient = srr(here, WEIGHT_DECORRELATION, WEIGHT_KL)
        return 1e3 * value, 1e3 * (gradient * here).sum(axis=0)

    start = np.full(4, 0.5 * math.log(balanced_variance(8.0)))
    found = minimize(loss, start, jac=True, options={"gtol": 1e-9})
    here = np.exp(found.x) * f
    mean_variance = float(np.diag(covariance(here)).mean())
    expected = largest_decorrelation() * (1 - mean_variance)
    # The gradient, in units of 1e-3, may leave 4 x its tolerance.
    assert decorrelation(here)[0] == pytest.approx(expected, abs=1e-5)
    assert decorrelation(here)[0] < largest_decorrelation() + 1e-5


@given(totals, weights, weights)
def test_on_the_sphere_the_balance_minimises_its_loss(total, l1, l2) -> None:
    """With squared means and variances summing to d, L_d = -1/2 ln v."""
    v = balanced_variance_on_sphere(total, l1, l2)
    assert 0 < v <= 1
    grid = np.linspace(1e-3, 1.0, 400)
    values = l1 * total * grid - 0.5 * l2 * np.log(grid)
    assert l1 * total * v - 0.5 * l2 * math.log(v) <= values.min() + 1e-12
    assert balanced_variance(total, l1, l2) <= v


@given(seeds, st.integers(2, 8), st.floats(0.0, 3.0))
def test_no_layer_normalised_features_have_a_smaller_loss(seed, d, lean) -> None:
    rng = np.random.default_rng(seed)
    f = layer_normalised(rng.normal(size=(20, d)) + lean * rng.normal(size=d))
    c = covariance(f)
    if np.diag(c).min() > 1e-12:
        bound = least_loss_after_layer_norm(float(np.diag(c).mean()), d)
        assert srr(f, WEIGHT_DECORRELATION, WEIGHT_KL)[0] >= bound - 1e-12


@given(seeds, st.floats(0.01, 100.0))
def test_correlations_do_not_scale(seed, factor) -> None:
    f = standardised(seed)
    c = covariance(f)
    total = total_absolute_correlation(c)
    assert total_absolute_correlation(covariance(factor * f)) == pytest.approx(total)
    assert total == pytest.approx(decorrelation(f)[0])
    assert 0 <= total <= 12 + 1e-12


def test_golden_values() -> None:
    """The published weights: a sum of correlations of 60 over 240 pairs."""
    assert (WEIGHT_DECORRELATION, WEIGHT_KL) == (0.01, 0.001)
    assert balanced_variance(60.0) == pytest.approx(0.00083, abs=5e-6)
    assert balanced_variance(60.0) == pytest.approx(0.0005 / (0.01 * 60 + 0.0005))
    assert balanced_variance(60.0 / 240) == pytest.approx(1 / 6)
    assert balanced_variance(0.0) == balanced_variance_on_sphere(0.0) == 1.0
    assert largest_decorrelation() == pytest.approx(0.05)
    assert noise_correlation(16, 256) == pytest.approx(12.003, abs=5e-4)
    assert balanced_variance(noise_correlation(16, 256)) == pytest.approx(0.00415, abs=5e-6)
    assert least_loss_after_layer_norm(1.0, 16) == pytest.approx(0.16)
    assert best_scale_loss(240.0) < 0.0043


def test_even_independent_features_are_shrunk() -> None:
    """Mean of 100 minibatches of 256; |z| < 4."""
    rng = np.random.default_rng(5)
    found = np.array(
        [total_absolute_correlation(covariance(rng.normal(size=(256, 16)))) for _ in range(100)]
    )
    assert abs(found.mean() - noise_correlation(16, 256)) < 4 * found.std(ddof=1) / 10


def test_bad_input() -> None:
    for function in (balanced_variance, balanced_variance_on_sphere):
        with pytest.raises(ValueError, match=r"total must be finite and >= 0; got -1\.0"):
            function(-1.0)
        with pytest.raises(ValueError, match=r"weight_kl must be finite and > 0; got 0\.0"):
            function(1.0, 1.0, 0.0)
        with pytest.raises(ValueError, match="weight_decorrelation must be finite and >= 0"):
            function(1.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="weight_decorrelation must be finite and > 0"):
        largest_decorrelation(0.0, 1.0)
    with pytest.raises(ValueError, match="covariance must have a positive diagonal"):
        total_absolute_correlation(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"variance must be finite and > 0; got 0\.0"):
        least_loss_after_layer_norm(0.0, 16)
