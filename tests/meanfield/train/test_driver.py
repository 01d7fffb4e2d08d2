"""PPO on whole episodes: samples, resumption and evaluation, for every method."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies.rules import own_queue, random_per_packet
from refimpl.meanfield.train import mean_field_ppo, parameter_sharing, recurrent_ppo
from refimpl.meanfield.train.baselines import (
    episode_advantages,
    shared_path_values,
)
from refimpl.meanfield.train.driver import always, collected, evaluate, sequences
from refimpl.meanfield.train.presets import OURS, PUBLISHED
from refimpl.meanfield.train.recurrent_ppo import RecurrentTraining
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.actor_critic import learner, values_of
from refimpl.shared.optimizer import adam
from refimpl.shared.seeds import generator
from tests.shared.interruptions import assert_resumes

SYSTEM = System(ring(4), buffer=2)
BRIEF: dict[str, Any] = {
    "horizon": 5,
    "batch": 200,
    "minibatch": 50,
    "passes": 2,
    "hidden": (8,),
    "critic_hidden": (8,),
    "iterations": 4,
    "evaluate_every": 2,
}
CRITIC = replace(PUBLISHED.settings, **BRIEF)
SHARED = replace(OURS.settings, **BRIEF)


def run_mean_field(settings: PPOTraining, path: Any = None, seed: int = 3) -> Any:
    return mean_field_ppo.train(SYSTEM, settings, seed, path)


def run_agents(settings: PPOTraining, path: Any = None, seed: int = 3) -> Any:
    return parameter_sharing.train(SYSTEM, settings, seed, path)


def run_recurrent(settings: PPOTraining, path: Any = None, seed: int = 3) -> Any:
    return recurrent_ppo.train(SYSTEM, RecurrentTraining(6, settings), seed, path)


RUNS = [run_mean_field, run_agents, run_recurrent]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("settings", [CRITIC, SHARED], ids=["critic", "shared"])
def test_killed_anywhere_it_resumes_to_the_same_bits(
    run: Any, settings: Any, tmp_path: Any
) -> None:
    assert_resumes(tmp_path, lambda path: run(settings, path), saves=2)


@pytest.mark.parametrize("run", RUNS)
def test_what_is_returned(run: Any) -> None:
    result = run(SHARED)
    curve = {key: array for key, array in result.items() if key.startswith("curve.")}
    names = {key.removeprefix("curve.") for key in curve}
    assert names >= {"steps", "training_return", "action_std", "kl", "kl_coefficient"}
    assert any(name.startswith("evaluation ") for name in names)
    assert {array.shape for array in curve.values()} == {(2,)}
    assert {a.dtype for k, a in result.items() if k.startswith("actor.")} == {np.dtype(np.float32)}
    agents = SYSTEM.n if run is run_agents else 1
    assert curve["curve.steps"].tolist() == [400 / agents, 800 / agents]
    assert all(np.isfinite(array).all() for array in result.values())


def test_another_seed_system_or_setting_is_another_run(tmp_path: Any) -> None:
    path = tmp_path / "run.npz"
    run_mean_field(SHARED, path)
    for change in (
        lambda: run_mean_field(SHARED, path, seed=4),
        lambda: run_mean_field(replace(SHARED, clip=0.2), path),
        lambda: mean_field_ppo.train(replace(SYSTEM, dt=4.0), SHARED, 3, path),
        lambda: mean_field_ppo.train(System(ring(5), buffer=2), SHARED, 3, path),
    ):
        with pytest.raises(ValueError, match="must belong to the run"):
            change()


def test_a_longer_run_continues_a_shorter_one(tmp_path: Any) -> None:
    path, longer = tmp_path / "run.npz", replace(SHARED, iterations=6)
    run_mean_field(SHARED, path)
    continued, whole = run_mean_field(longer, path), run_mean_field(longer)
    assert all(np.array_equal(continued[key], whole[key]) for key in whole)


@pytest.mark.parametrize("run", RUNS)
def test_looking_more_often_changes_nothing(run: Any) -> None:
    """Parameters, optimiser and penalty are all carried from point to point."""
    often, once = (run(replace(SHARED, evaluate_every=n)) for n in (1, 4))
    coefficients = often["curve.kl_coefficient"]
    assert len(set(coefficients.tolist())) > 1
    for key, array in once.items():
        last = array if key.startswith("actor.") else array[-1:]
        assert np.array_equal(often[key] if key.startswith("actor.") else often[key][-1:], last), (
            key
        )


@pytest.mark.parametrize("module", [mean_field_ppo, parameter_sharing, recurrent_ppo])
@pytest.mark.parametrize("settings", [CRITIC, SHARED], ids=["critic", "shared"])
def test_samples_are_those_of_the_episodes(module: Any, settings: Any) -> None:
    """Every sample with its own action, advantage and return, in whatever layout."""
    recurrent = module is recurrent_ppo
    method = module.method(SYSTEM, RecurrentTraining(6, settings) if recurrent else settings)
    actor, critic = method.start(np.random.default_rng(0))
    trained = learner(actor, critic, adam())
    batch, played = collected(SYSTEM, settings, method, trained, np.random.default_rng(1))
    values = values_of(method.model, critic, played.observations)
    shape = played.log_probs.shape
    agents = SYSTEM.n if module is parameter_sharing else 1
    assert played.rewards.shape == (5, 40 // agents)
    assert shape == ((5, 10, 4) if module is parameter_sharing else (5, 40))
    rewards = played.rewards[:, :, None] if len(shape) == 3 else played.rewards
    rewards = np.broadcast_to(rewards, shape).astype(np.float32)
    baseline = values
    if settings is SHARED:
        baseline = shared_path_values(rewards, values, settings.gamma, settings.group)
    advantages, returns = episode_advantages(rewards, baseline, settings.gamma, settings.gae_lambda)
    advantages = (advantages - advantages.mean()) / advantages.std()
    for e in range(shape[1]):
        for t in range(5):
            row = (e, t) if recurrent else (t * shape[1] + e,)
            for name, column in (
                ("observations", played.observations),
                ("actions", played.actions),
                ("log_probs", played.log_probs),
                ("values", values),
                ("returns", returns),
                ("advantages", advantages),
            ):
                got = getattr(batch, name)[row]
                np.testing.assert_allclose(got, column[t, e], rtol=2e-4, atol=2e-4, err_msg=name)
    assert len(batch) == (40 if recurrent else 5 * shape[1])


@pytest.mark.parametrize("module", [mean_field_ppo, parameter_sharing, recurrent_ppo])
def test_the_network_that_acted_is_the_network_that_is_trained(module: Any) -> None:
    """Log-probabilities of the episodes are those of the training network on its samples."""
    recurrent = module is recurrent_ppo
    method = module.method(SYSTEM, RecurrentTraining(6, CRITIC) if recurrent else CRITIC)
    actor, critic = method.start(np.random.default_rng(2))
    trained = learner(actor, critic, adam())
    batch, _ = collected(SYSTEM, CRITIC, method, trained, np.random.default_rng(3))
    outputs, _ = method.model.actor.forward(actor, batch.observations)
    again = method.model.head.log_prob(outputs, batch.actions, None)
    # float32: a dozen terms of order 1, each to 1e-7 times |noise| of at most 5.
    np.testing.assert_allclose(again, batch.log_probs, rtol=0, atol=1e-4)


def test_evaluation_pairs_policies_and_does_not_depend_on_blocks(monkeypatch: Any) -> None:
    regular = System(ring(5))
    own, rnd = (evaluate(regular, always(p)) for p in (own_queue, random_per_packet))
    # On a regular graph both give every queue the common rate: the same numbers to the bit.
    assert own == pytest.approx(rnd, rel=1e-12)
    made: list[int] = []

    def counting() -> Any:
        made.append(1)
        return own_queue

    monkeypatch.setattr("refimpl.meanfield.train.driver.BLOCK", 5 * 8)
    blocks = evaluate(regular, counting)
    assert len(made) == 3  # 20 episodes, 8 at a time
    assert blocks == pytest.approx(own, rel=0.2)


def test_sequences_exchange_the_first_two_axes() -> None:
    x = generator(0, "x").normal(size=(2, 3, 4))
    assert np.array_equal(sequences(x)[1, 0], x[0, 1])
