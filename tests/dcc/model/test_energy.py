"""Battery kernels against plain enumeration; the recharge as a first passage [DCC App. B]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dcc.model.device import DeviceParameters, ModulatedDevice, linear_aoi_cost
from refimpl.dcc.model.energy import battery_kernel, expected_penalty, net_law, recharge_law
from refimpl.dcc.model.sources import iid, modulated
from tests.dcc.strategies import devices
from tests.oracles.devices import enumerated_recharge


@given(devices(max_size=3))
def test_recharge_law_is_that_of_enumeration(device):
    law = recharge_law(device.harvest, device.battery, 4)
    for k in range(1, 5):
        for phase in range(device.harvest.n_phases):
            expected = np.zeros(law.shape[2:])
            for end, mass in enumerated_recharge(device, -k, phase).items():
                expected[end] = mass
            np.testing.assert_allclose(law[k, phase], expected, rtol=0, atol=1e-14)


@given(devices(max_size=3))
def test_recharge_ends_somewhere_with_certainty(device):
    law = recharge_law(device.harvest, device.battery, 5)
    np.testing.assert_allclose(law.sum(axis=(2, 3)), 1.0, rtol=1e-14)


@pytest.mark.parametrize("deficit", range(1, 8))
def test_constant_harvest_recharges_to_the_next_multiple(deficit):
    law = recharge_law(iid([0.0, 0.0, 0.0, 1.0]), 10, deficit)
    assert law[deficit, 0, (-deficit) % 3, 0] == 1.0


def test_rare_harvest_of_one_unit_always_ends_at_zero():
    law = recharge_law(iid([1 - 1e-9, 1e-9]), 5, 3)
    np.testing.assert_allclose(law[:, 0, 0, 0], 1.0, rtol=1e-14)


def test_overflow_during_a_recharge_is_lost():
    law = recharge_law(iid([0.0, 0.0, 0.0, 0.0, 1.0]), 2, 1)
    assert law[1, 0, 2, 0] == 1.0


def test_phase_keeps_moving_during_a_recharge():
    # Phase 0 harvests nothing and always moves on; phase 1 harvests 1 and stays.
    source = modulated([[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]])
    law = recharge_law(source, 3, 2)
    np.testing.assert_array_equal(law[2, :, 0, 1], [1.0, 1.0])


def test_resting_on_a_uniform_harvest():
    device = DeviceParameters(0, 1, 1, 5, battery=2)
    kernel = battery_kernel(device, np.ones(1))[:, 0, :, 0]
    np.testing.assert_array_equal(kernel, [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])


def test_net_law_counts_harvest_minus_cost():
    law = net_law(np.array([[0.5, 0.5]]), np.array([0.0, 0.25, 0.75]), 1)
    # From level 0 the net level is -2 (h=0, c=2), -1 (0,1 or 1,2) or 0 (1,1).
    np.testing.assert_allclose(law[0, 0], [0.375, 0.5, 0.125, 0.0, 0.0])
    np.testing.assert_allclose(law[1, 0], [0.0, 0.375, 0.5, 0.125, 0.0])


def test_phase_moves_once_in_an_ordinary_slot():
    flips = modulated([[0.0, 1.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]])
    device = ModulatedDevice(flips, iid([1.0]), linear_aoi_cost(2), battery=3)
    kernel = battery_kernel(device, np.ones(1))
    assert kernel[0, 0, 1, 1] == kernel[0, 1, 1, 0] == 1.0


@given(devices(max_size=3))
def test_kernels_are_stochastic(device):
    for cost in (np.ones(1), *device.cost.amounts):
        kernel = battery_kernel(device, cost)
        assert kernel.min() >= 0.0
        np.testing.assert_allclose(kernel.sum(axis=(2, 3)), 1.0, rtol=1e-14)


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
def test_penalty_is_the_mean_power_of_the_deficit(power):
    device = ModulatedDevice(
        iid([0.5, 0.5]), iid([0.0, 0.0, 0.0, 1.0]), linear_aoi_cost(2), 2, deficit_power=power
    )
    penalty = expected_penalty(device, device.cost.amounts[0])[:, 0]
    expected = [0.5 * 3**power + 0.5 * 2**power, 0.5 * 2**power + 0.5, 0.5]
    np.testing.assert_allclose(penalty, expected, rtol=1e-15)


def test_fractional_power_of_no_deficit_costs_nothing():
    device = ModulatedDevice(iid([0.0, 1.0]), iid([1.0]), linear_aoi_cost(2), 3, deficit_power=0.5)
    np.testing.assert_array_equal(expected_penalty(device, np.ones(1)), np.zeros((4, 1)))
