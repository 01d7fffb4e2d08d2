"""Joint optimum: policy iteration on the flat joint MDP; certified bounds; never beaten."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from lp_solvers.finite_mdp import deterministic, start_value
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate, global_reward
from refimpl.dcc.theory.instances import age_only, toy_device
from refimpl.dcc.theory.joint_optimum import joint_cost, joint_expectation, joint_optimum
from tests.dcc.theory.small_devices import congestions, devices, joint_mdp, policies

groups = st.lists(devices(), min_size=1, max_size=3)


@given(groups, congestions())
def test_optimum_is_that_of_the_flat_joint_mdp(parts, congestion):
    flat = joint_mdp(parts, congestion)
    oracle = policy_iteration(flat)
    found = joint_optimum(parts, congestion, tolerance=1e-9)
    rounding = 1e-12 * np.abs(oracle.value).max()
    assert found.high - found.low <= 1e-9
    assert found.low - rounding <= flat.start @ oracle.value <= found.high + rounding
    np.testing.assert_allclose(found.values.ravel(), oracle.value, atol=1e-8)


@given(groups, congestions())
def test_greedy_joint_policy_attains_the_optimum(parts, congestion):
    flat = joint_mdp(parts, congestion)
    found = joint_optimum(parts, congestion, tolerance=1e-10)
    numbers = np.ravel_multi_index(found.actions, [p.n_actions for p in parts]).ravel()
    attained = start_value(flat, deterministic(numbers, flat.n_actions))
    assert attained <= found.high + 1e-8


@given(groups, congestions())
def test_joint_cost_is_the_global_reward_of_every_joint_action(parts, congestion):
    table = joint_cost(parts, congestion)
    for index in np.ndindex(table.shape):
        local = [p.cost[index[2 * i], index[2 * i + 1]] for i, p in enumerate(parts)]
        allowed = all(p.allowed[index[2 * i], index[2 * i + 1]] for i, p in enumerate(parts))
        expected = global_reward(local, index[1::2], congestion) if allowed else np.inf
        assert table[index] == pytest.approx(float(expected), rel=1e-13)


@given(groups, st.data())
def test_joint_expectation_is_the_kronecker_product(parts, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    values = rng.normal(size=[p.n_states for p in parts])
    flat = joint_mdp(parts, power_law())
    expected = (flat.P @ values.ravel()).reshape(
        [p.n_states for p in parts] + [p.n_actions for p in parts]
    )
    n = len(parts)
    order = [axis for i in range(n) for axis in (i, n + i)]
    found = joint_expectation(parts, values)
    mask = (
        joint_cost(parts, power_law()) < np.inf
    )  # disallowed rows are empty in one, masked in other
    np.testing.assert_allclose(
        np.where(mask, found, 0.0), np.where(mask, expected.transpose(order), 0.0), atol=1e-12
    )


@given(st.lists(devices(), min_size=2, max_size=3), congestions(), st.data())
def test_no_product_policy_beats_it(parts, congestion, data):
    chosen = [data.draw(policies(part)) for part in parts]
    assert joint_optimum(parts, congestion).low <= evaluate(parts, chosen, congestion).total + 1e-9


def test_without_congestion_devices_are_solved_apart():
    free = Congestion(np.zeros_like, np.zeros_like, 0)
    device = device_mdp(toy_device())
    alone = device.start @ policy_iteration(device).value
    found = joint_optimum([device, device], free)
    assert found.low - 1e-9 <= 2 * alone <= found.high + 1e-9


def test_two_alternating_ages_cost_six_and_one_sixteenth():
    found = joint_optimum([age_only(), age_only()], power_law())
    assert found.low == pytest.approx(6.0625, abs=1e-9)
    assert found.high == pytest.approx(6.0625, abs=1e-9)
    first, second = found.actions[:, 0, 1]  # ages 1 and 2: the older offloads, the younger waits
    assert (first, second) == (0, OFFLOAD)


def test_tables_that_are_too_large_are_refused():
    big = device_mdp(toy_device())
    with pytest.raises(
        ValueError, match=r"at most 16777216 joint state-action pairs; got 31640625"
    ):
        joint_cost([big] * 4, power_law())


def test_discounts_must_agree():
    with pytest.raises(ValueError, match=r"share one discount factor; got \[0.5, 0.95\]"):
        joint_optimum([age_only(), age_only(gamma=0.5)], power_law())
    with pytest.raises(ValueError, match="share one discount factor"):
        joint_optimum([], power_law())
