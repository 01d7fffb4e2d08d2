"""Covariances, moments, their gradients, and the warm-up."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import check_vjp
from refimpl.scale.objective.srr import (
    covariance,
    decorrelation,
    mean_decorrelation,
    mean_srr,
    moment_kl,
    no_regularizer,
    shrinkage,
    spread,
    srr,
    warm_up,
)

TERMS = (decorrelation, mean_decorrelation, moment_kl, spread)
REGULARIZERS = (
    partial(srr, weight_decorrelation=0.01, weight_kl=0.001),
    partial(mean_srr, weight_decorrelation=0.3, weight_kl=0.2),
    partial(shrinkage, weight_spread=0.3, weight_kl=0.2),
    partial(srr, weight_decorrelation=0.5, weight_kl=0.1, floor=0.3),
)


@st.composite
def batches(draw, least_width=2):
    """Features in general position: no covariance is 0, no variance near a floor of 0.3."""
    n, width = draw(st.integers(3, 40)), draw(st.integers(least_width, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    features = rng.standard_normal((n, width)) @ rng.standard_normal((width, width))
    features *= rng.choice([0.1, 1.0, 3.0], width)
    variance = features.var(axis=0, ddof=1)
    features[:, np.abs(variance - 0.3) < 1e-3] *= 1.1
    return features + rng.standard_normal(width)


@given(batches(least_width=1))
def test_covariance_is_numpys(features) -> None:
    expected = np.cov(features.T, ddof=1).reshape(features.shape[1], -1)
    scale = np.abs(features).max() ** 2
    np.testing.assert_allclose(covariance(features), expected, rtol=0, atol=1e-13 * scale)


@given(batches())
def test_losses_are_the_printed_sums(features) -> None:
    width = features.shape[1]
    product = np.cov(features.T, ddof=1)
    total = sum(abs(product[i, j]) for i in range(width) for j in range(width) if i != j)
    kl = sum(
        features[:, k].mean() ** 2 + product[k, k] - np.log(product[k, k]) - 1 for k in range(width)
    ) / (2 * width)
    size = 1e-12 * max(1.0, np.abs(features).max() ** 2) * width**2
    assert decorrelation(features)[0] == pytest.approx(total, abs=size)
    assert mean_decorrelation(features)[0] == pytest.approx(total / (width * (width - 1)), abs=size)
    assert moment_kl(features)[0] == pytest.approx(kl, abs=size)
    assert spread(features)[0] == pytest.approx(np.trace(product), abs=size)
    assert srr(features, 0.01, 0.001)[0] == pytest.approx(0.01 * total + 0.001 * kl, abs=size)
    assert shrinkage(features, 2.0, 0.5)[0] == pytest.approx(
        2 * np.trace(product) + 0.5 * kl, abs=4 * size
    )
    assert mean_srr(features, 2.0, 0.5)[0] == pytest.approx(
        2 * total / (width * (width - 1)) + 0.5 * kl, abs=4 * size
    )


@pytest.mark.parametrize("term", [*TERMS, *REGULARIZERS])
@given(features=batches(), seed=st.integers(0, 1000))
def test_gradients_are_the_complex_step(term, features, seed) -> None:
    def loss(x):
        return term(x)[0]

    def vjp(x, dy):
        return dy * term(x)[1]

    check_vjp(loss, vjp, features, rng=np.random.default_rng(seed), rtol=1e-9)


@given(batches())
def test_all_but_the_means_ignore_shifts_and_the_order_of_samples(features) -> None:
    shifted = features[::-1] + 2.0
    for term in (decorrelation, spread):
        loss, d_features = term(features)
        size = 1e-11 * (1 + np.abs(features).max() ** 2) * features.shape[1] ** 2
        assert term(shifted)[0] == pytest.approx(loss, abs=size)
        np.testing.assert_allclose(d_features.sum(axis=0), 0, atol=size)


@given(batches(), st.floats(0.1, 3.0))
def test_decorrelation_counts_covariances_so_shrinking_lowers_it(features, scale) -> None:
    loss, _ = decorrelation(features)
    assert decorrelation(scale * features)[0] == pytest.approx(scale**2 * loss, rel=1e-9)


@given(batches())
def test_moment_kl_is_zero_at_mean_zero_and_variance_one_only(features) -> None:
    standard = (features - features.mean(axis=0)) / features.std(axis=0, ddof=1)
    loss, d_features = moment_kl(standard)
    assert loss == pytest.approx(0, abs=1e-13)
    np.testing.assert_allclose(d_features, 0, atol=1e-12)
    assert moment_kl(features)[0] >= -1e-15
    assert moment_kl(standard + 0.1)[0] == pytest.approx(0.005, abs=1e-12)
    assert moment_kl(1.1 * standard)[0] > 1e-3


def test_a_zero_covariance_has_derivative_zero() -> None:
    features = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    loss, d_features = decorrelation(features)
    assert loss == 0
    np.testing.assert_array_equal(d_features, 0)


def test_a_floor_stops_the_logarithm_and_nothing_else() -> None:
    features = np.array([[1e-6, 1.0], [-1e-6, -1.0], [0.0, 0.0]])
    loss, d_features = moment_kl(features, floor=0.01)
    expected = (1e-12 - np.log(0.01) - 1 + 1.0 - 0 - 1) / 4
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(d_features[:, 0], features[:, 0] / 4, rtol=1e-12)
    constant = np.array([[3.0, 1.0], [3.0, -1.0]])
    assert np.isfinite(moment_kl(constant, floor=0.01)[0])


def test_nothing_is_nothing() -> None:
    features = np.ones((3, 2), np.float32)
    loss, d_features = no_regularizer(features)
    assert loss == 0
    np.testing.assert_array_equal(d_features, np.zeros_like(features))


@pytest.mark.parametrize("term", [*TERMS, *REGULARIZERS, no_regularizer])
def test_single_precision_stays(term) -> None:
    features = np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)
    assert term(features)[1].dtype == np.float32


def test_weights_given_as_numpy_numbers_do_not_change_the_precision() -> None:
    features = np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)
    assert srr(features, np.float64(0.1), np.float64(0.2))[1].dtype == np.float32


def test_warm_up_rises_from_epoch_10_to_epoch_60() -> None:
    weights = [warm_up(epoch) for epoch in (1, 10, 11, 35, 60, 61, 1000)]
    assert weights == [0.0, 0.0, 0.02, 0.5, 1.0, 1.0, 1.0]
    assert warm_up(3, start=2, length=4) == 0.25


GOOD = np.random.default_rng(1).standard_normal((5, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: covariance(GOOD[:1]), r"features must have shape \(B >= 2"),
        (lambda: covariance(GOOD[0]), "features must have shape"),
        (lambda: covariance(GOOD[:, :0]), "features must have shape"),
        (lambda: decorrelation(np.where(GOOD > 1, np.nan, GOOD) * np.nan), "must be finite"),
        (lambda: mean_decorrelation(GOOD[:, :1]), "at least 2 dimensions"),
        (lambda: moment_kl(GOOD * [1, 0, 1]), "column 1 is constant"),
        (lambda: moment_kl(GOOD, floor=-1.0), "floor must be"),
        (lambda: srr(GOOD, -0.1, 0.1), "weight_decorrelation must be"),
        (lambda: srr(GOOD, 0.1, np.inf), "weight_kl must be"),
        (lambda: mean_srr(GOOD, np.nan, 0.1), "weight_decorrelation must be"),
        (lambda: shrinkage(GOOD, -1.0, 0.1), "weight_spread must be"),
        (lambda: warm_up(1, length=0), "length must be"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
