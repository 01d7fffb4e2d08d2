"""Specifies the joint game as a standard environment, by our checker and by the libraries' own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, WAIT, DeviceParameters
from refimpl.dcc.model.environment import (
    GameDynamics,
    agents_environment,
    central_environment,
)
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate
from refimpl.shared.environment import EnvironmentContractError, check_environment
from refimpl.shared.seeds import generator
from tests.dcc.strategies import seeds

SMALL = DeviceParameters(0, 2, 1, 4, max_aoi=4, battery=3, gamma=0.8)
OTHER = DeviceParameters(1, 1, 1, 5, max_aoi=4, battery=3, gamma=0.8)


def test_the_central_game_keeps_the_contract() -> None:
    env = central_environment((SMALL, OTHER), power_law(), episode=9)
    check_environment(env, generator(0, "environment"))


def test_a_game_that_forgets_its_seed_does_not() -> None:
    class Forgetful(GameDynamics):
        def reset(self, n_envs, rng):  # type: ignore[no-untyped-def]
            state = super().reset(n_envs, rng)
            return {**state, "states": state["states"] * 0 + next(ticks)}

    ticks = iter(range(100))
    env = central_environment((SMALL, OTHER), power_law())
    object.__setattr__(env._episode, "dynamics", Forgetful((SMALL, OTHER), power_law(), 100))
    with pytest.raises(EnvironmentContractError, match="same seed"):
        check_environment(env, generator(0, "environment"))


def test_the_libraries_checkers_accept_it() -> None:
    pytest.importorskip("gymnasium")
    pytest.importorskip("pettingzoo")
    from gymnasium.utils.env_checker import check_env
    from pettingzoo.test import parallel_api_test

    from refimpl.shared.gym_adapters import to_gymnasium, to_pettingzoo_parallel

    check_env(
        to_gymnasium(central_environment((SMALL, OTHER), power_law())), skip_render_check=True
    )
    parallel_api_test(
        to_pettingzoo_parallel(agents_environment((SMALL, OTHER), power_law())), num_cycles=50
    )


@given(st.integers(1, 5), st.sampled_from([1.0, 2.0]), seeds)
def test_an_offloader_pays_for_the_crowd_it_is_in(n: int, beta: float, seed: int) -> None:
    game = GameDynamics((SMALL,) * n, power_law(0.7, beta), 50)
    rng = np.random.default_rng(seed)
    state = game.reset(3, rng)
    actions = np.where(rng.random((3, n)) < 0.6, OFFLOAD, WAIT)
    after, rewards, terminated, truncated = game.step(state, actions, rng)
    ages = state["states"] // (SMALL.battery + 1) + 1
    for e in range(3):
        crowd = (actions[e] == OFFLOAD).sum()
        for i in range(n):
            fee = 0.7 * (crowd - 1.0) ** beta if actions[e, i] == OFFLOAD else 0.0
            assert rewards[e, i] == pytest.approx(-(ages[e, i] + fee), rel=1e-14)
    assert not terminated.any()
    assert not truncated.any()
    assert (after["slot"] == 1).all()


def test_observations_tell_all_states_apart_and_stay_in_the_box() -> None:
    game = GameDynamics((SMALL,), power_law(), 5)
    states = np.arange(16)[:, None]
    seen = game.observe({"states": states, "slot": np.zeros(16)})[:, 0]
    assert len({tuple(row) for row in seen.tolist()}) == 16
    assert seen.min() == 0.0
    assert seen.max() == 1.0
    assert seen[0].tolist() == [0.25, 0.0]


def test_episodes_are_cut_not_ended() -> None:
    env = agents_environment((SMALL, OTHER), power_law(), episode=3)
    env.reset(seed=1)
    flags = [env.step({"device_0": 0, "device_1": 2})[2:4] for _ in range(3)]
    assert [tuple(truncated.values()) for _, truncated in flags] == [
        (False, False),
        (False, False),
        (True, True),
    ]
    assert not any(any(terminated.values()) for terminated, _ in flags)


def test_simulated_costs_are_the_exact_costs() -> None:
    # Discounted cost of a fixed product policy, 4000 episodes, against the exact evaluation.
    devices, episodes, slots = (SMALL, OTHER, SMALL), 4000, 80
    rng = generator(5, "exact-cost")
    policies = rng.dirichlet(np.ones(N_ACTIONS), (3, 16))
    game = GameDynamics(devices, power_law(1.0, 2.0), slots)
    state, total = game.reset(episodes, rng), np.zeros((episodes, 3))
    for t in range(slots):
        chances = policies[np.arange(3), state["states"]].cumsum(axis=-1)
        actions = (rng.random((episodes, 3, 1)) > chances).sum(axis=-1)
        state, rewards, _, _ = game.step(state, actions, rng)
        total -= 0.8**t * rewards
    exact = evaluate([device_mdp(d) for d in devices], list(policies), power_law(1.0, 2.0))
    z = (total.mean(axis=0) - exact.per_device) / (total.std(axis=0, ddof=1) / np.sqrt(episodes))
    assert np.abs(z).max() < 4


def test_bad_games_are_refused() -> None:
    with pytest.raises(ValueError, match="episode must be at least 1 slot; got 0"):
        central_environment((SMALL,), power_law(), episode=0)
    with pytest.raises(ValueError, match="at least one device"):
        GameDynamics((), power_law(), 5)
    with pytest.raises(ValueError, match="devices must share"):
        GameDynamics((SMALL, DeviceParameters(0, 2, 1, 4)), power_law(), 5)
