"""The joint game as vectorised dynamics: rewards, episodes, observations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD, WAIT
from refimpl.dcc.train.joint_dynamics import (
    EPISODE,
    crowd_costs,
    joint_dynamics,
    observation_table,
)
from tests.dcc.train.games import LINEAR, OTHER, SMALL


@given(st.integers(1, 6), st.sampled_from([1.0, 1.5, 2.0]), st.integers(0, 2**32 - 1))
def test_reward_is_minus_mean_cost_with_the_realised_crowd(n_devices, beta, seed):
    game = joint_dynamics((SMALL,) * n_devices, power_law(1.0, beta))
    rng = np.random.default_rng(seed)
    state = game.reset(3, rng)
    age = state["states"] // (SMALL.battery + 1) + 1
    actions = np.where(rng.random((3, n_devices)) < 0.5, OFFLOAD, WAIT)
    _, rewards, terminated, truncated = game.step(state, actions, rng)
    crowd = (actions == OFFLOAD).sum(axis=1)
    penalties = np.where(crowd > 0, np.maximum(crowd - 1.0, 0.0) ** beta, 0.0)
    expected = -(age.sum(axis=1) + crowd * penalties) / n_devices
    np.testing.assert_allclose(rewards, expected, rtol=1e-14)
    assert not terminated.any()
    assert not truncated.any()


def test_step_leaves_the_state_it_was_given_alone():
    game = joint_dynamics((SMALL, OTHER), LINEAR)
    rng = np.random.default_rng(0)
    state = game.reset(2, rng)
    before = {key: array.copy() for key, array in state.items()}
    game.step(state, np.full((2, 2), WAIT), rng)
    for key, array in before.items():
        np.testing.assert_array_equal(state[key], array)


def test_episodes_are_truncated_after_their_length_and_only_then():
    game = joint_dynamics((SMALL,), LINEAR)
    rng = np.random.default_rng(0)
    state = game.reset(1, rng)
    ends = []
    for _ in range(EPISODE):
        state, _, _, truncated = game.step(state, np.array([[OFFLOAD]]), rng)
        ends.append(bool(truncated[0]))
    assert ends == [False] * (EPISODE - 1) + [True]


def test_observations_are_unit_interval_and_tell_every_device_and_state_apart():
    devices = (SMALL, OTHER, SMALL)
    table = observation_table(devices)
    assert table.min() >= 0
    assert table.max() <= 1
    rows = table.reshape(-1, table.shape[-1])
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_devices_of_one_game_must_share_their_state_space():
    from dataclasses import replace

    with pytest.raises(ValueError, match="must share"):
        joint_dynamics((SMALL, replace(SMALL, battery=7)), LINEAR)


def test_crowd_costs_are_n_times_the_penalty():
    np.testing.assert_array_equal(crowd_costs(4, power_law(0.5, 2.0)), [0.0, 1.0, 6.0, 18.0])
