"""Balances of price and worth: priced MDPs, grids and deviations as oracles."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from lp_solvers.finite_mdp import with_cost
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.crowd import total_congestion
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.objective.coordination import objective
from refimpl.dcc.objective.response import local_budget_curve, response_curves
from refimpl.dcc.theory.equilibrium import (
    best_response_equilibrium,
    equilibrium_cost,
    price_balance,
    selfish_price,
    selfish_price_of_crowd,
    social_price_of_crowd,
    social_price_of_mean,
)
from refimpl.dcc.theory.instances import toy_device
from tests.dcc.theory.small_devices import congestions

TOY = device_mdp(toy_device())
CURVE = local_budget_curve(TOY)
ONE = response_curves([CURVE], TOY.gamma)
crowds = st.integers(2, 30)
all_prices = pytest.mark.parametrize(
    "price", [selfish_price, social_price_of_mean, selfish_price_of_crowd, social_price_of_crowd]
)


@all_prices
@given(crowds, congestions())
def test_price_lies_between_the_marginal_values(price, n_devices, congestion):
    found = price_balance(ONE, price(congestion, n_devices))
    low, high = found.multipliers
    slack = 1e-9 * (1 + found.price)
    assert low - slack <= found.price <= high + slack
    rest = 1 - ONE.gamma
    exact = CURVE.multiplier_interval(found.frequency / rest)
    assert exact[0] <= high * (1 + 1e-9) + 1e-9
    assert exact[1] >= low * (1 - 1e-9) - 1e-9
    assert found.at_kink == (low < high)


@given(crowds, congestions())
def test_selfish_balance_is_a_best_response_of_the_priced_mdp(n_devices, congestion):
    found = price_balance(ONE, selfish_price(congestion, n_devices))
    priced = with_cost(TOY, TOY.cost + found.price * offload_cost(TOY))
    best = priced.start @ policy_iteration(priced).value
    assert equilibrium_cost(ONE, found) == pytest.approx(best, rel=1e-9)


@given(crowds, congestions())
def test_nobody_pays_more_than_the_cost_of_never_offloading(n_devices, congestion):
    for price in (selfish_price, selfish_price_of_crowd):
        found = price_balance(ONE, price(congestion, n_devices))
        assert equilibrium_cost(ONE, found) <= ONE.values[0, 0] * (1 + 1e-12)


@given(crowds, congestions())
def test_social_balance_minimises_the_approximate_total_over_equal_budgets(n_devices, congestion):
    curves = response_curves([CURVE] * n_devices, TOY.gamma)
    found = price_balance(ONE, social_price_of_mean(congestion, n_devices)).frequency
    best = objective(curves, np.full(n_devices, found), congestion)
    for f in np.linspace(0.0, 1.0, 41):
        other = objective(curves, np.full(n_devices, f), congestion)
        assert best <= other + 1e-9 * other


@given(crowds, congestions())
def test_social_balance_of_the_crowd_minimises_the_true_stationary_cost(n_devices, congestion):
    def total(f):
        p = np.full((1, n_devices), f)
        congested = total_congestion(p, congestion)[0]
        local = n_devices * np.interp(f, 0.05 * ONE.counts[0], ONE.values[0])
        return local + congested / (1 - TOY.gamma)

    found = price_balance(ONE, social_price_of_crowd(congestion, n_devices)).frequency
    assert all(total(found) <= total(f) * (1 + 1e-9) for f in np.linspace(0.0, 1.0, 41))


def test_crowd_and_mean_agree_when_the_penalty_is_linear():
    for n_devices in (2, 5, 20):
        linear = power_law(0.7)
        mean = price_balance(ONE, selfish_price(linear, n_devices))
        crowd = price_balance(ONE, selfish_price_of_crowd(linear, n_devices))
        assert mean.frequency == pytest.approx(crowd.frequency, rel=1e-9)


@given(st.integers(2, 8), st.floats(0.1, 5.0), st.integers(0, 2**32 - 1))
def test_best_responses_to_a_linear_penalty_settle(n_devices, kappa, seed):
    start = np.random.default_rng(seed).uniform(size=n_devices)
    curves = response_curves([CURVE] * n_devices, TOY.gamma)
    found = best_response_equilibrium(curves, power_law(kappa), start)
    assert found.rounds < 1000
    assert abs(found.regret) <= 1e-9 * found.costs.max()
    assert (found.costs <= ONE.values[0, 0] * (1 + 1e-12)).all()


def test_a_free_resource_is_used_up_to_what_is_useful():
    found = price_balance(ONE, lambda _: 0.0)
    assert found.frequency == pytest.approx(ONE.useful_budgets[0])
    assert found.local == pytest.approx(20.0)
    never = price_balance(ONE, lambda _: 1e9)
    assert never.frequency == 0.0
    assert never.at_kink


def test_more_than_one_device_is_refused():
    with pytest.raises(ValueError, match="curves must hold one device; got 2"):
        price_balance(response_curves([CURVE] * 2, TOY.gamma), lambda f: f)
