"""Batches: rollouts evaluated by the critic, one row per sample, nothing mixed up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.shared.actor_critic import Learner, policy, values_of
from refimpl.shared.batch import minibatches, to_batch, with_outputs
from refimpl.shared.gae import generalized_advantages
from refimpl.shared.rollout import collect
from tests.shared.agents import PartingGame
from tests.shared.models import Sizes, collected, small_learner, small_model, team_model
from tests.shared.tabular import dynamics, random_mdp

EPS = float(np.finfo(float).eps)


def test_one_agent() -> None:
    rng = np.random.default_rng(0)
    copies = dynamics(random_mdp(rng, 5, 2, 0.9), 4, terminal=(4,))
    model, trained = small_model(), small_learner(rng, Sizes(5, 2, 5))
    start = copies.reset(3, rng)
    rollout, _ = collect(copies, policy(model, trained), start, 7, rng)
    batch = to_batch(model, trained, rollout, 0.9, 0.8)
    assert len(batch) == 21
    values = values_of(model, trained.critic, rollout.observations)
    advantages, returns = generalized_advantages(
        rollout.rewards,
        values,
        values_of(model, trained.critic, rollout.next_observations),
        rollout.terminated,
        rollout.ended,
        0.9,
        0.8,
    )
    # The critic is asked for different sets of rows, so its products round differently.
    np.testing.assert_allclose(batch.advantages, advantages.ravel(), atol=1e-13)
    np.testing.assert_allclose(batch.returns, returns.ravel(), atol=1e-13)
    assert np.array_equal(batch.values, values.ravel())
    for t in range(7):
        for e in range(3):
            sample = batch.take(np.array([3 * t + e]))
            assert np.array_equal(sample.observations[0], rollout.observations[t, e])
            assert sample.actions[0] == rollout.actions[t, e]
            assert sample.log_probs[0] == rollout.log_probs[t, e]


@pytest.mark.parametrize("shared", [True, False])
def test_several_agents(shared: bool) -> None:
    rng = np.random.default_rng(1)
    game = PartingGame(3, shared)
    model = team_model() if shared else small_model()
    trained = small_learner(rng, Sizes(2, 2, 4 if shared else 2))
    rollout, _ = collect(game, policy(model, trained), game.reset(5, rng), 6, rng)
    batch = to_batch(model, trained, rollout, 0.9, 0.8)
    assert batch.observations.shape == (30, 2, 2)
    assert batch.actions.shape == batch.log_probs.shape == batch.advantages.shape == (30, 2)
    assert batch.returns.shape == batch.values.shape == ((30,) if shared else (30, 2))
    if shared:
        # One advantage for all: each agent gets it.
        assert np.array_equal(batch.advantages[:, 0], batch.advantages[:, 1])
    both = batch.advantages.reshape(*batch.returns.shape, -1)[..., 0] + batch.values
    np.testing.assert_allclose(batch.returns, both, atol=16 * EPS)


def test_advantages_have_the_precision_of_the_critic() -> None:
    rng = np.random.default_rng(4)
    game = PartingGame(3, shared=True)
    model, trained = team_model(), small_learner(rng, Sizes(2, 2, 4))
    rollout, _ = collect(game, policy(model, trained), game.reset(5, rng), 2, rng)
    single = {key: array.astype(np.float32) for key, array in trained.params.items()}
    observed = {
        name: getattr(rollout, name).astype(np.float32)
        for name in ("observations", "next_observations")
    }
    assert rollout.rewards.dtype == np.float64
    batch = to_batch(model, Learner(single, None), replace(rollout, **observed), 0.9, 0.8)
    assert batch.advantages.dtype == batch.returns.dtype == batch.values.dtype == np.float32


def test_rewards_must_fit_the_critic() -> None:
    rng = np.random.default_rng(2)
    game = PartingGame(3, shared=False)
    model, trained = team_model(), small_learner(rng, Sizes(2, 2, 4))
    rollout, _ = collect(game, policy(model, trained), game.reset(5, rng), 2, rng)
    with pytest.raises(
        ValueError, match=r"shape of the critic's values, \(2, 5\); got \(2, 5, 2\)"
    ):
        to_batch(model, trained, rollout, 0.9, 0.8)
    summed = replace(rollout, rewards=rollout.rewards.sum(axis=2))
    assert len(to_batch(model, trained, summed, 0.9, 0.8)) == 10


@given(st.integers(1, 40), st.data(), st.integers(0, 2**32 - 1))
def test_minibatches_are_an_even_partition(size: int, data: st.DataObject, seed: int) -> None:
    parts = data.draw(st.integers(1, size))
    pieces = minibatches(size, parts, np.random.default_rng(seed))
    assert sorted(np.concatenate(pieces)) == list(range(size))
    sizes = [len(piece) for piece in pieces]
    assert len(sizes) == parts
    assert max(sizes) - min(sizes) <= 1


def test_minibatches_are_random() -> None:
    rng = np.random.default_rng(3)
    first = np.bincount([minibatches(4, 2, rng)[0][0] for _ in range(2000)], minlength=4)
    # Multinomial with p = 1/4: standard deviation sqrt(2000 * 3 / 16).
    assert np.abs(first - 500).max() < 4 * np.sqrt(2000 * 3 / 16)


@pytest.mark.parametrize("parts", [0, 5])
def test_empty_minibatches_are_refused(parts: int) -> None:
    with pytest.raises(ValueError, match=rf"n_minibatches must be in 1..4, .* got {parts}"):
        minibatches(4, parts, np.random.default_rng(0))


def test_a_batch_can_remember_the_outputs_of_the_actor() -> None:
    rng = np.random.default_rng(7)
    model, trained = small_model(), small_learner(rng, Sizes(5, 2, 5))
    batch = collected(model, trained, dynamics(random_mdp(rng, 5, 2, 0.9), 4), 3, rng)
    assert batch.outputs is None
    assert batch.take(np.arange(2)).outputs is None
    remembered = with_outputs(model, trained, batch)
    outputs, _ = model.actor.forward(trained.actor, batch.observations)
    assert np.array_equal(remembered.outputs, outputs)
    part = remembered.take(slice(2, 5))
    assert np.array_equal(part.outputs, outputs[2:5])
    assert np.array_equal(part.returns, batch.returns[2:5])
