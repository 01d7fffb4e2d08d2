"""Dueling DQN: the formula, its gradient, exploration, targets, and that it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import complex_step_jvp
from linear_models.params import flatten, unflatten
from refimpl.scale.train import structured
from refimpl.scale.train.dqn import COSTS, OPTIMIZER, action_values, action_values_vjp, explore
from refimpl.scale.train.experience import vectors
from refimpl.scale.train.masks import feasible_only
from refimpl.shared.dqn import DQNSettings, dqn_learner, loss_and_gradients
from refimpl.shared.replay import Transitions
from refimpl.shared.statistics import binomial_z_score
from tests.scale.train.strategies import DQN, SYSTEM, N, rngs, states
from tests.scale.train.test_ppo import collected, learner
from tests.scale.train.test_structured import network


@given(rngs)
def test_values_are_dueling(rng) -> None:
    params, seen = network(rng), states(rng, 4)
    q, cache = action_values(params, *seen)
    outputs, _ = structured.forward(params, *seen)
    np.testing.assert_allclose(q.mean(axis=1), outputs.value, atol=1e-12)
    gaps = outputs.logits - outputs.logits[:, :1]
    np.testing.assert_allclose(q - q[:, :1], gaps, atol=1e-12)
    np.testing.assert_array_equal(q.argmax(axis=1), outputs.logits.argmax(axis=1))
    costs, _ = COSTS.forward(params, vectors(*seen))
    np.testing.assert_array_equal(costs, -q)
    d_q, vector, direction = rng.standard_normal(q.shape), flatten(params), None
    direction = rng.standard_normal(vector.size)
    slope = complex_step_jvp(
        lambda x: (d_q * action_values(unflatten(x, params), *seen)[0]).sum(), vector, direction
    )
    grads = flatten(action_values_vjp(params, cache, d_q))
    size = np.linalg.norm(grads) * np.linalg.norm(direction)
    assert float(grads @ direction) == pytest.approx(float(slope), abs=1e-10 * size)
    twice, _ = COSTS.backward(params, COSTS.forward(params, vectors(*seen))[1], -d_q)
    np.testing.assert_array_equal(flatten(twice), grads)


@given(rngs, st.booleans())
def test_targets_are_reward_and_the_target_networks_best_value(rng, last) -> None:
    """The semi-gradient is that of the Huber loss with the formula's target."""
    params, other = network(rng), network(rng)
    (task, servers), (task2, servers2) = states(rng, 3), states(rng, 3)
    actions, rewards = rng.integers(0, 3, 3), rng.standard_normal(3)
    terminated = np.array([last, False, True])
    batch = Transitions(
        vectors(task, servers), actions, -rewards, vectors(task2, servers2), terminated
    )
    model = replace(dqn_learner(params, OPTIMIZER), target=other)
    loss, grads = loss_and_gradients(COSTS, model, batch, DQNSettings(gamma=0.9, huber_delta=0.5))
    best = action_values(other, task2, servers2)[0].max(axis=1)
    targets = rewards + 0.9 * np.where(terminated, 0, best)
    error = action_values(params, task, servers)[0][np.arange(3), actions] - targets
    slope = np.clip(error, -0.5, 0.5)
    assert loss == pytest.approx((slope * (error - slope / 2)).mean(), abs=1e-12)
    d_q = np.zeros((3, 3))
    d_q[np.arange(3), actions] = slope / 3
    expected = action_values_vjp(params, action_values(params, task, servers)[1], d_q)
    np.testing.assert_allclose(flatten(grads), flatten(expected), atol=1e-12)


def test_exploration_is_uniform_over_what_is_allowed() -> None:
    rng, n = np.random.default_rng(0), 30_000
    q = np.tile([1.0, 5.0, 3.0, 4.0], (n, 1))
    allowed = np.tile([True, False, True, True], (n, 1))
    actions = explore(q, allowed, 0.6, rng)
    counts = np.bincount(actions, minlength=4)
    assert counts[1] == 0
    for action, p in ((0, 0.2), (2, 0.2), (3, 0.6)):
        assert abs(binomial_z_score(int(counts[action]), n, p)) < 4
    np.testing.assert_array_equal(explore(q, None, 0.0, rng), 1)
    np.testing.assert_array_equal(explore(q, allowed, 0.0, rng), 3)
    free = np.bincount(explore(q, None, 1.0, rng), minlength=4)
    assert max(abs(binomial_z_score(int(count), n, 0.25)) for count in free) < 4
    with pytest.raises(ValueError, match="epsilon must be in"):
        explore(q, None, 1.5, rng)


def test_an_epoch_fills_the_memory_and_steps() -> None:
    model, rollout = learner(DQN), collected(DQN)
    before = flatten(model.params())
    row = model.learn(rollout, 0, np.random.default_rng(0))
    assert model.memory.size == 48
    assert model.learner.n_updates == DQN.gradient_steps == 6
    assert row["epsilon"] == 1.0
    assert np.isfinite(row["loss"])
    after = model.params()
    assert not np.array_equal(flatten(after), before)
    assert {value.dtype for value in after.values()} == {np.dtype(np.float32)}
    # The fifth of six steps copied the network; the sixth moved it on.
    assert not np.array_equal(flatten(model.learner.target), flatten(after))
    assert not np.array_equal(flatten(model.learner.target), before)


def test_exploration_falls_with_the_epochs_and_masks_are_kept() -> None:
    settings = replace(DQN, mask=feasible_only, epochs=40)
    assert [settings.epsilon(k) for k in (0, 2, 4, 39)] == pytest.approx([1.0, 0.525, 0.05, 0.05])
    rollout = collected(settings)
    assert np.take_along_axis(rollout.allowed, rollout.actions[..., None], axis=2).all()


def test_it_learns_which_server_pays() -> None:
    """Transitions without a future: the values become the rewards of the servers."""
    rng = np.random.default_rng(0)
    settings = replace(DQN, minibatch=64, passes=400, steps=48, learning_rate=(3e-3, 3e-3))
    model, rollout = learner(settings), collected(settings)
    pay = np.array([0.2, -0.3, 0.5])
    once = replace(
        rollout,
        rewards=pay[rollout.actions],
        ended=np.ones_like(rollout.ended),
        finals=_ends(rollout),
    )
    model.learn(once, 0, rng)
    q, _ = action_values(model.params(), rollout.task[:-1, 0], rollout.servers[:-1, 0])
    np.testing.assert_allclose(q.mean(axis=0), pay, atol=0.05)
    assert SYSTEM.n_servers == N


def _ends(rollout):
    at = np.argwhere(np.ones_like(rollout.ended))
    return replace(
        rollout.finals,
        at=at,
        task=rollout.task[1:].reshape(-1, 5),
        servers=rollout.servers[1:].reshape(-1, N, 5),
    )
