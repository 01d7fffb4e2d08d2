"""A2C: one unclipped step of PPO, with the published defaults, and it learns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import categorical, mlp
from linear_models.params import flatten
from lp_solvers.finite_mdp import start_value
from lp_solvers.policy_iteration import policy_iteration
from refimpl.shared import ppo
from refimpl.shared.a2c import (
    SB3_ACTOR_GAIN,
    SB3_DEFAULTS,
    SB3_HIDDEN,
    A2CSettings,
    policy_gradient_surrogate,
    update,
)
from refimpl.shared.action_heads import factored
from refimpl.shared.actor_critic import learner, policy
from refimpl.shared.batch import to_batch
from refimpl.shared.gae import standardized
from refimpl.shared.optimizer import rmsprop
from refimpl.shared.rollout import collect
from tests.shared.agents import PartingGame
from tests.shared.gradients import assert_gradient
from tests.shared.models import Sizes, collected, small_learner, small_model, team_model
from tests.shared.strategies import floats
from tests.shared.tabular import dynamics, walk_mdp

EPS = float(np.finfo(float).eps)
seeds = st.integers(0, 2**32 - 1)


@given(floats((5,)), floats((5,)), seeds)
def test_surrogate_and_its_gradient(log_probs: Any, advantages: Any, seed: int) -> None:
    loss, d_log_probs = policy_gradient_surrogate(log_probs, log_probs, advantages)
    by_hand = -sum(log_probs * advantages) / 5
    assert loss == pytest.approx(by_hand, rel=1e-12, abs=500 * EPS)
    rng = np.random.default_rng(seed)
    assert_gradient(
        lambda x: policy_gradient_surrogate(x, log_probs, advantages)[0],
        log_probs,
        d_log_probs,
        rng,
    )


@pytest.mark.parametrize("scale", [SB3_DEFAULTS.scale_advantages, standardized])
@given(seed=seeds)
def test_one_step_is_ppo_with_one_epoch_and_no_clip(scale: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ours = A2CSettings(entropy_coef=0.01, scale_advantages=scale)
    theirs = ppo.PPOSettings(
        n_steps=ours.n_steps,
        gamma=ours.gamma,
        lam=ours.lam,
        clip=math.inf,
        entropy_coef=0.01,
        value_coef=ours.value_coef,
        epochs=1,
        n_minibatches=1,
        learning_rate=ours.learning_rate,
        max_grad_norm=ours.max_grad_norm,
        optimizer=ours.optimizer,
        scale_advantages=scale,
    )
    model = team_model()
    trained = small_learner(rng, Sizes(2, 2, 4), ours.optimizer)
    batch = collected(model, trained, PartingGame(3, True), 4, rng)
    one, one_losses = update(model, trained, batch, ours)
    two, two_losses = ppo.update(model, trained, batch, theirs, rng)
    # PPO shuffles the samples, so its sums round differently. RMSprop divides a gradient g by
    # sqrt(0.01) |g| + 1e-5, which turns an error of the gradient into one at most 1e5 times as
    # large; the learning rate is 7e-4.
    difference = np.abs(flatten(one.params) - flatten(two.params)).max()
    assert difference <= 7e-4 * 1e5 * 1e-15 * 10
    assert one_losses.value == pytest.approx(two_losses.value, rel=1e-12)
    assert one_losses.entropy == pytest.approx(two_losses.entropy, rel=1e-12)
    assert np.abs(flatten(one.params) - flatten(trained.params)).max() > 0


def test_published_defaults() -> None:
    """Constructor of ``stable_baselines3.A2C``, its policy's networks and ``torch`` RMSprop."""
    expected = {
        "n_steps": 5,
        "gamma": 0.99,
        "lam": 1.0,
        "entropy_coef": 0.0,
        "value_coef": 0.5,
        "learning_rate": 7e-4,
        "max_grad_norm": 0.5,
    }
    assert {name: getattr(SB3_DEFAULTS, name) for name in expected} == expected
    assert (SB3_HIDDEN, SB3_ACTOR_GAIN) == ((64, 64), 0.01)
    # torch.optim.RMSprop(alpha=0.99, eps=1e-5): v = 0.01 g^2, step lr g / (sqrt(v) + eps).
    params, grads = {"w": np.array([1.0])}, {"w": np.array([2.0])}
    stepped, _ = SB3_DEFAULTS.optimizer.step(
        params, grads, SB3_DEFAULTS.optimizer.init(params), 7e-4
    )
    assert stepped["w"][0] == pytest.approx(1 - 7e-4 * 2 / (math.sqrt(0.01 * 4) + 1e-5), rel=1e-15)
    assert SB3_DEFAULTS.scale_advantages(np.array([1.0, 3.0])).tolist() == [1.0, 3.0]


