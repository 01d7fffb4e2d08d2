"""Social price by differences; schedules: person-by-person optimal, and planner-optimal on ages."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.crowd import total_congestion
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.theory.instances import age_only, toy_device
from refimpl.dcc.theory.joint_optimum import joint_optimum
from refimpl.dcc.theory.product_policies import best_deterministic
from refimpl.dcc.theory.schedules import best_time_varying, rounding_horizon, social_price
from tests.dcc.theory.small_devices import congestions, devices


@given(st.integers(2, 5), congestions(), st.integers(0, 10**6))
def test_social_price_is_the_slope_of_expected_congestion(n_devices, congestion, seed):
    p = np.random.default_rng(seed).uniform(size=(1, n_devices))
    prices = social_price(p, congestion)[0]
    for i in range(n_devices):
        on, off = p.copy(), p.copy()
        on[0, i], off[0, i] = 1.0, 0.0
        slope = (total_congestion(on, congestion) - total_congestion(off, congestion))[0]
        assert prices[i] == pytest.approx(slope, rel=1e-12, abs=1e-12)


def schedule_cost(parts, schedules, congestion):
    """Cost of fixed schedules by following the law of every device, step by step."""
    gamma, total = parts[0].gamma, 0.0
    laws = [part.start for part in parts]
    for t in range(len(schedules[0])):
        p = np.zeros((1, len(parts)))
        for i, part in enumerate(parts):
            policy = np.eye(part.n_actions)[schedules[i][t]]
            total += gamma**t * laws[i] @ np.sum(policy * part.cost, axis=1)
            p[0, i] = laws[i] @ policy[:, 2]
            laws[i] = np.einsum("s,sa,sat->t", laws[i], policy, part.P)
        total += gamma**t * total_congestion(np.minimum(p, 1.0), congestion)[0]
    return total


@settings(max_examples=6)
@given(st.lists(devices(max_states=2), min_size=2, max_size=2), congestions(), st.data())
def test_no_single_device_can_improve_its_schedule(parts, congestion, data):
    found = best_time_varying(parts, congestion, 1, np.random.default_rng(0))
    assert joint_optimum(parts, congestion).low <= found.value + 1e-9
    assert found.value == pytest.approx(schedule_cost(parts, found.actions, congestion), rel=1e-9)
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    for i, part in enumerate(parts):
        other = list(found.actions)
        shape = found.actions[i].shape
        redrawn = np.array([rng.choice(np.flatnonzero(row), shape[0]) for row in part.allowed]).T
        other[i] = np.where(rng.random(shape) < 0.1, redrawn, found.actions[i])
        assert found.value <= schedule_cost(parts, other, congestion) * (1 + 1e-9)


def test_horizon_leaves_out_less_than_rounding():
    assert 0.95 ** rounding_horizon(0.95) <= 2.0**-52 < 0.95 ** (rounding_horizon(0.95) - 1)
    assert rounding_horizon(0.0) == 1


def test_schedules_may_beat_every_stationary_policy():
    parts = [age_only()] * 2
    found = best_time_varying(parts, power_law(), 2, np.random.default_rng(1)).value
    assert found < 0.5 * best_deterministic(parts, power_law()).value


@pytest.mark.parametrize(("n_devices", "expected"), [(2, 6.0625), (3, 16.515625)])
def test_fixed_schedules_reach_the_centralised_optimum(n_devices, expected):
    parts = [age_only()] * n_devices
    found = best_time_varying(parts, power_law(), 0, np.random.default_rng(0))
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.value == pytest.approx(joint_optimum(parts, power_law()).low, abs=1e-9)


def test_a_single_device_gets_its_own_optimum():
    device = device_mdp(toy_device())
    found = best_time_varying([device], power_law(), 0, np.random.default_rng(0))
    assert found.value == pytest.approx(joint_optimum([device], power_law()).low, abs=1e-9)
