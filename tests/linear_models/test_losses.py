"""Losses by explicit sums, gradients by the complex step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from linear_models.gradcheck import check_vjp
from linear_models.losses import huber, huber_vjp, mse, mse_vjp
from tests.linear_models.strategies import away_from, batch_shapes, rngs

deltas = st.sampled_from([0.3, 1.0, 5.0])


@given(rngs, batch_shapes)
def test_mse_is_the_explicit_mean(rng, shape) -> None:
    pred, target = rng.standard_normal((2, *shape))
    terms = [(p - t) ** 2 for p, t in zip(np.ravel(pred), np.ravel(target), strict=True)]
    assert mse(np.asarray(pred), np.asarray(target)) == pytest.approx(
        math.fsum(terms) / len(terms), rel=1e-13
    )


@given(rngs, batch_shapes, deltas)
def test_huber_is_scipys(rng, shape, delta) -> None:
    pred, target = 2 * rng.standard_normal((2, *shape, 2))
    expected = special.huber(delta, pred - target).mean()
    assert huber(pred, target, delta) == pytest.approx(expected, rel=1e-12)


@given(rngs, batch_shapes)
def test_wide_huber_is_half_the_squared_error(rng, shape) -> None:
    pred, target = rng.standard_normal((2, *shape, 2))
    assert huber(pred, target, 1e3) == pytest.approx(0.5 * mse(pred, target), rel=1e-13)


@given(rngs, batch_shapes)
def test_gradient_of_mse(rng, shape) -> None:
    pred, target = rng.standard_normal((2, *shape, 2))
    check_vjp(lambda p: mse(p, target), lambda p, dy: mse_vjp(p, target, dy), pred, rng=rng)


@given(rngs, batch_shapes, deltas)
def test_gradient_of_huber(rng, shape, delta) -> None:
    target = rng.standard_normal((*shape, 2))
    # The first derivative has a kink (not a jump) at +-delta, so the complex step is exact there
    # too; the distance only keeps rounding of pred - target from changing sides.
    pred = target + away_from(2 * rng.standard_normal(target.shape), (-delta, delta))
    check_vjp(
        lambda p: huber(p, target, delta),
        lambda p, dy: huber_vjp(p, target, delta, dy),
        pred,
        rng=rng,
    )


@given(rngs, deltas)
def test_huber_gradient_is_bounded(rng, delta) -> None:
    pred = 100 * rng.standard_normal(6)
    assert (np.abs(huber_vjp(pred, np.zeros(6), delta)) <= delta / 6 * (1 + 1e-15)).all()


def test_float32_stays_float32() -> None:
    pred, target = np.ones(3, np.float32), np.full(3, 5, np.float32)
    delta = np.float64(1.0)
    results = (
        mse(pred, target),
        mse_vjp(pred, target),
        huber(pred, target, delta),
        huber_vjp(pred, target, delta),
    )
    assert {r.dtype for r in results} == {np.dtype(np.float32)}


X = np.zeros((2, 1))
NAN = np.full((2, 1), np.nan)
INF = np.full((2, 1), np.inf)


@pytest.mark.parametrize("f", [mse, mse_vjp, huber, huber_vjp])
@pytest.mark.parametrize(
    ("pred", "target", "message"),
    [
        (X, np.zeros(2), r"target must have shape \(2, 1\); got \(2,\)"),
        (X[:0], X[:0], r"pred must not be empty; got shape \(0, 1\)"),
        (NAN, X, "pred must be finite; got nan"),
        (X, INF, "target must be finite; got inf"),
    ],
)
def test_bad_arrays_are_named(f, pred, target, message) -> None:
    with pytest.raises(ValueError, match=message):
        f(pred, target)


@pytest.mark.parametrize("f", [huber, huber_vjp])
@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan")])
def test_bad_delta_is_named(f, delta) -> None:
    with pytest.raises(ValueError, match=f"delta must be finite and > 0; got {delta}"):
        f(X, X, delta)
