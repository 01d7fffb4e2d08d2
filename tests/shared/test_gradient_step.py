"""The gradient of the whole loss with respect to every parameter, and the step made of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.params import Params, flatten, global_norm, unflatten
from refimpl.shared.a2c import A2CSettings, policy_gradient_surrogate
from refimpl.shared.action_heads import factored
from refimpl.shared.actor_critic import Learner, Model, no_mask
from refimpl.shared.batch import Batch, with_outputs
from refimpl.shared.gae import standardized, unscaled
from refimpl.shared.gradient_step import (
    Losses,
    Objective,
    clip_jointly,
    clip_separately,
    gradient_step,
    in_blocks,
    loss_and_gradients,
    unclipped,
)
from refimpl.shared.optimizer import group
from refimpl.shared.ppo import PPOSettings, clipped_surrogate, value_loss
from tests.shared.agents import PartingGame
from tests.shared.gradients import assert_gradient
from tests.shared.models import Sizes, collected, small_learner, small_model, team_model
from tests.shared.tabular import dynamics, random_mdp

Case = tuple[Model, Learner, Batch]


def one_agent(rng: np.random.Generator) -> Case:
    model, trained = small_model(), small_learner(rng, Sizes(3, 2, 3))
    copies = dynamics(random_mdp(rng, 3, 2, 0.9), 4)
    return model, trained, collected(model, trained, copies, 2, rng)


def team(rng: np.random.Generator) -> Case:
    model, trained = team_model(), small_learner(rng, Sizes(2, 2, 4))
    return model, trained, collected(model, trained, PartingGame(3, True), 2, rng)


def independent_agents(rng: np.random.Generator) -> Case:
    model, trained = small_model(), small_learner(rng, Sizes(2, 2, 2))
    return model, trained, collected(model, trained, PartingGame(3, False), 2, rng)


def masked(rng: np.random.Generator) -> Case:
    model, trained, batch = one_agent(rng)
    taken = batch.actions[:, None] == np.arange(2)
    # Observations that differ from row to row, so that the mask can be a function of them.
    batch = replace(batch, observations=rng.standard_normal((len(batch), 3)))
    first, allowed = batch.observations[:, 0], taken | (rng.random(taken.shape) < 0.5)

    def mask_view(observations: Any) -> Any:
        return allowed[[int(np.flatnonzero(first == o[0])[0]) for o in observations]]

    return replace(model, mask_view=mask_view), trained, batch


def joint(rng: np.random.Generator) -> Case:
    model, trained = small_model(factored((2, 3))), small_learner(rng, Sizes(4, 5, 4))
    n = 7
    actions = np.stack([rng.integers(2, size=n), rng.integers(3, size=n)], axis=1)
    columns = [rng.standard_normal(n) for _ in range(4)]
    return model, trained, Batch(rng.standard_normal((n, 4)), actions, *columns)


CASES = [one_agent, team, independent_agents, masked, joint]


def off_kink(case: Case, clip: float, rng: np.random.Generator) -> Batch:
    """Batch whose ratios are 0.5, 1 or 1.5 times: away from 1 +- clip for any clip below 0.4."""
    model, trained, batch = case
    outputs, _ = model.actor.forward(trained.actor, batch.observations)
    now = model.head.log_prob(outputs, batch.actions, model.mask_view(batch.observations))
    shift = np.log(rng.choice([0.5, 1.0, 1.5], size=now.shape))
    assert clip < 0.4
    return replace(batch, log_probs=now - shift, advantages=rng.standard_normal(now.shape))


@pytest.mark.parametrize("build", CASES)
@given(seed=st.integers(0, 2**32 - 1))
def test_gradient_by_complex_step(build: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, trained, batch = case = build(rng)
    batch = off_kink(case, 0.2, rng)
    for surrogate in (partial(clipped_surrogate, clip=0.2), policy_gradient_surrogate):
        objective = Objective(surrogate, value_loss, 0.03, 0.7)

        def loss(vector: Any, objective: Objective = objective) -> Any:
            params = unflatten(vector, trained.params)
            parts, _ = loss_and_gradients(model, params, batch, objective)
            return parts.policy - 0.03 * parts.entropy + 0.7 * parts.value

        losses, grads = loss_and_gradients(model, trained.params, batch, objective)
        assert grads.keys() == trained.params.keys()
        assert_gradient(loss, flatten(trained.params), flatten(grads), rng)
        assert losses.entropy > 0 or build is masked


def test_the_critic_does_not_move_the_actor() -> None:
    rng = np.random.default_rng(0)
    model, trained, batch = one_agent(rng)
    objective = Objective(policy_gradient_surrogate, value_loss, 0.0, 1.0)
    one = loss_and_gradients(model, trained.params, batch, objective)[1]
    other = replace(batch, returns=batch.returns + 3)
    two = loss_and_gradients(model, trained.params, other, objective)[1]
    for key, gradient in group(one, "actor").items():
        assert np.array_equal(gradient, group(two, "actor")[key])
    assert not np.array_equal(one["critic.b1"], two["critic.b1"])


def gradients(actor: float, critic: float) -> Params:
    return {"actor.W": np.full((2, 2), actor / 2), "critic.W": np.full((2, 2), critic / 2)}


def test_clipping_together_and_apart() -> None:
    grads = gradients(3.0, 4.0)  # norms 3 and 4, together 5
    together = clip_jointly(grads, 2.5)
    assert global_norm(together) == pytest.approx(2.5, rel=1e-14)
    assert together["actor.W"][0, 0] == pytest.approx(0.75)
    apart = clip_separately(grads, 3.5)
    assert global_norm(group(apart, "actor")) == pytest.approx(3.0, rel=1e-14)
    assert global_norm(group(apart, "critic")) == pytest.approx(3.5, rel=1e-14)


def test_no_clipping_is_no_clipping() -> None:
    grads = gradients(3.0, 4.0)
    assert unclipped(grads, 1e-3) is grads


@pytest.mark.parametrize("build", CASES)
@given(rows=st.integers(1, 30), seed=st.integers(0, 2**32 - 1))
def test_blocks_give_the_gradient_of_the_whole(build: Any, rows: int, seed: int) -> None:
    model, trained, batch = build(np.random.default_rng(seed))
    if build is not masked:  # whose mask is a function of whole batches
        batch = with_outputs(model, trained, batch)
        model = replace(model, mask_view=no_mask)
    objective = PPOSettings(entropy_coef=0.03, kl_coef=0.5).objective
    losses, grads = loss_and_gradients(model, trained.params, batch, objective)
    block_losses, block_grads = in_blocks(model, trained.params, batch, objective, rows)
    assert block_grads.keys() == grads.keys()
    size = np.linalg.norm(flatten(grads)) + 1
    assert np.linalg.norm(flatten(block_grads) - flatten(grads)) <= 1e-13 * size
    for name in ("policy", "value", "entropy", "kl"):
        expected = getattr(losses, name)
        assert getattr(block_losses, name) == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_blocks_on_threads_give_the_same_bits() -> None:
    model, trained, batch = one_agent(np.random.default_rng(3))
    objective = PPOSettings().objective
    one = in_blocks(model, trained.params, batch, objective, 5)[1]
    with ThreadPoolExecutor(2) as pool:
        two = in_blocks(model, trained.params, batch, objective, 5, pool.map)[1]
    assert all(np.array_equal(one[key], two[key]) for key in one)


def test_a_step_uses_the_gradients_it_is_told_to() -> None:
    model, trained, batch = one_agent(np.random.default_rng(4))
    whole, _ = gradient_step(model, trained, batch, PPOSettings())
    blocks, _ = gradient_step(
        model, trained, batch, PPOSettings(), partial(in_blocks, rows=len(batch))
    )
    # One block is the whole batch with weight 1: the same bits.
    assert all(np.array_equal(whole.params[key], blocks.params[key]) for key in whole.params)


def test_bad_blocks_are_named() -> None:
    model, trained, batch = one_agent(np.random.default_rng(5))
    with pytest.raises(ValueError, match="rows must be an integer >= 1; got 0"):
        in_blocks(model, trained.params, batch, PPOSettings().objective, 0)


@pytest.mark.parametrize("settings", [PPOSettings(), A2CSettings(scale_advantages=standardized)])
@pytest.mark.parametrize("clip", [clip_jointly, clip_separately])
def test_a_step_is_scale_differentiate_clip_move(settings: Any, clip: Any) -> None:
    rng = np.random.default_rng(1)
    settings = replace(settings, clip_gradients=clip, max_grad_norm=0.1, learning_rate=0.03)
    model, trained, batch = one_agent(rng)
    before = {key: array.copy() for key, array in trained.params.items()}
    scaled = replace(batch, advantages=standardized(batch.advantages))
    expected, grads = loss_and_gradients(model, trained.params, scaled, settings.objective)
    clipped = clip(grads, 0.1)
    assert global_norm(grads) > global_norm(clipped)
    params, _ = settings.optimizer.step(trained.params, clipped, trained.state, 0.03)
    after, losses = gradient_step(model, trained, batch, settings)
    assert losses == expected
    assert isinstance(losses, Losses)
    assert all(np.array_equal(after.params[key], params[key]) for key in params)
    assert all(np.array_equal(trained.params[key], before[key]) for key in before)


def test_advantages_are_left_alone_when_told_so() -> None:
    rng = np.random.default_rng(2)
    model, trained, batch = one_agent(rng)
    plain, scaled = (
        gradient_step(model, trained, batch, A2CSettings(scale_advantages=how))[1].policy
        for how in (unscaled, standardized)
    )
    assert plain != scaled
