"""PPO: the exact gradient of its losses, its special cases, and that it learns what it should."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import categorical
from linear_models.losses import mse, mse_vjp
from refimpl.shared.action_heads import factored
from refimpl.shared.gradient_step import clip_separately, gradient_step
from refimpl.shared.ppo import PPOSettings, clipped_surrogate, policy_loss, update, value_loss
from tests.shared.agents import PartingGame
from tests.shared.gradients import assert_gradient
from tests.shared.models import Sizes, collected, small_learner, team_model
from tests.shared.strategies import PolicyBatch, floats, policy_batches

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
EPS = float(np.finfo(float).eps)


def loss_of(batch: PolicyBatch, **changes: Any) -> tuple[Any, Array]:
    b = replace(batch, **changes)
    return policy_loss(
        b.logits, b.actions, b.old_log_probs, b.advantages, b.clip, b.entropy_coef, b.mask
    )


@given(policy_batches(), seeds)
def test_gradient_by_complex_step_away_from_the_kink(batch: PolicyBatch, seed: int) -> None:
    _, d_logits = loss_of(batch)
    assert_gradient(
        lambda z: loss_of(batch, logits=z)[0],
        batch.logits,
        d_logits,
        np.random.default_rng(seed),
    )


@given(policy_batches())
def test_loss_is_its_formula(batch: PolicyBatch) -> None:
    total = 0.0
    for row, action in enumerate(batch.actions):
        mask = None if batch.mask is None else batch.mask[row]
        p = categorical.probabilities(batch.logits[row], mask)
        rho = p[action] / math.exp(batch.old_log_probs[row])
        bounded = min(max(rho, 1 - batch.clip), 1 + batch.clip)
        gain = min(rho * batch.advantages[row], bounded * batch.advantages[row])
        entropy = -sum(x * math.log(x) for x in p if x > 0)
        total -= (gain + batch.entropy_coef * entropy) / len(batch.actions)
    assert loss_of(batch)[0] == pytest.approx(total, rel=1e-12, abs=1e-12)


@given(policy_batches())
def test_gradient_is_zero_exactly_where_clipped(batch: PolicyBatch) -> None:
    _, d_logits = loss_of(batch, entropy_coef=0.0)
    choices = np.full(len(batch.actions), batch.logits.shape[1])
    if batch.mask is not None:
        choices = batch.mask.sum(axis=1)
    moved = np.abs(d_logits).max(axis=1) > 0
    assert not np.any(moved[batch.flat])
    # Where there is a choice, an unclipped sample moves the logits.
    assert np.all(moved[~batch.flat & (choices > 1)])


@given(policy_batches())
def test_at_the_old_policy_it_is_the_policy_gradient(batch: PolicyBatch) -> None:
    now = categorical.log_prob(batch.logits, batch.actions, batch.mask)
    loss, d_logits = loss_of(batch, old_log_probs=now, entropy_coef=0.0)
    n = len(batch.actions)
    expected = categorical.log_prob_vjp(
        batch.logits, batch.actions, -batch.advantages / n, batch.mask
    )
    np.testing.assert_allclose(d_logits, expected, rtol=0, atol=16 * EPS)
    assert loss == pytest.approx(-batch.advantages.mean(), rel=1e-14, abs=16 * EPS)


@given(policy_batches())
def test_infinite_clip_is_the_importance_weighted_policy_gradient(batch: PolicyBatch) -> None:
    ratio = np.exp(
        categorical.log_prob(batch.logits, batch.actions, batch.mask) - batch.old_log_probs
    )
    weighted = ratio * batch.advantages
    loss, d_logits = loss_of(batch, clip=math.inf, entropy_coef=0.0)
    expected = categorical.log_prob_vjp(
        batch.logits, batch.actions, -weighted / len(weighted), batch.mask
    )
    assert loss == pytest.approx(-weighted.mean(), rel=1e-14, abs=16 * EPS)
    np.testing.assert_allclose(d_logits, expected, rtol=1e-14, atol=16 * EPS)


@given(policy_batches())
def test_clipping_never_lowers_the_loss(batch: PolicyBatch) -> None:
    losses = [loss_of(batch, clip=c)[0] for c in (math.inf, 0.5, 0.2, 0.05)]
    assert np.all(np.diff(losses) >= -16 * EPS)


@given(policy_batches())
def test_entropy_enters_with_its_weight(batch: PolicyBatch) -> None:
    entropy = categorical.entropy(batch.logits, batch.mask)
    d_entropy = categorical.entropy_vjp(
        batch.logits, np.full(len(entropy), 1 / len(entropy)), batch.mask
    )
    loss, d_logits = loss_of(batch, entropy_coef=0.0)
    loss_with, d_logits_with = loss_of(batch, entropy_coef=0.3)
    assert loss_with == pytest.approx(loss - 0.3 * entropy.mean(), rel=1e-13, abs=1e-14)
    np.testing.assert_allclose(d_logits_with, d_logits - 0.3 * d_entropy, rtol=0, atol=1e-14)


@given(policy_batches(), seeds)
def test_order_does_not_matter_and_repetition_halves_the_share(
    batch: PolicyBatch, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(batch.actions))

    def rows(index: Array) -> tuple[Any, Array]:
        return loss_of(
            batch,
            logits=batch.logits[index],
            actions=batch.actions[index],
            old_log_probs=batch.old_log_probs[index],
            advantages=batch.advantages[index],
            mask=None if batch.mask is None else batch.mask[index],
        )

    loss, d_logits = loss_of(batch)
    shuffled, d_shuffled = rows(order)
    assert shuffled == pytest.approx(loss, rel=1e-13, abs=1e-14)
    np.testing.assert_allclose(d_shuffled, d_logits[order], rtol=1e-13, atol=1e-15)
    twice, d_twice = rows(np.tile(np.arange(len(order)), 2))
    assert twice == pytest.approx(loss, rel=1e-13, abs=1e-14)
    np.testing.assert_allclose(d_twice[: len(order)], d_logits / 2, rtol=1e-13, atol=1e-15)


def test_agents_are_a_second_axis_of_samples() -> None:
    rng = np.random.default_rng(0)
    logits, old = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3))
    actions, advantages = rng.integers(2, size=(4, 3)), rng.standard_normal((4, 3))
    wide = policy_loss(logits, actions, old, advantages, 0.2, 0.01)
    flat = policy_loss(
        logits.reshape(12, 2), actions.ravel(), old.ravel(), advantages.ravel(), 0.2, 0.01
    )
    assert wide[0] == pytest.approx(flat[0], rel=1e-14)
    np.testing.assert_allclose(wide[1].reshape(12, 2), flat[1], rtol=1e-14)


def test_another_head_reads_the_logits() -> None:
    rng = np.random.default_rng(1)
    head, logits = factored((2, 3)), rng.standard_normal((4, 5))
    actions = head.sample(logits, rng, None)
    old = head.log_prob(logits, actions, None) + 0.05
    advantages = rng.standard_normal(4)

    def loss(z: Array) -> tuple[Any, Array]:
        return policy_loss(z, actions, old, advantages, 0.2, 0.01, head=head)

    assert_gradient(lambda z: loss(z)[0], logits, loss(logits)[1], rng)


def test_float32_stays_float32() -> None:
    rng = np.random.default_rng(2)
    logits = rng.standard_normal((4, 3)).astype(np.float32)
    old, advantages = rng.standard_normal((2, 4)).astype(np.float32)
    _, d_logits = policy_loss(logits, np.zeros(4, dtype=int), old, advantages, 0.2, 0.01)
    assert d_logits.dtype == np.float32
    _, d_values = value_loss(advantages, old, old, 0.2)
    assert d_values.dtype == np.float32


@given(floats((4,)), floats((4,)), floats((4,)))
def test_value_loss_without_clip_is_the_squared_error(
    values: Array, old: Array, returns: Array
) -> None:
    loss, d_values = value_loss(values, old, returns)
    assert loss == mse(values, returns)
    np.testing.assert_allclose(d_values, mse_vjp(values, returns), rtol=4 * EPS, atol=0)


@st.composite
def value_batches(draw: st.DrawFn) -> tuple[Array, Array, Array, float]:
    """Values moved by 0.5 or 1.5 times the clip, targets away from both candidate errors' tie."""
    clip = draw(st.floats(0.1, 2))
    old = draw(floats((5,)))
    move = np.array(draw(st.lists(st.sampled_from([-1.5, -0.5, 0.5, 1.5]), min_size=5, max_size=5)))
    # The clipped and the plain error tie when the target is halfway between the two predictions,
    # at a distance of 1.25 clips from the old value.
    aim = np.array(
        draw(st.lists(st.sampled_from([-3.0, -1.0, 0.0, 1.0, 3.0]), min_size=5, max_size=5))
    )
    return old + clip * move, old, old + clip * aim, clip


