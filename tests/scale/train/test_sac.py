"""Discrete SAC: its update by direct formulas, the entropy it aims at, and that it learns."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from linear_models import categorical
from linear_models.params import flatten
from refimpl.scale.train import structured
from refimpl.scale.train.dqn import action_values
from refimpl.scale.train.experience import parts, transitions
from refimpl.scale.train.masks import feasible_only
from refimpl.shared.replay import Transitions, draw
from tests.scale.train.strategies import CROSS, SAC, N
from tests.scale.train.test_dqn import _ends
from tests.scale.train.test_ppo import collected, learner


def batch_of(model, rollout, n=16):
    model.memory = model.memory if model.memory.size else _filled(model, rollout)
    return draw(model.memory, n, np.random.default_rng(1))


def _filled(model, rollout):
    model.learn(rollout, 0, np.random.default_rng(0))
    return model.memory


def test_targets_are_the_soft_values_of_the_smaller_target_network() -> None:
    model, rollout = learner(SAC), collected(SAC)
    batch = batch_of(model, rollout)
    found = model._targets(batch, 0.3)
    task, servers = parts(batch.next_observations)
    outputs, _ = structured.forward(model.params(), task, servers)
    expected = np.empty(16)
    for b in range(16):
        p = np.exp(outputs.logits[b] - outputs.logits[b].max())
        p /= p.sum()
        values = [
            action_values(model.targets[name], task[[b]], servers[[b]])[0][0]
            for name in ("first", "second")
        ]
        future = (p * (np.minimum(*values) - 0.3 * np.log(p))).sum()
        expected[b] = -batch.costs[b] + SAC.gamma * (1 - batch.terminated[b]) * future
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dtype == np.float32
    assert batch.terminated.any()


def test_targets_follow_slowly() -> None:
    model, rollout = learner(SAC), collected(SAC)
    before = {name: flatten(model.targets[name]) for name in model.targets}
    batch = batch_of(model, rollout)
    before = {name: flatten(model.targets[name]) for name in model.targets}
    model._update(batch, 1e-2)
    for name, critic in model.critics.items():
        expected = 0.9 * before[name] + 0.1 * critic.weights.vector
        np.testing.assert_allclose(flatten(model.targets[name]), expected, atol=1e-6)


def test_the_policy_is_judged_by_the_smaller_of_both_values_before_the_step() -> None:
    model, rollout = learner(SAC), collected(SAC)
    batch = batch_of(model, rollout)
    states = parts(batch.observations)
    values = [action_values(c.weights.params(), *states)[0] for c in model.critics.values()]
    judged, _ = model._critics(batch, states, np.zeros(16, np.float32), 1e-2)
    np.testing.assert_array_equal(judged, np.minimum(*values))
    assert (values[0] < values[1]).any()
    assert (values[0] > values[1]).any()


def test_the_critics_start_unlike_and_the_targets_like_them() -> None:
    model = learner(SAC)
    first, second = (model.critics[name].weights.vector for name in ("first", "second"))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(flatten(model.targets["first"]), first)
    assert "critic_W" not in model.params()


@pytest.mark.parametrize(("target", "sign"), [(0.0, -1), (1.0, 1)])
def test_the_temperature_moves_towards_the_wanted_entropy(target, sign) -> None:
    """An untrained policy is nearly uniform: more random than 0, less than ln N by a little."""
    settings = replace(SAC, off_policy=replace(SAC.off_policy, entropy_target=target))
    model, rollout = learner(settings), collected(settings)
    row = model.learn(rollout, 0, np.random.default_rng(0))
    found = math.exp(model.temperature.weights.named["log"][0])
    assert sign * (found - settings.off_policy.temperature) > 0
    assert 0 < row["entropy"] <= math.log(N) + 1e-6


def test_it_learns_which_server_pays_and_how_random_to_be() -> None:
    """Without a future the policy becomes softmax(pay / temperature) at the entropy aimed at."""
    settings = replace(
        SAC,
        passes=700,
        steps=48,
        minibatch=48,
        learning_rate=(1e-2, 1e-2),
        max_grad_norm=10.0,
        off_policy=replace(SAC.off_policy, entropy_target=0.6, temperature=0.1),
    )
    model, rollout = learner(settings), collected(settings)
    pay = np.array([0.2, -0.3, 0.5])
    once = replace(
        rollout,
        rewards=pay[rollout.actions],
        ended=np.ones_like(rollout.ended),
        finals=_ends(rollout),
    )
    model.learn(once, 0, np.random.default_rng(0))
    outputs, _ = structured.forward(
        model.params(), *parts(transitions(settings, once).observations)
    )
    entropy = categorical.entropy(outputs.logits).mean()
    assert entropy == pytest.approx(0.6 * math.log(N), abs=0.05)
    temperature = math.exp(model.temperature.weights.named["log"][0])
    wanted = categorical.probabilities(pay / temperature)
    found = categorical.probabilities(outputs.logits).mean(axis=0)
    np.testing.assert_allclose(found, wanted, atol=0.05)


def test_masks_are_kept_while_acting() -> None:
    rollout = collected(replace(SAC, mask=feasible_only))
    assert np.take_along_axis(rollout.allowed, rollout.actions[..., None], axis=2).all()


def test_the_pointer_network_is_refused() -> None:
    with pytest.raises(TypeError, match="net must be a StructuredNet for SAC"):
        SAC.method.start(replace(SAC, net=CROSS.net), N, 0)


def test_transitions_are_what_it_learns_from() -> None:
    model, rollout = learner(SAC), collected(SAC)
    model.learn(rollout, 0, np.random.default_rng(0))
    expected = transitions(SAC, rollout)
    assert isinstance(expected, Transitions)
    np.testing.assert_array_equal(
        model.memory.memory.observations[: model.memory.size], expected.observations
    )
    assert model.actor_net.moments.t == SAC.gradient_steps