def test_settings_describe_their_loss() -> None:
    objective = A2CSettings(entropy_coef=0.3, value_coef=0.6).objective
    assert objective.surrogate is policy_gradient_surrogate
    assert objective.value_loss is ppo.value_loss
    assert (objective.entropy_coef, objective.value_coef) == (0.3, 0.6)


def test_it_learns_the_optimum() -> None:
    """Five steps at a time, cut after four; margin: at most 5 % above the optimal cost."""
    mdp = walk_mdp()
    optimum = float(mdp.start @ policy_iteration(mdp).value)
    chosen = replace(SB3_DEFAULTS, gamma=0.9, learning_rate=5e-3)
    rng = np.random.default_rng(0)
    model, copies = small_model(), dynamics(mdp, 4)
    trained = small_learner(rng, Sizes(4, 2, 4), chosen.optimizer)
    state = copies.reset(16, rng)
    for _ in range(300):
        rollout, state = collect(copies, policy(model, trained), state, chosen.n_steps, rng)
        batch = to_batch(model, trained, rollout, chosen.gamma, chosen.lam)
        trained, _ = update(model, trained, batch, chosen)
    logits, _ = mlp.forward(trained.actor, np.eye(4))
    assert start_value(mdp, categorical.probabilities(logits)) < 1.05 * optimum


class JointGame:
    """The parting game with one decision maker: both actions at once, (E, 2)."""

    inner = PartingGame(4, True)
    reset, step = inner.reset, inner.step

    def observe(self, state: Any) -> Any:
        """Nothing to see."""
        return np.ones((len(state["time"]), 1))


def test_joint_actions_are_learned_with_factored_heads() -> None:
    """Two binary choices at once; margin: the two differ at least 19 times in 20."""
    rng = np.random.default_rng(0)
    chosen = A2CSettings(learning_rate=5e-3, optimizer=rmsprop(eps=1e-5))
    model = small_model(factored((2, 2)))
    trained = learner(
        mlp.init(rng, (1, 8, 4), out_gain=0.5), mlp.init(rng, (1, 8, 1)), chosen.optimizer
    )
    game = JointGame()
    state = game.reset(16, rng)
    for _ in range(200):
        rollout, state = collect(game, policy(model, trained), state, chosen.n_steps, rng)
        batch = to_batch(model, trained, rollout, 0.9, chosen.lam)
        trained, _ = update(model, trained, batch, chosen)
    logits, _ = mlp.forward(trained.actor, np.ones(1))
    ann, bob = categorical.probabilities(logits.reshape(2, 2))
    assert ann[0] * bob[1] + ann[1] * bob[0] > 0.95


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: A2CSettings(n_steps=0), "n_steps must be at least 1; got 0"),
        (lambda: A2CSettings(gamma=-0.1), r"gamma must be in \[0, 1\]; got -0.1"),
        (lambda: A2CSettings(lam=math.nan), "lam must be in"),
        (lambda: A2CSettings(entropy_coef=-1), "entropy_coef must be finite and >= 0; got -1"),
        (lambda: A2CSettings(value_coef=math.nan), "value_coef must be finite"),
        (lambda: A2CSettings(learning_rate=0), "learning_rate must be finite and > 0; got 0"),
        (lambda: A2CSettings(max_grad_norm=0), "max_grad_norm must be finite and > 0; got 0"),
        (
            lambda: policy_gradient_surrogate(np.ones(2), np.ones(2), np.ones(3)),
            r"advantages must have shape \(2,\); got \(3,\)",
        ),
        (
            lambda: policy_gradient_surrogate(np.ones(1), np.ones(1), np.full(1, np.inf)),
            "advantages must be finite; got inf",
        ),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
