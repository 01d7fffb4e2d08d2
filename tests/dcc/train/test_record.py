"""Specifies learning curves: every number is that of the exact joint game."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.model.game import evaluate
from refimpl.dcc.train.record import CURVE_KEYS, add_point, append_point, empty_curve
from tests.dcc.train.strategies import pair, populations, random_budgets, random_policies, seeds


@given(populations(max_devices=3, max_games=2), seeds)
def test_recorded_numbers_are_those_of_the_joint_game(population, seed):
    policies, budgets = random_policies(population, seed), random_budgets(population, seed)
    curve = add_point(empty_curve(population.n_games), 7, population, policies, budgets)
    mdps, n = [device_mdp(device) for device in population.devices], population.n_devices
    for number in range(population.n_games):
        rows = slice(number * n, (number + 1) * n)
        exact = evaluate(mdps[rows], list(policies[rows]), population.congestion)
        use = np.array([frequency(m, p) for m, p in zip(mdps[rows], policies[rows], strict=True)])
        expected = {
            "cost": exact.per_device.mean(),
            "local": exact.local.mean(),
            "congestion": exact.congestion.mean(),
            "use": use.mean(),
            "violation": np.maximum(use - budgets[number], 0.0).mean(),
        }
        for key, value in expected.items():
            # Both sums are cut where less than 1e-12 of the cost is left.
            assert curve[key][0, number] == pytest.approx(value, rel=1e-9, abs=1e-11), key


def frequency(mdp, policy):
    """Discounted offloading frequency of one policy, from its occupancy."""
    return (1.0 - mdp.gamma) * (occupancy_of_policy(mdp, policy) * offload_cost(mdp)).sum()


@given(populations(max_games=2), seeds)
def test_points_are_appended_and_the_rest_is_passed_through(population, seed):
    curve = {**empty_curve(population.n_games), "q": np.arange(3)}
    for steps in (10, 20, 40):
        policies = random_policies(population, seed + steps)
        curve = add_point(curve, steps, population, policies)
        alone = add_point(empty_curve(population.n_games), steps, population, policies)
        for key in CURVE_KEYS:
            np.testing.assert_array_equal(curve[key][-1], alone[key][0])
    np.testing.assert_array_equal(curve["steps"], [10, 20, 40])
    assert {curve[key].shape for key in CURVE_KEYS[1:]} == {(3, population.n_games)}
    np.testing.assert_array_equal(curve["q"], np.arange(3))


def test_without_budgets_nothing_is_violated():
    policies = np.zeros((2, 16, 3))
    policies[..., 2] = 1.0
    free = add_point(empty_curve(1), 0, pair(), policies)
    none = add_point(empty_curve(1), 0, pair(), policies, np.zeros((1, 2)))
    assert free["violation"] == 0.0
    assert free["use"] == none["use"] == none["violation"] == pytest.approx(1.0, rel=1e-12)


def test_underuse_of_one_device_does_not_make_up_for_overuse_of_another():
    policies = np.zeros((2, 16, 3))
    policies[0, :, 2] = policies[1, :, 0] = 1.0
    curve = add_point(empty_curve(1), 0, pair(), policies, np.full((1, 2), 0.5))
    assert curve["violation"] == pytest.approx(0.25, rel=1e-12)


def test_an_empty_curve_has_all_keys_and_no_point():
    curve = empty_curve(4)
    assert tuple(curve) == CURVE_KEYS
    assert {array.shape for array in curve.values()} == {(0,), (0, 4)}
    assert curve["steps"].dtype == np.int64


def test_known_numbers_are_appended_as_they_are():
    before = empty_curve(2)
    point = {key: np.array([k, -k], dtype=float) for k, key in enumerate(CURVE_KEYS[1:])}
    curve = append_point(before, 5, point)
    for key, value in point.items():
        np.testing.assert_array_equal(curve[key], value[None])
        assert before[key].shape == (0, 2)
