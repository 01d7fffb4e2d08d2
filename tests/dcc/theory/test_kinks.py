"""Derivatives of V by differences; optima under linear penalties at kinks; the exponent's turn."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import objective
from refimpl.dcc.objective.optimum import best_common_budget, certify
from refimpl.dcc.objective.response import local_budget_curve, response_curves
from refimpl.dcc.theory.equilibrium import (
    price_balance,
    social_price_of_crowd,
    social_price_of_mean,
)
from refimpl.dcc.theory.instances import age_only, toy_device
from refimpl.dcc.theory.kinks import exponent_threshold, linear_optimum
from tests.dcc.theory.small_devices import devices

TOY = device_mdp(toy_device())
CURVE = local_budget_curve(TOY)
ONE = response_curves([CURVE], TOY.gamma)


@given(st.lists(devices(), min_size=1, max_size=3), st.floats(0.05, 3.0), st.integers(0, 2**32 - 1))
def test_no_budgets_beat_the_enumerated_optimum(parts, kappa, seed):
    try:
        curves = response_curves([local_budget_curve(p) for p in parts], parts[0].gamma)
    except ValueError:  # a device that cannot do without offloading has no curve from 0
        return
    budgets, value = linear_optimum(curves, kappa)
    assert value == pytest.approx(objective(curves, budgets, power_law(kappa)), rel=1e-12)
    rng = np.random.default_rng(seed)
    for trial in rng.uniform(size=(20, len(parts))):
        assert value <= objective(curves, trial, power_law(kappa)) * (1 + 1e-12)


@pytest.mark.parametrize("kappa", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("n_devices", [2, 3, 4])
def test_optimum_satisfies_the_subgradient_condition_on_kinks(n_devices, kappa):
    curves = response_curves([CURVE] * n_devices, TOY.gamma)
    budgets, _ = linear_optimum(curves, kappa)
    found = certify(curves, power_law(kappa), budgets, np.zeros(1))
    assert found.residual == 0.0
    assert found.kinks.sum() >= n_devices - 1


def test_identical_devices_do_better_with_different_budgets():
    curves = response_curves([CURVE] * 2, TOY.gamma)
    budgets, value = linear_optimum(curves, 1.0)
    equal = price_balance(ONE, social_price_of_mean(power_law(), 2)).frequency
    np.testing.assert_allclose(budgets, [0.23074257, 0.76018579], atol=1e-8)
    assert value == pytest.approx(56.99694711, abs=1e-7)
    assert objective(curves, [equal] * 2, power_law()) == pytest.approx(59.48894352)
    # to first order the equal budgets look optimal and smooth: they are a saddle
    assert certify(curves, power_law(), [equal] * 2, np.zeros(1)).residual < 1e-9
    assert best_common_budget(ONE, 2, power_law()) == pytest.approx(equal, rel=1e-9)
    shifted = np.array([equal + 0.01, equal - 0.01])
    assert objective(curves, shifted, power_law()) < 59.48894


def test_two_ages_optimal_budgets_are_those_of_periods_two_and_three():
    device = age_only()
    curves = response_curves([local_budget_curve(device)] * 2, device.gamma)
    budgets, value = linear_optimum(curves, 1.0)
    gamma = device.gamma
    periods = [(1 - gamma) * gamma ** (k - 1) / (1 - gamma**k) for k in (3, 2)]
    np.testing.assert_allclose(budgets, periods, rtol=1e-12)
    assert value == pytest.approx(14.90525068, abs=1e-8)


@given(st.floats(1.0, 5.0))
def test_threshold_is_where_the_social_price_stops_falling(beta):
    m, h = exponent_threshold(beta), 1e-6

    def price(crowd, power):
        return (power + 1) * crowd**power

    def slope(crowd):
        return price(crowd, beta + h) - price(crowd, beta - h)

    assert slope(0.95 * m) < 0 < slope(1.05 * m)


@pytest.mark.parametrize(("n_devices", "kappa", "rises"), [(4, 2.0, True), (10, 1.0, False)])
def test_direction_in_the_exponent_follows_the_threshold(n_devices, kappa, rises):
    betas = (1.0, 1.5, 2.0, 3.0)
    found = [
        price_balance(ONE, social_price_of_mean(power_law(kappa, b), n_devices)).frequency
        for b in betas
    ]
    assert (np.diff(found) > 0).all() if rises else (np.diff(found) < 0).all()
    crowd = [(n_devices - 1) * f for f in found]
    below = [m < exponent_threshold(b) for m, b in zip(crowd, betas, strict=True)]
    assert all(below) if rises else not any(below)


@given(st.integers(2, 12), st.floats(0.2, 3.0))
def test_with_the_true_crowd_use_never_rises_with_the_exponent(n_devices, kappa):
    found = [
        price_balance(ONE, social_price_of_crowd(power_law(kappa, b), n_devices)).frequency
        for b in (1.0, 1.5, 2.0, 3.0)
    ]
    assert (np.diff(found) <= 1e-9).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"at most 100000 corners; got 531441"):
        linear_optimum(response_curves([CURVE] * 6, TOY.gamma), 1.0)
    with pytest.raises(ValueError, match="beta must be positive; got 0"):
        exponent_threshold(0.0)
