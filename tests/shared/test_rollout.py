"""Rollouts: rows follow each other, ends of episodes are kept apart from their successors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl.shared.rollout import Rollout, collect, restarted, step_values
from tests.shared.tabular import TabularDynamics, dynamics, random_mdp, walk_mdp

Array = NDArray[Any]


def uniform(observations: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Two equally likely actions."""
    shape = observations.shape[:-1]
    return rng.integers(2, size=shape), np.full(shape, -np.log(2))


def played(seed: int, horizon: int = 3, n_steps: int = 8) -> tuple[TabularDynamics, Rollout]:
    rng = np.random.default_rng(seed)
    copies = dynamics(random_mdp(rng, 5, 2, 0.9), horizon, terminal=(4,))
    return copies, collect(copies, uniform, copies.reset(4, rng), n_steps, rng)[0]


@given(st.integers(0, 2**32 - 1))
def test_next_observation_is_the_next_row_unless_the_episode_ended(seed: int) -> None:
    copies, rollout = played(seed)
    inside = ~rollout.ended[:-1]
    following = rollout.observations[1:]
    assert np.array_equal(rollout.next_observations[:-1][inside], following[inside])
    places = rollout.next_observations.argmax(axis=-1)
    # The last observation of an episode is what it ended with, not what the next one starts with.
    assert np.array_equal(rollout.terminated, places == 4)
    costs = copies.mdp.cost[rollout.observations.argmax(axis=-1), rollout.actions]
    assert np.array_equal(rollout.rewards, -costs)


@given(st.integers(0, 2**32 - 1))
def test_episodes_are_cut_after_the_horizon(seed: int) -> None:
    _, rollout = played(seed, horizon=3, n_steps=12)
    age = np.zeros(4, dtype=int)
    for ended, truncated in zip(rollout.ended, rollout.truncated, strict=True):
        age += 1
        assert np.array_equal(truncated, age == 3)
        age[ended] = 0


def test_shapes_and_first_observations() -> None:
    copies, rollout = played(0)
    assert rollout.observations.shape == rollout.next_observations.shape == (8, 4, 5)
    for column in (rollout.actions, rollout.log_probs, rollout.rewards, rollout.ended):
        assert column.shape == (8, 4)
    rng = np.random.default_rng(0)
    random_mdp(rng, 5, 2, 0.9)
    assert np.array_equal(rollout.observations[0], copies.observe(copies.reset(4, rng)))


def test_two_short_rollouts_are_one_long_one() -> None:
    rng = np.random.default_rng(1)
    copies = dynamics(walk_mdp(), 3)
    start = copies.reset(3, rng)
    saved = rng.bit_generator.state
    whole, end = collect(copies, uniform, start, 7, rng)
    rng.bit_generator.state = saved
    first, between = collect(copies, uniform, start, 4, rng)
    second, end_again = collect(copies, uniform, between, 3, rng)
    for name in ("observations", "next_observations", "actions", "rewards", "truncated"):
        joined = np.concatenate([getattr(first, name), getattr(second, name)])
        assert np.array_equal(getattr(whole, name), joined)
    assert all(np.array_equal(end[key], end_again[key]) for key in end)


def test_the_given_state_is_left_as_it_is() -> None:
    rng = np.random.default_rng(2)
    copies = dynamics(walk_mdp(), 2)
    start = copies.reset(3, rng)
    before = {key: array.copy() for key, array in start.items()}
    collect(copies, uniform, start, 5, rng)
    restarted(copies, start, np.array([True, False, True]), rng)
    assert all(np.array_equal(start[key], before[key]) for key in start)


def test_only_ended_copies_are_restarted() -> None:
    rng = np.random.default_rng(3)
    copies = dynamics(walk_mdp(), 9)
    state = {"place": np.full(50, 3), "time": np.arange(50)}
    ended = np.arange(50) % 2 == 0
    saved = rng.bit_generator.state
    after = restarted(copies, state, ended, rng)
    rng.bit_generator.state = saved
    fresh = copies.reset(25, rng)
    for key, array in after.items():
        assert np.array_equal(array[ended], fresh[key])
        assert np.array_equal(array[~ended], state[key][~ended])
    assert len(set(fresh["place"])) > 1


@given(st.integers(0, 2**32 - 1))
def test_asking_the_critic_once_is_asking_it_everywhere(seed: int) -> None:
    _, rollout = played(seed)
    table = np.random.default_rng(seed).standard_normal(5)
    asked = []

    def value_of(observations: Array) -> Array:
        asked.append(observations[..., 0].size)
        return table[observations.argmax(axis=-1)]

    values, next_values = step_values(rollout, value_of)
    assert np.array_equal(values, table[rollout.observations.argmax(axis=-1)])
    assert np.array_equal(next_values, table[rollout.next_observations.argmax(axis=-1)])
    ends = rollout.ended.copy()
    ends[-1] = True
    assert asked == [8 * 4, ends.sum()]


def test_values_may_have_an_axis_of_agents() -> None:
    _, rollout = played(4)
    agents = np.stack([rollout.observations, 2 * rollout.observations], axis=2)
    following = np.stack([rollout.next_observations, 2 * rollout.next_observations], axis=2)
    wide = replace(rollout, observations=agents, next_observations=following)
    values, next_values = step_values(wide, lambda o: o @ np.arange(5.0))
    assert np.array_equal(values, agents @ np.arange(5.0))
    assert np.array_equal(next_values, following @ np.arange(5.0))


def broken(**outcome: Any) -> Any:
    """Dynamics that return ``outcome`` in place of what they should."""
    good = {
        "rewards": np.zeros(2),
        "terminated": np.zeros(2, dtype=bool),
        "truncated": np.zeros(2, dtype=bool),
    } | outcome

    class Broken:
        def observe(self, state: Any) -> Array:
            del state
            return np.zeros((2, 1))

        def step(self, state: Any, actions: Array, rng: Any) -> Any:
            del actions, rng
            return (state, *good.values())

    return Broken()


@pytest.mark.parametrize(
    ("outcome", "n_steps", "message"),
    [
        ({}, 0, "n_steps must be at least 1; got 0"),
        ({"terminated": np.zeros(2)}, 1, "terminated must be 2 booleans"),
        ({"truncated": np.zeros(3, dtype=bool)}, 1, "truncated must be 2 booleans"),
        ({"rewards": np.zeros(3)}, 1, "rewards must be finite with first axis 2"),
        ({"rewards": np.array([0, np.nan])}, 1, "rewards must be finite"),
    ],
)
def test_bad_input_is_named(outcome: dict[str, Any], n_steps: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        collect(broken(**outcome), uniform, {}, n_steps, np.random.default_rng(0))
