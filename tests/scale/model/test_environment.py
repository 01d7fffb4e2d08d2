"""Specifies the environment, by the simulator and by the checkers of house and Gymnasium."""

from __future__ import annotations

import dataclasses
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given

from refimpl.scale.model.environment import WorkflowEnvironment
from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import InfeasibleTaskError, Scenario, sample_scenario
from refimpl.scale.model.settings import SystemSettings, chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.shared.environment import check_environment
from refimpl.shared.single_environment import ResetNeededError
from tests.scale.model.strategies import by_hand, seeds, systems

SMALL = SystemSettings((1, 2, 1), horizon=2.0)


@hypothesis.settings(max_examples=8)  # each plays forty steps twice, and draws as many episodes
@given(systems(), seeds)
def test_it_keeps_the_contract(settings: SystemSettings, seed: int) -> None:
    check_environment(WorkflowEnvironment(settings), np.random.default_rng(seed), 20)


@pytest.mark.parametrize("deadline", [None, 5.0])
def test_the_library_s_checker_accepts_it(deadline: float | None) -> None:
    pytest.importorskip("gymnasium")
    from gymnasium.utils.env_checker import check_env

    from refimpl.shared.gym_adapters import to_gymnasium

    check_env(
        to_gymnasium(WorkflowEnvironment(SMALL, deadline, np.float32)), skip_render_check=True
    )


@given(systems(), seeds)
def test_it_plays_the_simulator(settings: SystemSettings, seed: int) -> None:
    env, rng = WorkflowEnvironment(settings), np.random.default_rng(seed)
    sim = Simulation(sample_scenario(settings, 1, np.random.default_rng(seed)))
    seen, info = env.reset(seed=seed)
    while not sim.done[0]:
        expected = observe(sim)
        state = np.concatenate([expected.task[0], expected.servers[0].reshape(-1)])
        np.testing.assert_array_equal(seen, state)
        np.testing.assert_array_equal(info["feasible"], sim.feasible()[0])
        assert info["has_task"] == (sim.task[0] >= 0)
        assert not info["stranded"]
        assert (info["now"], info["completed"]) == (sim.now[0], sim.completed.sum())
        action = rng.integers(settings.n_servers)
        step = sim.step(np.array([action]))
        seen, reward, terminated, truncated, info = env.step(action)
        assert (reward, info["valid"]) == (step.reward[0], step.valid[0])
        assert (terminated, truncated) == (False, bool(sim.done[0]))


def test_the_state_has_five_numbers_per_task_and_server() -> None:
    for n in (16, 32, 48):
        env = WorkflowEnvironment(chosen(n).settings, dtype=np.float32)
        assert env.reset(seed=0)[0].shape == env.observation_space.low.shape == (5 + 5 * n,)
        assert env.action_space.n == n


def drawing(scenario: Scenario) -> Any:
    def draw(*arguments: Any) -> Scenario:
        del arguments
        return scenario

    return draw


def test_an_invalid_action_moves_the_clock_and_is_no_error() -> None:
    scenario = by_hand([[1.0], [1.0]], [], [1.0, 1.0, 1.0, 2.0])
    env = WorkflowEnvironment(dataclasses.replace(SMALL, dt=0.5), draw=drawing(scenario))
    env.reset()
    assert env.step(0)[4]["now"] == 0.0
    seen, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (-0.001, False, False)
    assert (info["valid"], info["now"], info["has_task"]) == (False, 0.5, True)
    assert seen[5 + 2] == 0.5


def test_a_drained_episode_terminates_and_a_deadline_truncates() -> None:
    scenario = by_hand([[1.0]], [], [1.0, 1.0, 1.0, 2.0])
    for deadline, flags in ((5.0, (True, False)), (0.5, (False, True))):
        env = WorkflowEnvironment(SMALL, deadline, draw=drawing(scenario))
        env.reset()
        over = env.step(0)[2:4]
        while not any(over):
            over = env.step(0)[2:4]
        assert over == flags
        with pytest.raises(ResetNeededError, match="call reset before step"):
            env.step(0)


def test_servers_that_are_not_there_are_zeros() -> None:
    scenario = by_hand([[1.0]], [], [1.0, 1.0, 1.0, 2.0]).with_events(joins=[0.0, 0.5, 0.0, 0.0])
    env = WorkflowEnvironment(SMALL, draw=drawing(scenario))
    seen = env.reset()[0].reshape(5, 5)
    assert not seen[2].any()
    assert seen[[1, 3, 4], 0].tolist() == [0.25, 0.25, 0.5]
    assert env.step(1)[0].reshape(5, 5)[2, 0] == 0.25


def test_a_task_that_lost_its_last_server_is_reported() -> None:
    scenario = by_hand([[1.0]], [], [1.0, 1.0, 1.0, 2.0], need=[[50.0]], arrival=[0.6])
    scenario.memory[0, :3] = 8.0
    env = WorkflowEnvironment(SMALL, draw=drawing(scenario.with_events(leaves=0.5)))
    env.reset()
    assert not env.step(0)[4]["stranded"]
    assert env.step(0)[4]["stranded"]


def test_a_task_that_fits_no_server_raises_at_reset() -> None:
    small = SystemSettings((2, 0, 0), memory=(9.0, 0.0, 1.0, 80.0))
    with pytest.raises(InfeasibleTaskError, match="needs 9 GB and the largest server has 8 GB"):
        WorkflowEnvironment(small).reset(seed=0)


def test_seeds_restart_and_none_goes_on() -> None:
    env = WorkflowEnvironment(SMALL)

    def arrivals(seed: int | None) -> list[float]:
        env.reset(seed=seed)
        return [float(env.step(0)[0].sum()) for _ in range(15)]

    first, second, again = arrivals(1), arrivals(None), arrivals(1)
    assert first == again
    assert second == arrivals(None)
    assert first != second


@pytest.mark.parametrize("action", [-1, 4, 0.0, "large", None, [0]])
def test_bad_actions_are_refused(action: Any) -> None:
    env = WorkflowEnvironment(SMALL)
    with pytest.raises(ResetNeededError, match="call reset before step"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action must be in Discrete\(n=4\); got "):
        env.step(action)


def test_episodes_of_another_cluster_are_refused() -> None:
    env = WorkflowEnvironment(SMALL, draw=drawing(by_hand([[1.0]], [], [1.0])))
    with pytest.raises(ValueError, match=r"draw must return one episode with 4 servers; got"):
        env.reset()