@given(value_batches(), seeds)
def test_value_gradient_by_complex_step(case: tuple[Array, Array, Array, float], seed: int) -> None:
    values, old, returns, clip = case
    loss, d_values = value_loss(values, old, returns, clip)
    rng = np.random.default_rng(seed)
    assert_gradient(lambda v: value_loss(v, old, returns, clip)[0], values, d_values, rng)
    bounded = old + np.clip(values - old, -clip, clip)
    expected = np.maximum((values - returns) ** 2, (bounded - returns) ** 2).mean()
    assert loss == pytest.approx(expected, rel=1e-13)
    overshot = (np.abs(values - old) > clip) & (
        np.abs(bounded - returns) > np.abs(values - returns)
    )
    assert np.array_equal(d_values == 0, overshot | (values == returns))


def settings(**changes: Any) -> PPOSettings:
    return replace(PPOSettings(learning_rate=0.01), **changes)


def test_update_is_its_gradient_steps() -> None:
    rng = np.random.default_rng(3)
    model, trained = team_model(), small_learner(rng, Sizes(2, 2, 4))
    batch = collected(model, trained, PartingGame(3, True), 4, rng)
    chosen = settings(epochs=2, n_minibatches=3, clip_gradients=clip_separately)
    after, losses = update(model, trained, batch, chosen, np.random.default_rng(9))
    order, stepped, seen = np.random.default_rng(9), trained, []
    for _ in range(2):
        for rows in np.array_split(order.permutation(24), 3):
            stepped, parts = gradient_step(model, stepped, batch.take(rows), chosen)
            seen.append([parts.policy, parts.value, parts.entropy])
    assert all(np.array_equal(after.params[k], stepped.params[k]) for k in after.params)
    np.testing.assert_allclose(
        [losses.policy, losses.value, losses.entropy], np.mean(seen, axis=0), rtol=1e-14
    )


