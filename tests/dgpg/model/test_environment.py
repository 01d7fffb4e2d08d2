"""Specifies the multi-agent environment, by the simulator and by PettingZoo's own checker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.environment import ClusterEnvironment
from refimpl.dgpg.model.observations import full_observation, observer_for, own
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Simulation
from refimpl.shared.single_environment import ResetNeededError
from tests.dgpg.model.strategies import seeds, systems

DIRECT = SystemSettings(4, 4, steps=30, arrival_steps=20, utilization=0.9)
CLUSTERED = SystemSettings(6, 3, steps=30, arrival_steps=20, utilization=0.9)


@pytest.mark.parametrize("settings", [DIRECT, CLUSTERED], ids=["servers", "clusters"])
def test_the_library_s_checker_accepts_it(settings: SystemSettings) -> None:
    pytest.importorskip("gymnasium")
    pytest.importorskip("pettingzoo")
    from pettingzoo.test import parallel_api_test, parallel_seed_test

    from refimpl.shared.gym_adapters import to_pettingzoo_parallel

    parallel_api_test(to_pettingzoo_parallel(ClusterEnvironment(settings)), num_cycles=60)
    parallel_seed_test(lambda: to_pettingzoo_parallel(ClusterEnvironment(settings)))


@given(systems(), seeds)
def test_it_plays_the_simulator(settings: SystemSettings, seed: int) -> None:
    env, rng = ClusterEnvironment(settings), np.random.default_rng(seed)
    simulation = Simulation(sample_scenario(settings, 1, np.random.default_rng(seed)))
    observer, _ = observer_for(settings)
    observations, infos = env.reset(seed=seed)
    for t in range(settings.steps):
        jobs = simulation.begin()
        assert env.active_agents == env.possible_agents[: len(jobs)]
        assert [info["active"] for info in infos.values()] == [
            i < len(jobs) for i in range(settings.n_servers)
        ]
        shared = observer(simulation, jobs)[jobs.rollout]
        rows = full_observation(shared, own(simulation, jobs), jobs.agent, settings.n_servers)
        for agent, row in zip(env.active_agents, rows, strict=True):
            np.testing.assert_array_equal(observations[agent], row)
        choices = rng.integers(0, settings.n_clusters, len(jobs))
        simulation.place(jobs, servers_of(simulation, jobs, choices))
        actions = dict(zip(env.active_agents, choices, strict=True))
        observations, rewards, terminated, truncated, infos = env.step(actions)
        reward = float(simulation.finish()[0])
        assert rewards == dict.fromkeys(env.possible_agents, reward)
        assert set(terminated.values()) == {False}
        assert set(truncated.values()) == {t == settings.steps - 1}


@given(systems(), seeds)
def test_observations_and_actions_are_in_their_spaces(settings, seed: int) -> None:
    env, rng = ClusterEnvironment(settings, np.float32), np.random.default_rng(seed)
    observations, _ = env.reset(seed=seed)
    for _ in range(settings.steps):
        for agent, seen in observations.items():
            assert env.observation_space(agent).contains(seen)
        # Whoever is not active may act; it changes nothing.
        actions = {agent: env.action_space(agent).sample(rng) for agent in env.possible_agents}
        observations = env.step(actions)[0]
    assert observations.keys() == set(env.possible_agents)


def test_agents_without_a_job_see_a_job_of_size_zero() -> None:
    env = ClusterEnvironment(DIRECT)
    observations, _ = env.reset(seed=3)
    while len(env.active_agents) != 2:
        observations = env.step(dict.fromkeys(env.active_agents, 0))[0]
    own_jobs = np.array([seen[-3:-1] for seen in observations.values()])
    assert (own_jobs[:2] > 0).all()
    assert not own_jobs[2:].any()
    assert [seen[-1] for seen in observations.values()] == [0.0, 0.25, 0.5, 0.75]


def returns(env: ClusterEnvironment, seed: int | None) -> list[float]:
    env.reset(seed=seed)
    return [
        env.step(dict.fromkeys(env.active_agents, 0))[1]["dispatcher_0"]
        for _ in range(env.settings.steps)
    ]


def test_seeds_restart_and_none_goes_on() -> None:
    env = ClusterEnvironment(DIRECT)
    first, second, again = returns(env, 1), returns(env, None), returns(env, 1)
    assert first == again
    assert second == returns(env, None)
    assert first != second


def test_steps_need_a_reset_before_and_after_an_episode() -> None:
    env = ClusterEnvironment(SystemSettings(2, 2, steps=1, arrival_steps=1))
    with pytest.raises(ResetNeededError, match="call reset before step"):
        env.step({})
    env.reset(seed=0)
    while not env.active_agents:
        env.reset()
    observations, _, _, truncated, infos = env.step(dict.fromkeys(env.active_agents, 0))
    # The last observation is of a cluster to which no further job comes.
    assert env.active_agents == ()
    assert set(truncated.values()) == {True}
    assert not any(info["active"] for info in infos.values())
    assert not any(seen[-3:-1].any() for seen in observations.values())
    with pytest.raises(ResetNeededError, match="call reset before step"):
        env.step({})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dispatcher_0": None}, "actions must name every active agent; missing .*dispatcher_0"),
        ({"dispatcher_9": 0}, r"agents must be among dispatcher_0.*got \['dispatcher_9'\]"),
        ({"dispatcher_0": 4}, r"actions\['dispatcher_0'\] must be in Discrete\(n=4\); got 4"),
        ({"dispatcher_0": 0.0}, r"actions\['dispatcher_0'\] must be in .*got 0.0"),
        ({"dispatcher_3": -1}, r"actions\['dispatcher_3'\] must be in .*got -1"),
    ],
)
def test_bad_actions_are_refused(changes: dict[str, Any], message: str) -> None:
    env = ClusterEnvironment(DIRECT)
    env.reset(seed=3)
    while not env.active_agents:
        env.step({})
    actions = dict.fromkeys(env.active_agents, 0) | changes
    with pytest.raises(ValueError, match=message):
        env.step({agent: action for agent, action in actions.items() if action is not None})


def test_agents_that_do_not_exist_have_no_spaces() -> None:
    env = ClusterEnvironment(DIRECT)
    for space in (env.observation_space, env.action_space):
        with pytest.raises(ValueError, match="agents must be among"):
            space("queue_0")
