"""The penalty on the divergence: its weight, its gradient, and that it holds a policy back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.params import flatten, unflatten
from refimpl.shared import ppo
from refimpl.shared.action_heads import CATEGORICAL, ActionHead
from refimpl.shared.actor_critic import Learner, Model
from refimpl.shared.adaptive_kl import AdaptiveKL, update
from refimpl.shared.batch import Batch, with_outputs
from refimpl.shared.gae import standardized, unscaled
from refimpl.shared.gaussian_head import GAUSSIAN
from refimpl.shared.gradient_step import Objective, loss_and_gradients, unclipped
from refimpl.shared.ppo import PPOSettings, value_loss
from tests.shared.gradients import assert_gradient
from tests.shared.models import Sizes, small_learner, small_model

HEADS = [GAUSSIAN, CATEGORICAL]
SETTINGS = PPOSettings(
    learning_rate=0.02,
    epochs=3,
    n_minibatches=2,
    scale_advantages=unscaled,
    clip_gradients=unclipped,
)


def case(head: ActionHead, rng: np.random.Generator, n: int = 12) -> tuple[Model, Learner, Batch]:
    """A policy, and a batch that it made with advantages that have nothing to do with it."""
    model, trained = small_model(head), small_learner(rng, Sizes(3, 4, 3))
    observations = rng.standard_normal((n, 3))
    outputs, _ = model.actor.forward(trained.actor, observations)
    actions, log_probs = head.draw(outputs, rng, None)
    columns = rng.standard_normal((3, n))
    columns[0] = standardized(columns[0])
    return model, trained, Batch(observations, actions, log_probs, *columns)


@pytest.mark.parametrize(
    ("multiple", "factor"),
    [(0.0, 0.5), (0.49, 0.5), (0.51, 1.0), (1.0, 1.0), (1.99, 1.0), (2.01, 1.5), (50.0, 1.5)],
)
@given(coefficient=st.floats(0, 10), target=st.floats(1e-4, 1))
def test_the_weight_follows_the_divergence(
    multiple: float, factor: float, coefficient: float, target: float
) -> None:
    after = AdaptiveKL(coefficient, target).after(multiple * target)
    assert after.target == target
    assert after.coefficient == coefficient * factor


@pytest.mark.parametrize("head", HEADS)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_penalty_and_its_gradient(head: ActionHead, seed: int) -> None:
    """Away from the policy that acted, where the divergence has a slope."""
    rng = np.random.default_rng(seed)
    model, trained, batch = case(head, rng)
    remembered = with_outputs(model, trained, batch)
    moved = {k: p + 0.3 * rng.standard_normal(p.shape) for k, p in trained.params.items()}
    objective = Objective(zero_surrogate, value_loss, 0.0, 0.0, kl_coef=0.7)

    def loss(vector: Any) -> Any:
        parts, _ = loss_and_gradients(model, unflatten(vector, moved), remembered, objective)
        return 0.7 * parts.kl

    losses, grads = loss_and_gradients(model, moved, remembered, objective)
    now, _ = model.actor.forward(Learner(moved, None).actor, batch.observations)
    assert losses.kl == pytest.approx(head.kl(remembered.outputs, now, None).mean(), rel=1e-12)
    assert losses.kl > 0
    assert_gradient(loss, flatten(moved), flatten(grads), rng)


def zero_surrogate(log_probs: Any, old: Any, advantages: Any) -> tuple[Any, Any]:
    del old, advantages
    return 0.0 * log_probs.sum(), np.zeros_like(log_probs)


@pytest.mark.parametrize("head", HEADS)
def test_at_the_policy_that_acted_there_is_no_divergence_and_no_slope(head: ActionHead) -> None:
    rng = np.random.default_rng(1)
    model, trained, batch = case(head, rng)
    objective = replace(SETTINGS, kl_coef=1e3).objective
    plain, grads = loss_and_gradients(model, trained.params, batch, objective)
    remembered = with_outputs(model, trained, batch)
    losses, with_penalty = loss_and_gradients(model, trained.params, remembered, objective)
    assert plain.kl == 0
    assert abs(losses.kl) < 1e-15
    np.testing.assert_allclose(flatten(with_penalty), flatten(grads), rtol=0, atol=1e-12)


def test_without_weight_it_is_plain_ppo_to_the_bit() -> None:
    rng = np.random.default_rng(2)
    model, trained, batch = case(GAUSSIAN, rng)
    free = AdaptiveKL(0.0)
    one, losses, after = update(model, trained, batch, SETTINGS, free, np.random.default_rng(5))
    two, _ = ppo.update(model, trained, batch, SETTINGS, np.random.default_rng(5))
    assert all(np.array_equal(one.params[k], two.params[k]) for k in two.params)
    assert losses.kl > 0
    assert after.coefficient == 0


def test_a_heavier_penalty_keeps_the_policy_nearer() -> None:
    rng = np.random.default_rng(3)
    model, trained, batch = case(GAUSSIAN, rng, n=60)
    many = replace(SETTINGS, epochs=20)

    def divergence(coefficient: float) -> float:
        penalty = AdaptiveKL(coefficient)
        after, _, _ = update(model, trained, batch, many, penalty, np.random.default_rng(6))
        old, new = (model.actor.forward(x.actor, batch.observations)[0] for x in (trained, after))
        return float(GAUSSIAN.kl(old, new, None).mean())

    light, heavy = divergence(0.0), divergence(20.0)
    assert heavy < light / 2


def test_the_next_weight_comes_from_this_batch() -> None:
    rng = np.random.default_rng(4)
    model, trained, batch = case(GAUSSIAN, rng)
    for target in (1e-6, 1e3):
        penalty = AdaptiveKL(0.3, target)
        _, losses, after = update(model, trained, batch, SETTINGS, penalty, rng)
        assert after == penalty.after(losses.kl)
        assert after.coefficient != 0.3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AdaptiveKL(-0.1), "coefficient must be finite and >= 0; got -0.1"),
        (lambda: AdaptiveKL(0.2, 0.0), "target must be finite and > 0; got 0.0"),
        (lambda: PPOSettings(kl_coef=-1.0), "kl_coef must be finite and >= 0; got -1.0"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