def test_settings_describe_their_loss() -> None:
    rng = np.random.default_rng(4)
    new, old, advantages = rng.standard_normal((3, 20))
    objective = settings(clip=0.1, value_clip=0.7, entropy_coef=0.3, value_coef=0.6).objective
    for got, expected in (
        (objective.surrogate(new, old, advantages), clipped_surrogate(new, old, advantages, 0.1)),
        (objective.value_loss(new, old, advantages), value_loss(new, old, advantages, 0.7)),
    ):
        assert got[0] == expected[0]
        assert np.array_equal(got[1], expected[1])
    assert (objective.entropy_coef, objective.value_coef) == (0.3, 0.6)


def test_settings_travel_between_processes() -> None:
    copy = pickle.loads(pickle.dumps(settings(clip=0.3)))
    assert copy.clip == 0.3
    assert copy.clip_gradients is settings().clip_gradients


GOOD = {
    "logits": np.zeros((2, 2)),
    "actions": np.zeros(2, dtype=int),
    "old_log_probs": np.zeros(2),
    "advantages": np.ones(2),
    "clip": 0.2,
    "entropy_coef": 0.0,
}


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("logits", np.full((2, 2), np.nan), "logits must be finite"),
        ("actions", np.array([0, 2]), "actions must be in"),
        ("actions", np.array([0]), "actions must have shape"),
        ("old_log_probs", np.zeros(3), r"old_log_probs must have shape \(2,\); got \(3,\)"),
        ("old_log_probs", np.array([0, -np.inf]), "old_log_probs must be finite; got -inf"),
        ("advantages", np.ones((2, 1)), "advantages must have shape"),
        ("advantages", np.array([np.nan, 1]), "advantages must be finite; got nan"),
        ("clip", 0.0, "clip must be > 0; got 0.0"),
        ("clip", math.nan, "clip must be > 0; got nan"),
        ("entropy_coef", -1.0, "entropy_coef must be finite and >= 0; got -1.0"),
        ("mask", np.array([[True, False], [False, False]]), "mask must allow at least one"),
    ],
)
def test_bad_policy_batches_are_named(name: str, bad: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy_loss(**GOOD | {name: bad})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: value_loss(np.ones(2), np.ones(1), np.ones(2)), "old_values must have shape"),
        (lambda: value_loss(np.ones(2), np.ones(2), np.full(2, np.inf)), "returns must be finite"),
        (lambda: value_loss(np.ones(1), np.ones(1), np.ones(1), -1), "clip must be > 0; got -1"),
        (lambda: clipped_surrogate(np.ones(1), np.ones(2), np.ones(1), 1), "old_log_probs must"),
        (lambda: settings(n_steps=0), "n_steps must be at least 1; got 0"),
        (lambda: settings(epochs=0), "epochs must be at least 1; got 0"),
        (lambda: settings(n_minibatches=-1), "n_minibatches must be at least 1; got -1"),
        (lambda: settings(gamma=1.2), r"gamma must be in \[0, 1\]; got 1.2"),
        (lambda: settings(lam=-1), "lam must be in"),
        (lambda: settings(clip=0), "clip must be > 0; got 0"),
        (lambda: settings(value_clip=math.nan), "value_clip must be > 0; got nan"),
        (lambda: settings(entropy_coef=-0.1), "entropy_coef must be finite and >= 0; got -0.1"),
        (lambda: settings(value_coef=math.inf), "value_coef must be finite"),
        (lambda: settings(learning_rate=0), "learning_rate must be finite and > 0; got 0"),
        (lambda: settings(max_grad_norm=-1), "max_grad_norm must be finite and > 0; got -1"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
