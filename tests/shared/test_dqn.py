"""DQN: semi-gradient by complex step, what the target network is for, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.losses import huber
from linear_models.params import Params, flatten, unflatten
from lp_solvers.finite_mdp import bellman_q, deterministic, start_value
from lp_solvers.policy_iteration import policy_iteration
from refimpl.shared import checkpoints
from refimpl.shared.actor_critic import mlp_network
from refimpl.shared.dqn import (
    DQNLearner,
    DQNSettings,
    bootstrap_targets,
    double_minimum,
    dqn_learner,
    epsilon_greedy,
    learner_arrays,
    loss_and_gradients,
    restore_learner,
    target_minimum,
    td_loss,
    update,
)
from refimpl.shared.optimizer import adam
from refimpl.shared.replay import Transitions, add, draw, replay
from refimpl.shared.statistics import binomial_z_score
from tests.shared.gradients import assert_gradient
from tests.shared.strategies import floats
from tests.shared.tabular import dynamics, walk_mdp

Array = NDArray[Any]
NETWORK = mlp_network()
seeds = st.integers(0, 2**32 - 1)


def network_params(seed: int) -> Params:
    return mlp.init(np.random.default_rng(seed), (3, 5, 2))


def transitions(rng: np.random.Generator, n: int = 6) -> Transitions:
    return Transitions(
        rng.standard_normal((n, 3)),
        rng.integers(2, size=n),
        rng.standard_normal(n),
        rng.standard_normal((n, 3)),
        rng.random(n) < 0.3,
    )


def learner_with_target(seed: int) -> DQNLearner:
    """Online and target network differ."""
    return replace(dqn_learner(network_params(seed), adam()), target=network_params(seed + 1))


@given(floats((4, 3)), floats((4, 3)))
def test_next_values(online: Array, target: Array) -> None:
    smallest, double = target_minimum(online, target), double_minimum(online, target)
    assert smallest.tolist() == [min(row) for row in target.tolist()]
    for row in range(4):
        assert double[row] == target[row, online[row].argmin()]
    assert np.all(double >= smallest)
    assert np.array_equal(double_minimum(target, target), smallest)


def test_double_minimum_mends_the_bias_of_the_minimum() -> None:
    # Every action costs 0; both networks see it through independent noise.
    rng = np.random.default_rng(0)
    online, target = rng.standard_normal((2, 4000, 3))
    assert target_minimum(online, target).mean() < -0.5
    double = double_minimum(online, target)
    assert abs(double.mean()) < 4 / np.sqrt(4000)


@given(floats((5,)), floats((5,)), st.floats(0, 1), seeds)
def test_targets_bootstrap_unless_terminated(
    costs: Array, values: Array, gamma: float, seed: int
) -> None:
    terminated = np.random.default_rng(seed).random(5) < 0.5
    targets = bootstrap_targets(costs, terminated, values, gamma)
    expected = [
        c if end else c + gamma * v for c, end, v in zip(costs, terminated, values, strict=True)
    ]
    assert targets.tolist() == expected


@given(floats((4, 3)), seeds)
def test_loss_reads_and_moves_only_the_actions_taken(q: Array, seed: int) -> None:
    rng = np.random.default_rng(seed)
    actions = rng.integers(3, size=4)
    taken = q[np.arange(4), actions]
    # Errors of 0.5 and 2 deltas: away from the change of formula, which is no kink anyway.
    targets = taken + rng.choice([-2.0, -0.5, 0.5, 2.0], size=4)
    loss, d_q = td_loss(q, actions, targets, 1.0)
    assert loss == huber(taken, targets, 1.0)
    others = np.ones_like(q, dtype=bool)
    others[np.arange(4), actions] = False
    assert not d_q[others].any()
    assert_gradient(lambda z: td_loss(z, actions, targets, 1.0)[0], q, d_q, rng)


@pytest.mark.parametrize("next_value", [target_minimum, double_minimum])
@given(seed=st.integers(0, 2**31))
def test_gradient_by_complex_step_with_constant_targets(next_value: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trained, batch = learner_with_target(seed), transitions(rng)
    settings = DQNSettings(gamma=0.9, huber_delta=0.7, next_value=next_value)
    online, _ = mlp.forward(trained.params, batch.next_observations)
    target, _ = mlp.forward(trained.target, batch.next_observations)
    fixed = batch.costs + 0.9 * ~batch.terminated * next_value(online, target)

    def loss(vector: Array) -> Any:
        q, _ = mlp.forward(unflatten(vector, trained.params), batch.observations)
        return td_loss(q, batch.actions, fixed, 0.7)[0]

    value, grads = loss_and_gradients(NETWORK, trained, batch, settings)
    vector = flatten(trained.params)
    assert value == pytest.approx(loss(vector), rel=1e-13)
    assert_gradient(loss, vector, flatten(grads), rng)


def test_target_network_decides_the_targets_and_is_not_trained() -> None:
    rng = np.random.default_rng(1)
    trained, batch = learner_with_target(3), transitions(rng)
    settings = DQNSettings(target_period=100)
    one = loss_and_gradients(NETWORK, trained, batch, settings)[0]
    other = replace(trained, target=network_params(9))
    assert one != loss_and_gradients(NETWORK, other, batch, settings)[0]
    after, loss = update(NETWORK, trained, batch, settings)
    assert loss == one
    assert after.target is trained.target
    assert not np.array_equal(flatten(after.params), flatten(trained.params))


def test_target_network_is_a_copy_made_every_so_often() -> None:
    rng = np.random.default_rng(2)
    trained, settings = dqn_learner(network_params(0), adam()), DQNSettings(target_period=3)
    previous = trained.target
    for k in range(1, 10):
        trained, _ = update(NETWORK, trained, transitions(rng), settings)
        assert trained.n_updates == k
        expected = trained.params if k % 3 == 0 else previous
        assert np.array_equal(flatten(trained.target), flatten(expected))
        previous = trained.target


def test_training_in_single_precision_stays_there() -> None:
    rng = np.random.default_rng(7)
    params = mlp.init(rng, (3, 5, 2), dtype=np.float32)
    batch = transitions(rng)
    observed = {
        name: getattr(batch, name).astype(np.float32)
        for name in ("observations", "next_observations")
    }
    settings = DQNSettings()
    trained = dqn_learner(params, settings.optimizer)
    after, _ = update(NETWORK, trained, replace(batch, **observed), settings)
    assert {array.dtype for array in after.params.values()} == {np.dtype(np.float32)}


def test_update_clips_and_steps() -> None:
    rng = np.random.default_rng(3)
    trained, batch = learner_with_target(4), transitions(rng)
    settings = DQNSettings(max_grad_norm=1e-3, learning_rate=0.1)
    _, grads = loss_and_gradients(NETWORK, trained, batch, settings)
    norm = np.linalg.norm(flatten(grads))
    assert norm > 1e-3
    small = {key: array * 1e-3 / norm for key, array in grads.items()}
    expected, _ = settings.optimizer.step(trained.params, small, trained.state, 0.1)
    after, _ = update(NETWORK, trained, batch, settings)
    np.testing.assert_allclose(flatten(after.params), flatten(expected), rtol=1e-12)


def test_a_learner_survives_a_checkpoint_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    settings, path = DQNSettings(target_period=2), tmp_path / "dqn.npz"
    trained = dqn_learner(network_params(0), settings.optimizer)
    for _ in range(3):
        trained, _ = update(NETWORK, trained, transitions(rng), settings)
    checkpoints.save(path, learner_arrays(trained))
    again = restore_learner(checkpoints.load(path)[0], settings.optimizer)
    batch = transitions(rng)
    one, _ = update(NETWORK, trained, batch, settings)
    two, _ = update(NETWORK, again, batch, settings)
    assert np.array_equal(flatten(one.params), flatten(two.params))
    assert np.array_equal(flatten(one.target), flatten(two.target))
    assert one.n_updates == two.n_updates == 4


def test_exploration() -> None:
    rng = np.random.default_rng(5)
    params, n = network_params(0), 3000
    observations = np.tile(rng.standard_normal(3), (n, 1))
    q, _ = mlp.forward(params, observations[0])
    best = int(q.argmin())
    assert np.all(epsilon_greedy(NETWORK, params, observations, 0.0, rng) == best)
    hits = int((epsilon_greedy(NETWORK, params, observations, 0.4, rng) == best).sum())
    assert abs(binomial_z_score(hits, n, 0.8)) < 4
    assert epsilon_greedy(NETWORK, params, observations.reshape(3, 1000, 3), 0.5, rng).shape == (
        3,
        1000,
    )


def test_it_learns_the_optimum() -> None:
    """Exploring behaviour on 16 copies, cut every four steps.

    Margins: the greedy policy costs exactly the optimum, and no cost-to-go is off by more than
    10 % of the largest.
    """
    mdp, rng = walk_mdp(), np.random.default_rng(6)
    optimum = policy_iteration(mdp)
    copies, settings = dynamics(mdp, 4), DQNSettings(gamma=0.9, target_period=50, batch_size=64)
    trained = dqn_learner(mlp.init(rng, (4, 16, 2)), settings.optimizer)
    state = copies.reset(16, rng)
    memory = None
    for _ in range(1500):
        before = copies.observe(state)
        actions = epsilon_greedy(NETWORK, trained.params, before, 0.3, rng)
        state, rewards, terminated, truncated = copies.step(state, actions, rng)
        new = Transitions(before, actions, -rewards, copies.observe(state), terminated)
        memory = add(memory or replay(new, 2000), new)
        if truncated.all():
            state = copies.reset(16, rng)
        trained, _ = update(NETWORK, trained, draw(memory, settings.batch_size, rng), settings)
    q, _ = mlp.forward(trained.params, np.eye(4))
    learned = start_value(mdp, deterministic(q.argmin(axis=1), 2))
    assert learned == pytest.approx(float(mdp.start @ optimum.value), rel=1e-12)
    exact = bellman_q(mdp, optimum.value)
    assert np.abs(q - exact).max() < 0.1 * exact.max()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DQNSettings(gamma=1.1), r"gamma must be in \[0, 1\]; got 1.1"),
        (lambda: DQNSettings(batch_size=0), "batch_size must be at least 1; got 0"),
        (lambda: DQNSettings(target_period=0), "target_period must be at least 1; got 0"),
        (lambda: DQNSettings(huber_delta=0), "huber_delta must be finite and > 0; got 0"),
        (lambda: DQNSettings(learning_rate=-1), "learning_rate must be finite and > 0; got -1"),
        (lambda: DQNSettings(max_grad_norm=0), "max_grad_norm must be finite and > 0; got 0"),
        (
            lambda: bootstrap_targets(np.ones(2), np.zeros(2, dtype=bool), np.ones(3), 0.9),
            r"next_values must have shape \(2,\); got \(3,\)",
        ),
        (
            lambda: bootstrap_targets(np.ones(2), np.zeros(1, dtype=bool), np.ones(2), 0.9),
            "terminated must have shape",
        ),
        (
            lambda: bootstrap_targets(np.ones(1), np.zeros(1, dtype=bool), np.ones(1), 2),
            "gamma must be in",
        ),
        (lambda: td_loss(np.ones((2, 2)), np.array([0, 2]), np.ones(2), 1.0), "actions must be"),
        (lambda: td_loss(np.ones((2, 2)), np.array([0]), np.ones(2), 1.0), "actions must have"),
        (
            lambda: td_loss(np.ones((1, 2)), np.array([0]), np.full(1, np.nan), 1.0),
            "target must be finite; got nan",
        ),
        (
            lambda: epsilon_greedy(
                NETWORK, network_params(0), np.ones((1, 3)), 2, np.random.default_rng(0)
            ),
            r"epsilon must be in \[0, 1\]; got 2",
        ),
        (
            lambda: epsilon_greedy(
                NETWORK, network_params(0), np.full((1, 3), np.nan), 0, np.random.default_rng(0)
            ),
            "q must be finite; got nan",
        ),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
