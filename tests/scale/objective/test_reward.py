"""Specifies the reward of an assignment and the delay it is shaped with."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.settings import chosen
from refimpl.scale.objective.reward import assignment_reward, transfer_delay

SETTINGS = chosen().settings
seconds = st.floats(1e-3, 50.0)


def test_rewards_and_delays_by_hand() -> None:
    """2 s, and 1.1 GB between two servers: ``exp(-2) - 0.1 * 0.12``; energy is switched off."""
    assert transfer_delay(SETTINGS, 1.1, False) == pytest.approx(0.12, rel=1e-15)
    assert transfer_delay(SETTINGS, 1.1, True) == 0.0
    assert transfer_delay(SETTINGS, 0.0, False) == 0.01
    expected = math.exp(-2.0) - 0.1 * 0.12
    assert assignment_reward(SETTINGS, 2.0, 0.12, 800.0) == pytest.approx(expected, rel=1e-15)


@given(seconds, st.floats(0.0, 2.0), st.floats(0.0, 5e3))
def test_each_term_has_its_weight_and_scale(run_time: float, delay: float, energy: float) -> None:
    settings = replace(
        SETTINGS,
        time_scale=2.5,
        comm_weight=0.3,
        delay_scale=0.7,
        energy_weight=0.2,
        energy_scale=400.0,
    )
    found = assignment_reward(settings, run_time, delay, energy)
    expected = math.exp(-run_time / 2.5) - 0.3 * delay / 0.7 - 0.2 * energy / 400.0
    assert float(found) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@given(seconds, seconds, st.floats(0.0, 2.0))
def test_faster_and_nearer_is_better(one: float, other: float, delay: float) -> None:
    fast, slow = min(one, other), max(one, other)
    rewards = assignment_reward(SETTINGS, [fast, slow], delay, 0.0)
    assert rewards[0] >= rewards[1]
    assert 0 < assignment_reward(SETTINGS, slow, 0.0, 0.0) < 1
    assert assignment_reward(SETTINGS, one, delay, 0.0) <= assignment_reward(SETTINGS, one, 0, 0.0)


def test_an_infinite_scale_switches_communication_off() -> None:
    off = replace(SETTINGS, delay_scale=math.inf)
    assert assignment_reward(off, 1.0, 5.0, 0.0) == math.exp(-1.0)


def test_arrays_broadcast() -> None:
    delays = transfer_delay(SETTINGS, np.ones((3, 1)), np.eye(3, 4, dtype=bool))
    assert delays.shape == (3, 4)
    assert (delays == np.where(np.eye(3, 4), 0.0, 0.11)).all()
    assert assignment_reward(SETTINGS, np.ones((3, 1)), delays, 0.0).shape == (3, 4)
