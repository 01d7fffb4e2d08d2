"""The joint game against one linear solve on the product space [DCC eqs. 1 to 5]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lp_solvers.finite_mdp import policy_value
from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD, PROCESS, WAIT, DeviceParameters
from refimpl.dcc.model.exact import device_mdp, stationary_start
from refimpl.dcc.model.game import (
    crowd_incentive,
    evaluate,
    evaluate_identical,
    global_reward,
    individual_rewards,
    offload_probabilities,
)
from refimpl.dcc.policies import always_offload, mixed_with_offloading, never_offload
from tests.dcc.strategies import congestions, device_parameters, random_policy, seeds
from tests.oracles.joint_game import joint_costs

TINY = DeviceParameters(0, 1, 1, 2, max_aoi=2, battery=1, gamma=0.8)
OTHER = DeviceParameters(1, 2, 1, 3, max_aoi=3, battery=1, gamma=0.8, deficit_power=3.0)


@settings(max_examples=10)
@given(st.lists(st.sampled_from([TINY, OTHER]), min_size=1, max_size=3), seeds, congestions())
def test_costs_are_those_of_the_joint_chain(parameters, seed, congestion):
    devices = [device_mdp(p) for p in parameters]
    policies = [random_policy(m, (seed + i) % 2**32) for i, m in enumerate(devices)]
    value = evaluate(devices, policies, congestion)
    expected = joint_costs(devices, policies, congestion, OFFLOAD)
    np.testing.assert_allclose(value.per_device, expected, rtol=1e-11)
    assert value.total == pytest.approx(expected.sum(), rel=1e-11)


@given(device_parameters(), seeds, st.integers(1, 12), congestions())
def test_identical_devices_take_the_short_way_to_the_same_cost(parameters, seed, n, congestion):
    mdp = device_mdp(parameters)
    policy = random_policy(mdp, seed)
    short = evaluate_identical(mdp, policy, n, congestion)
    long = evaluate([mdp] * n, [policy] * n, congestion)
    np.testing.assert_allclose(short.per_device, long.per_device, rtol=1e-11)
    np.testing.assert_allclose(short.counts, long.counts, rtol=1e-11)
    assert short.horizon == long.horizon


@given(device_parameters(), seeds, congestions())
def test_the_tail_left_out_is_below_a_billionth_of_a_thousandth(parameters, seed, congestion):
    mdp = device_mdp(parameters)
    value = evaluate([mdp] * 3, [random_policy(mdp, seed)] * 3, congestion)
    assert 0.0 <= value.tail <= 1e-12 * value.total


@given(device_parameters(), seeds, st.integers(1, 3))
def test_counts_are_those_of_the_occupancy(parameters, seed, n):
    mdp = device_mdp(parameters)
    policy = random_policy(mdp, seed)
    value = evaluate([mdp] * n, [policy] * n, power_law())
    count = occupancy_of_policy(mdp, policy)[:, OFFLOAD].sum()
    np.testing.assert_allclose(value.counts, count, rtol=1e-11, atol=1e-12 * value.total)


def test_one_device_pays_no_congestion():
    mdp = device_mdp(OTHER)
    value = evaluate([mdp], [always_offload(mdp.n_states)], power_law())
    np.testing.assert_array_equal(value.congestion, [0.0])
    assert value.total == pytest.approx(mdp.start @ policy_value(mdp, always_offload(mdp.n_states)))


@pytest.mark.parametrize(("n", "beta"), [(2, 1.0), (5, 1.0), (5, 2.0)])
def test_all_always_offload_pay_the_full_crowd(n, beta):
    mdp = device_mdp(TINY)
    value = evaluate([mdp] * n, [always_offload(mdp.n_states)] * n, power_law(1.0, beta))
    paid = (n - 1.0) ** beta / (1 - mdp.gamma)
    np.testing.assert_allclose(value.congestion, paid, rtol=0, atol=value.tail)


def test_stationary_devices_offload_at_a_constant_rate():
    mdp = device_mdp(TINY)
    policy = mixed_with_offloading(never_offload(mdp), 0.3)
    p = offload_probabilities([stationary_start(mdp, policy)], [policy], 20)
    np.testing.assert_allclose(p, 0.3, rtol=1e-13)


def test_rewards_of_one_joint_action():
    local, actions = [1.0, 2.0, 3.0, 4.0], [OFFLOAD, WAIT, OFFLOAD, PROCESS]
    congestion = power_law(2.0, 1.0)
    np.testing.assert_array_equal(individual_rewards(local, actions, congestion), [3, 2, 5, 4])
    assert global_reward(local, actions, congestion) == 14.0


@given(st.lists(st.sampled_from([WAIT, PROCESS, OFFLOAD]), min_size=1, max_size=6), congestions())
def test_global_reward_is_local_plus_n_times_penalty(actions, congestion):
    n = actions.count(OFFLOAD)
    expected = n * float(congestion.penalty(float(n))) if n else 0.0
    assert global_reward(np.zeros(len(actions)), actions, congestion) == pytest.approx(expected)


@given(device_parameters())
def test_offloading_alone_is_best_now_in_every_state(parameters):
    assert crowd_incentive(device_mdp(parameters), power_law()) == 0.0


def test_a_penalty_for_one_breaks_the_incentive():
    from refimpl.dcc.model.congestion import Congestion

    priced = Congestion(lambda n: np.asarray(n), lambda n: np.ones_like(n), 0)
    assert crowd_incentive(device_mdp(TINY), priced) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda _m, _q: evaluate([], [], power_law()), "devices must hold at least one device"),
        (
            lambda m, q: evaluate([m, m], [q], power_law()),
            "policies must be one per device, 2; got 1",
        ),
        (lambda m, q: evaluate([m], [q / 2], power_law()), "policy must sum to 1"),
        (
            lambda m, q: evaluate(
                [m, device_mdp(DeviceParameters(0, 1, 1, 2, max_aoi=2, battery=1))],
                [q, q],
                power_law(),
            ),
            r"devices must share one discount factor; got \[0\.8, 0\.95\]",
        ),
        (
            lambda m, q: evaluate_identical(m, q, 0, power_law()),
            "n_devices must be at least 1; got 0",
        ),
        (lambda _m, _q: individual_rewards([1.0], [1, 2], power_law()), "must have the same shape"),
    ],
)
def test_bad_games_are_named(call, message):
    mdp = device_mdp(TINY)
    with pytest.raises(ValueError, match=message):
        call(mdp, always_offload(mdp.n_states))
