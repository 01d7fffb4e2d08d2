"""The exact MDP: rows against enumeration, and the golden values [DCC eq. 20, App. B]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from lp_solvers.finite_mdp import deterministic, start_value
from lp_solvers.occupancy import stationary_distribution
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.device import (
    OFFLOAD,
    PROCESS,
    WAIT,
    DeviceParameters,
    state_components,
    state_index,
    three_phase_device,
)
from refimpl.dcc.model.exact import (
    battery_at,
    device_mdp,
    local_cost,
    offload_cost,
    stationary_start,
    uniform_battery,
    with_start,
)
from refimpl.dcc.policies import without_offloading
from tests.dcc.strategies import devices, random_policy, seeds
from tests.oracles.devices import ACTIONS, enumerated_step

GOLDEN = DeviceParameters(0, 2, 1, 7)


@settings(max_examples=10)
@given(devices(max_size=2))
def test_every_row_is_that_of_enumeration(device):
    mdp = device_mdp(device)
    for state in range(mdp.n_states):
        parts = tuple(int(part) for part in state_components(device, state))
        for action in ACTIONS:
            cost, law = enumerated_step(device, parts, action)
            expected = np.zeros(mdp.n_states)
            for target, mass in law.items():
                expected[state_index(device, *target)] += mass
            np.testing.assert_allclose(mdp.P[state, action], expected, rtol=0, atol=1e-14)
            assert mdp.cost[state, action] == pytest.approx(cost, rel=1e-13)


def test_paper_scale_rows_are_those_of_enumeration():
    device = DeviceParameters(0, 3, 1, 10)
    mdp = device_mdp(device)
    for parts in ((1, 0, 0, 0), (15, 3, 0, 0), (7, 15, 0, 0), (14, 9, 0, 0)):
        state = int(state_index(device, *parts))
        for action in ACTIONS:
            cost, law = enumerated_step(device, parts, action)
            row = np.zeros(mdp.n_states)
            for target, mass in law.items():
                row[state_index(device, *target)] += mass
            np.testing.assert_allclose(mdp.P[state, action], row, rtol=0, atol=1e-14)
            assert mdp.cost[state, action] == pytest.approx(cost, rel=1e-14)


@pytest.mark.parametrize(
    ("bounds", "printed"),
    [
        ((0, 2, 1, 7), "46.0595"),
        ((0, 1, 1, 5), "51.1"),
        ((1, 3, 1, 5), "25.8"),
        ((0, 1, 1, 10), "83.2"),
    ],
)
def test_golden_value_without_offloading(bounds, printed):
    mdp = without_offloading(device_mdp(DeviceParameters(*bounds)))
    value = mdp.start @ policy_iteration(mdp).value
    assert f"{value:.{len(printed) - 3}f}" == printed


def test_golden_value_of_free_offloading_is_the_least_age_for_ever():
    mdp = device_mdp(GOLDEN)
    assert mdp.start @ policy_iteration(mdp).value == pytest.approx(1 / (1 - 0.95), rel=1e-13)


def test_age_is_charged_before_the_action():
    cost = local_cost(GOLDEN)
    for aoi in (1, 8, 15):
        state = int(state_index(GOLDEN, aoi, 15))
        assert cost[state, WAIT] == cost[state, OFFLOAD] == cost[state, PROCESS] == aoi


def test_processing_pays_for_the_deficit_only():
    # Empty battery: E (c - h)^2 over h in {0, 1, 2}, c in {1..7}, positive part.
    mean = np.mean([max(c - h, 0) ** 2 for h in (0, 1, 2) for c in range(1, 8)])
    state = int(state_index(GOLDEN, 4, 0))
    assert local_cost(GOLDEN)[state, PROCESS] == pytest.approx(4 + mean, rel=1e-14)


def test_offloading_moves_the_battery_as_waiting_does():
    mdp = device_mdp(GOLDEN)
    kernel = mdp.P.reshape(15, 16, 3, 15, 16)
    np.testing.assert_array_equal(kernel[:, :, OFFLOAD].sum(axis=2), kernel[:, :, WAIT].sum(axis=2))


def test_cost_chain_moves_whatever_the_action():
    device = three_phase_device()
    kernel = device_mdp(device).P.reshape(15, 16, 3, 3, 15, 16, 3)
    phases = kernel.sum(axis=(4, 5))
    for action in ACTIONS:
        np.testing.assert_allclose(
            phases[:, :, :, action], np.broadcast_to(device.cost.phases, (15, 16, 3, 3)), atol=1e-14
        )


def test_offload_cost_marks_the_crowded_action_only():
    indicator = offload_cost(device_mdp(GOLDEN))
    np.testing.assert_array_equal(indicator.sum(axis=0), [0, 0, 240])


def test_start_laws():
    uniform = uniform_battery(GOLDEN)
    np.testing.assert_array_equal(uniform[:16], np.full(16, 1 / 16))
    np.testing.assert_array_equal(device_mdp(GOLDEN).start, uniform)
    assert battery_at(GOLDEN, 15)[15] == 1.0
    assert battery_at(GOLDEN, 0)[0] == 1.0
    phased = uniform_battery(three_phase_device())
    np.testing.assert_allclose(phased[:48], 1 / 48)


@given(devices(max_size=2), seeds)
def test_stationary_start_stays(device, seed):
    mdp = device_mdp(device)
    policy = random_policy(mdp, seed)
    start = stationary_start(mdp, policy).start
    np.testing.assert_allclose(start @ np.einsum("sa,sax->sx", policy, mdp.P), start, atol=1e-13)
    np.testing.assert_allclose(start, stationary_distribution(mdp, policy))


def test_with_start_keeps_everything_else():
    mdp = device_mdp(GOLDEN)
    other = with_start(mdp, battery_at(GOLDEN, 15))
    policy = deterministic(np.full(240, OFFLOAD), 3)
    assert other.transitions is mdp.transitions
    assert start_value(other, policy) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: battery_at(GOLDEN, 16), r"level must lie in 0\.\.15; got 16"),
        (lambda: with_start(device_mdp(GOLDEN), np.ones(3)), "start must have length 240; got 3"),
        (lambda: with_start(device_mdp(GOLDEN), np.ones(240)), "start must sum to 1"),
        (lambda: device_mdp(GOLDEN, np.full(240, np.nan)), "start must be finite"),
    ],
)
def test_bad_starts_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
