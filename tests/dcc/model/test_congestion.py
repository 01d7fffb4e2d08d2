"""Congestion penalties [DCC eq. 1, eq. 21]."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import Congestion, check_congestion, power_law
from tests.dcc.strategies import congestions


@given(st.floats(0.01, 100), st.floats(1, 4), st.floats(1.001, 1000))
def test_derivative_is_the_complex_step(kappa, beta, n):
    congestion = power_law(kappa, beta)
    exact = float(np.imag(congestion.penalty(n + 1e-20j))) / 1e-20
    assert float(congestion.derivative(n)) == pytest.approx(exact, rel=1e-13)


@given(congestions())
def test_alone_nobody_pays(congestion):
    assert congestion.penalty(1.0) == 0.0


@given(st.floats(0.01, 100), st.floats(1, 4))
def test_two_pay_the_scale_whatever_the_exponent(kappa, beta):
    assert power_law(kappa, beta).penalty(2.0) == kappa


@given(congestions(), st.floats(2, 500))
def test_power_laws_pass_their_own_check(congestion, largest):
    check_congestion(congestion, largest)


def test_vectorised_over_any_shape():
    crowd = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(power_law(2.0, 2.0).penalty(crowd), 2 * (crowd - 1) ** 2)


def test_linear_slope_at_one_is_the_scale_and_zero_above():
    assert power_law(3.0, 1.0).derivative(1.0) == 3.0
    assert power_law(3.0, 1.5).derivative(1.0) == 0.0


def test_curvature():
    assert power_law(1.0, 1.0).curvature == 0
    assert power_law(1.0, 1.1).curvature == 1


def test_pickles():
    copy = pickle.loads(pickle.dumps(power_law(2.0, 3.0)))
    assert copy.penalty(4.0) == 54.0
    assert copy.derivative(4.0) == 54.0


def test_a_logarithm_is_concave_and_accepted():
    log = Congestion(np.log, lambda n: 1.0 / np.asarray(n), curvature=-1)
    check_congestion(log, 50.0)


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (Congestion(lambda n: -np.asarray(n), lambda n: -np.ones_like(n), 0), "non-decreasing"),
        (Congestion(np.log, lambda n: 2.0 / np.asarray(n), -1), "derivative must be that"),
        (Congestion(np.log, lambda n: 1.0 / np.asarray(n), 1), "curvature must be"),
        (Congestion(np.log, lambda n: 1.0 / np.asarray(n), 0), "curvature must be"),
        (
            Congestion(lambda n: np.asarray(n) * np.nan, lambda n: np.asarray(n) * np.nan, 0),
            "penalty must be finite",
        ),
    ],
)
def test_broken_penalties_are_named(broken, rule):
    with pytest.raises(ValueError, match=f"congestion: .*{rule}.* near n = "):
        check_congestion(broken, 10.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power_law(0.0, 1.0), r"kappa must be positive and finite; got 0\.0"),
        (lambda: power_law(float("inf")), "kappa must be positive and finite; got inf"),
        (lambda: power_law(1.0, 0.99), r"beta must be finite and >= 1; got 0\.99"),
        (lambda: power_law(1.0, float("nan")), "beta must be finite and >= 1; got nan"),
        (lambda: power_law().penalty(0.5), r"n must be >= 1.*got 0\.5"),
        (lambda: power_law().derivative([2.0, 0.0]), r"n must be >= 1.*got 0\.0"),
        (lambda: power_law().penalty(np.nan), "n must be >= 1.*got nan"),
        (lambda: Congestion(np.log, np.log, 2), "curvature must be -1, 0 or 1; got 2"),
        (lambda: check_congestion(power_law(), 1.0), r"largest must exceed 1; got 1\.0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
