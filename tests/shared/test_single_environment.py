"""One copy of vectorised dynamics is an environment that keeps the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from refimpl.shared.environment import check_environment
from refimpl.shared.single_environment import (
    AgentsEnvironment,
    ResetNeededError,
    SingleEnvironment,
)
from refimpl.shared.spaces import Discrete, MultiDiscrete, box
from tests.shared.agents import Echo, PartingGame
from tests.shared.tabular import dynamics, walk_mdp


def walk(horizon: int = 5, terminal: tuple[int, ...] = ()) -> SingleEnvironment:
    return SingleEnvironment(dynamics(walk_mdp(), horizon, terminal), box(0, 1, (4,)), Discrete(2))


def game(*, shared: bool) -> AgentsEnvironment:
    return AgentsEnvironment(PartingGame(3, shared), ("ann", "bob"), box(0, 1, (2,)), Discrete(2))


@pytest.mark.parametrize("terminal", [(), (3,)])
def test_a_single_copy_keeps_the_contract(terminal: tuple[int, ...]) -> None:
    check_environment(walk(terminal=terminal), np.random.default_rng(0))


@pytest.mark.parametrize("shared", [True, False])
def test_a_joint_view_of_agents_keeps_the_contract(shared: bool) -> None:
    joint = SingleEnvironment(PartingGame(3, shared), box(0, 1, (2, 2)), MultiDiscrete((2, 2)))
    check_environment(joint, np.random.default_rng(0))
    joint.reset(seed=0)
    # Rewards of the agents are added up: the same whether shared or split.
    assert joint.step(np.array([0, 1]))[1] == 1.0
    assert joint.step(np.array([1, 1]))[1] == 0.0


def test_the_environment_replays_the_dynamics() -> None:
    env, rng = walk(), np.random.default_rng(7)
    state = env.dynamics.reset(1, rng)
    observation, info = env.reset(seed=7)
    assert info == {}
    for action in (1, 0, 1, 1, 1):
        assert np.array_equal(observation, env.dynamics.observe(state)[0])
        observation, reward, terminated, truncated, _ = env.step(action)
        state, rewards, _, cut = env.dynamics.step(state, np.array([action]), rng)
        assert (reward, terminated, truncated) == (rewards[0], False, cut[0])
        assert type(reward) is float


def test_without_a_seed_the_stream_goes_on() -> None:
    one, two = walk(), walk()
    starts = []
    for env in (one, two):
        env.reset(seed=3)
        starts.append([env.reset()[0].argmax() for _ in range(20)])
    assert starts[0] == starts[1]
    assert len(set(starts[0])) > 1


def test_two_copies_do_not_share_their_episode() -> None:
    one, two = walk(), walk()
    one.reset(seed=0)
    with pytest.raises(ResetNeededError, match="call reset before step"):
        two.step(0)


def test_a_finished_episode_needs_a_reset() -> None:
    env, parallel = walk(horizon=1), game(shared=True)
    env.reset(seed=0)
    assert env.step(0)[3]
    with pytest.raises(ResetNeededError, match="after each episode"):
        env.step(0)
    with pytest.raises(ResetNeededError, match="call reset before step"):
        parallel.step({"ann": 0, "bob": 1})


@pytest.mark.parametrize(("shared", "each"), [(True, 1.0), (False, 0.5)])
def test_agents_get_their_own_entries(shared: bool, each: float) -> None:
    env = game(shared=shared)
    observations, infos = env.reset(seed=0)
    assert infos == {"ann": {}, "bob": {}}
    assert observations["bob"].tolist() == [0.0, 1.0]
    assert env.observation_space("ann").contains(observations["ann"])
    for time in range(3):
        observations, rewards, terminated, truncated, infos = env.step({"ann": 1, "bob": 0})
        assert rewards == {"ann": each, "bob": each}
        assert terminated == {"ann": False, "bob": False}
        assert truncated == dict.fromkeys(("ann", "bob"), time == 2)
        assert observations["ann"].tolist() == [1.0, 0.0]


def test_actions_go_to_whom_they_are_for_in_whatever_order() -> None:
    env = AgentsEnvironment(Echo(), ("ann", "bob"), box(0, 9, (1,)), Discrete(9))
    env.reset(seed=0)
    for actions in ({"ann": 1, "bob": 2}, {"bob": 2, "ann": 1}):
        _, rewards, *_ = env.step(actions)
        assert rewards == {"ann": 1.0, "bob": 2.0}


def test_who_writes_into_an_observation_does_not_change_the_state() -> None:
    env = SingleEnvironment(Echo(), box(0, 9, (2, 1)), MultiDiscrete((9, 9)))
    observation, _ = env.reset(seed=0)
    observation[:] = 77
    observation, *_ = env.step(np.array([3, 4]))
    assert observation.ravel().tolist() == [3, 4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: walk().step(2), r"action must be in Discrete\(n=2\); got 2"),
        (lambda: game(shared=True).step({"ann": 0}), "actions must name exactly"),
        (
            lambda: game(shared=True).step({"ann": 0, "bob": 0, "cat": 0}),
            r"exactly \['ann', 'bob'\]; got \['ann', 'bob', 'cat'\]",
        ),
        (lambda: game(shared=True).step({"ann": 0, "bob": 5}), r"actions\['bob'\] must be in"),
        (lambda: game(shared=True).observation_space("cat"), "agent must be one of .* got 'cat'"),
        (lambda: game(shared=True).action_space("cat"), "agent must be one of"),
        (
            lambda: AgentsEnvironment(PartingGame(1, True), ("a", "a"), Discrete(2), Discrete(2)),
            "possible_agents must be distinct names",
        ),
        (
            lambda: AgentsEnvironment(PartingGame(1, True), (), Discrete(2), Discrete(2)),
            "possible_agents must be distinct names",
        ),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
