"""Specifies both environments, by our checker and by the libraries' own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import Modulation, arrival_rates, sample_levels
from refimpl.meanfield.model.environment import (
    QueueDynamics,
    agents_environment,
    by_agent,
    by_common_rule,
    decision_rule,
    distribution,
    distribution_and_level,
    neighbourhood,
    per_queue,
    upper_level_environment,
)
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring, star
from refimpl.meanfield.policies.rules import own_state
from refimpl.shared.bounded_queue import epoch_kernel
from refimpl.shared.environment import EnvironmentContractError, check_environment
from refimpl.shared.rollout import collect
from refimpl.shared.seeds import generator

SMALL = System(path(4), buffer=3, dt=2.0, service_rates=[1.0, 2.0, 1.0, 0.5])


@pytest.mark.parametrize("observe", [distribution, distribution_and_level])
def test_the_upper_level_keeps_the_contract(observe) -> None:
    env = upper_level_environment(SMALL, horizon=7, observe=observe)
    check_environment(env, generator(0, "environment"))


def test_an_environment_that_forgets_its_seed_does_not() -> None:
    class Forgetful(QueueDynamics):
        def reset(self, n_envs, rng):  # type: ignore[no-untyped-def]
            state = super().reset(n_envs, rng)
            return {**state, "states": state["states"] + next(ticks) % 2}

    ticks = iter(range(100))
    env = upper_level_environment(SMALL)
    broken = Forgetful(SMALL, distribution, by_common_rule, 5, per_queue)
    object.__setattr__(env._episode, "dynamics", broken)
    with pytest.raises(EnvironmentContractError, match="same seed"):
        check_environment(env, generator(0, "environment"))


def test_the_libraries_checkers_accept_both() -> None:
    pytest.importorskip("gymnasium")
    pytest.importorskip("pettingzoo")
    from gymnasium.utils.env_checker import check_env
    from pettingzoo.test import parallel_api_test

    from refimpl.shared.gym_adapters import to_gymnasium, to_pettingzoo_parallel

    check_env(to_gymnasium(upper_level_environment(SMALL)), skip_render_check=True)
    parallel_api_test(to_pettingzoo_parallel(agents_environment(SMALL)), num_cycles=60)


@given(st.integers(0, 2**32 - 1))
def test_both_views_of_one_epoch_agree_with_the_kernel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, states = rng.random((2, 8)), rng.integers(0, 4, (2, 4))
    state = {"states": states, "levels": np.array([0, 1]), "epoch": np.array([3, 4])}
    rule = decision_rule(values)
    offload = np.stack([rule[e, states[e]] for e in range(2)])
    expected = np.empty((2, 4))
    for e, rate in enumerate((0.9, 0.6)):
        rates = arrival_rates(SMALL.graph, offload[e], rate)
        kernel = epoch_kernel(rates, SMALL.services, SMALL.buffer, SMALL.dt)
        expected[e] = kernel.expected_drops[np.arange(4), states[e]]
    one = upper_level_environment(SMALL).dynamics
    two = agents_environment(SMALL).dynamics
    moved, mean, _, _ = one.step(state, values, np.random.default_rng(seed))
    same, each, _, _ = two.step(state, offload[..., None], np.random.default_rng(seed))
    np.testing.assert_allclose(-each, expected, atol=1e-12)
    np.testing.assert_allclose(-mean, expected.mean(axis=1), atol=1e-12)
    np.testing.assert_array_equal(moved["states"], same["states"])
    assert moved["epoch"].tolist() == [4, 5]
    assert states.tolist() == state["states"].tolist()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6))
def test_rules_are_probabilities_and_what_is_not_sent_is_kept(pairs) -> None:
    values = np.array(pairs).ravel()
    rule = decision_rule(values)
    assert rule.shape == (len(pairs),)
    assert np.all((rule >= 0) & (rule <= 1))
    kept = decision_rule(values.reshape(-1, 2)[:, ::-1].ravel())
    np.testing.assert_allclose(rule + kept, 1.0, rtol=1e-14)


def test_rules_by_hand() -> None:
    rule = decision_rule(np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.25, 0.75, 1.0, 1.0]))
    np.testing.assert_allclose(rule, [0.5, 0.0, 1.0, 0.75, 0.5], atol=1e-9)
    assert rule[0] == 0.5


def test_observations_by_hand() -> None:
    state = {"states": np.array([[0, 3, 3, 1]]), "levels": np.array([1])}
    assert distribution(SMALL, state).tolist() == [[0.25, 0.25, 0.0, 0.5]]
    assert distribution_and_level(SMALL, state)[0, -1] == 0.0
    assert distribution_and_level(SMALL, {**state, "levels": np.array([0])})[0, -1] == 1.0
    thirds = neighbourhood(SMALL, state)[0] * 3
    expected = [[0, 3, -3], [3, 0, 3], [3, 3, 1], [1, 3, -3]]
    np.testing.assert_allclose(thirds, expected, atol=1e-15)


def test_actions_of_agents_are_theirs() -> None:
    actions = np.array([[[0.1], [0.2], [0.3], [0.4]]])
    assert by_agent(SMALL, {}, actions).tolist() == [[0.1, 0.2, 0.3, 0.4]]


def test_episodes_are_cut_not_ended() -> None:
    env = agents_environment(System(star(2)), horizon=3)
    env.reset(seed=1)
    action = {f"queue_{i}": np.array([0.5]) for i in range(3)}
    flags = [env.step(action)[2:4] for _ in range(3)]
    assert [all(truncated.values()) for _, truncated in flags] == [False, False, True]
    assert not any(any(terminated.values()) for terminated, _ in flags)


def test_returns_are_those_of_the_simulator() -> None:
    """Two-sample z-score of the return of a fixed rule over 20 epochs; 500 episodes each."""
    system, episodes, epochs = System(ring(5), dt=3.0), 500, 20
    rule = np.array([0.0, 0.1, 0.3, 0.5, 0.8, 1.0])
    values = np.stack([1 - rule, rule], axis=1).ravel()
    dynamics, rng = upper_level_environment(system, epochs).dynamics, generator(1, "returns")

    def act(observations, rng):
        del rng
        return np.tile(values, (len(observations), 1)), np.zeros(len(observations))

    rollout, _ = collect(dynamics, act, dynamics.reset(episodes, rng), epochs, rng)
    assert rollout.truncated[-1].all()
    assert not rollout.terminated.any()
    levels = sample_levels(system.modulation, epochs, episodes, rng)
    trace = simulate(system, own_state(rule), levels, rng)
    one, two = -rollout.rewards.sum(axis=0), trace.total
    spread = np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / episodes)
    assert abs(one.mean() - two.mean()) < 4 * spread


def test_levels_start_and_switch_with_the_modulation_s_probabilities() -> None:
    """Certain switching makes the path of the level known; probabilities are tested elsewhere."""
    system = System(ring(3), modulation=Modulation(leave=(1.0, 1.0), start=(1.0, 0.0)))
    dynamics, rng = upper_level_environment(system).dynamics, generator(2)
    state, path_of_level = dynamics.reset(4, rng), []
    for _ in range(4):
        path_of_level.append(state["levels"].tolist())
        state = dynamics.step(state, np.full((4, 12), 0.5), rng)[0]
    assert path_of_level == [[0] * 4, [1] * 4, [0] * 4, [1] * 4]


def test_an_episode_has_at_least_one_epoch() -> None:
    with pytest.raises(ValueError, match=r"horizon must be .*got 0"):
        upper_level_environment(SMALL, horizon=0)
