"""Models: what actor and critic see, how actions are drawn, learners that survive a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from linear_models import categorical, mlp
from linear_models.activations import RELU, TANH
from refimpl.shared import checkpoints
from refimpl.shared.action_heads import factored
from refimpl.shared.actor_critic import (
    joint_view,
    learner_arrays,
    mlp_network,
    no_mask,
    own_view,
    policy,
    restore_learner,
    values_of,
)
from refimpl.shared.optimizer import adam, rmsprop
from tests.shared.models import Sizes, small_learner, small_model, team_model

Array = NDArray[Any]


def test_networks_are_the_perceptron_with_their_activation() -> None:
    rng = np.random.default_rng(0)
    params, x = mlp.init(rng, (3, 4, 2)), rng.standard_normal((5, 3))
    for activation in (TANH, RELU):
        network = mlp_network(activation)
        y, cache = network.forward(params, x)
        expected, expected_cache = mlp.forward(params, x, activation)
        assert np.array_equal(y, expected)
        grads, dx = network.backward(params, cache, y)
        expected_grads, expected_dx = mlp.backward(params, expected_cache, y)
        assert np.array_equal(dx, expected_dx)
        assert all(np.array_equal(grads[key], expected_grads[key]) for key in params)


def test_views() -> None:
    observations = np.arange(24.0).reshape(2, 2, 3, 2)
    assert own_view(observations) is observations
    joint = joint_view(observations)
    assert joint.shape == (2, 2, 6)
    assert joint[1, 0].tolist() == observations[1, 0].ravel().tolist()
    assert no_mask(observations) is None


@pytest.mark.parametrize("shape", [(5,), (2, 5), (4, 3, 5)])
def test_policy_draws_actions_with_their_log_probabilities(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    model, trained = small_model(), small_learner(rng, Sizes(5, 3, 5))
    observations = rng.standard_normal(shape)
    actions, log_probs = policy(model, trained)(observations, rng)
    logits, _ = mlp.forward(trained.actor, observations)
    assert actions.shape == shape[:-1]
    assert np.array_equal(log_probs, categorical.log_prob(logits, actions))


def test_the_mask_reaches_the_policy() -> None:
    rng = np.random.default_rng(2)

    def only_what_is_positive(observations: Array) -> Array:
        return observations > 0

    model = replace(small_model(), mask_view=only_what_is_positive)
    trained = small_learner(rng, Sizes(3, 3, 3))
    observations = rng.standard_normal((500, 3))
    observations[:, 1] = 1.0
    actions, log_probs = policy(model, trained)(observations, rng)
    assert np.all(np.take_along_axis(observations, actions[:, None], axis=1) > 0)
    assert np.isfinite(log_probs).all()
    alone = (observations > 0).sum(axis=1) == 1
    assert np.all(np.abs(log_probs[alone]) < 1e-15)


def test_the_critic_sees_its_view() -> None:
    rng = np.random.default_rng(3)
    trained = small_learner(rng, Sizes(2, 3, 6))
    observations = rng.standard_normal((4, 3, 2))
    values = values_of(team_model(), trained.critic, observations)
    assert values.shape == (4,)
    expected, _ = mlp.forward(trained.critic, observations.reshape(4, 6))
    assert np.array_equal(values, expected[:, 0])
    own = small_learner(rng, Sizes(2, 3, 2))
    assert values_of(small_model(), own.critic, observations).shape == (4, 3)


def test_joint_actions_have_one_log_probability() -> None:
    rng = np.random.default_rng(4)
    model = small_model(factored((3, 3, 2)))
    trained = small_learner(rng, Sizes(5, 8, 5))
    actions, log_probs = policy(model, trained)(rng.standard_normal((6, 5)), rng)
    assert actions.shape == (6, 3)
    assert log_probs.shape == (6,)


@pytest.mark.parametrize("optimizer", [adam(), rmsprop()], ids=["adam", "rmsprop"])
def test_a_learner_survives_a_checkpoint_to_the_bit(optimizer: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    trained = small_learner(rng, Sizes(4, 2, 4), optimizer)
    grads = {key: rng.standard_normal(a.shape) for key, a in trained.params.items()}
    params, state = optimizer.step(trained.params, grads, trained.state, 0.1)
    trained = replace(trained, params=params, state=state)
    checkpoints.save(tmp_path / "learner.npz", learner_arrays(trained))
    again = restore_learner(checkpoints.load(tmp_path / "learner.npz")[0], optimizer)
    one = optimizer.step(trained.params, grads, trained.state, 0.1)[0]
    two = optimizer.step(again.params, grads, again.state, 0.1)[0]
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[key], two[key]) for key in one)
    assert again.actor.keys() == trained.actor.keys() == {"W0", "b0", "W1", "b1"}
