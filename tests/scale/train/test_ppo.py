"""PPO: advantages, the whole loss and its gradient, minibatches, and what an epoch reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import categorical
from linear_models.gradcheck import complex_step_jvp
from linear_models.params import flatten, unflatten
from refimpl.scale.network import pointer
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.objective.srr import srr
from refimpl.scale.train import ppo, structured
from refimpl.scale.train.losses import softmax
from refimpl.scale.train.masks import feasible_only, truncated
from refimpl.scale.train.rollouts import Collector, Finals, Rollout
from refimpl.shared.gae import generalized_advantages, standardized, unscaled
from tests.scale.train.strategies import (
    CROSS,
    PERCEPTRON,
    POINTER,
    SCALE,
    SYSTEM,
    N,
    rngs,
    samples,
)


def learner(settings=CROSS, seed=0):
    return settings.method.restore(settings, settings.method.start(settings, N, seed))


def collected(settings=CROSS, seed=0, steps=24):
    rng = np.random.default_rng(seed)
    collector = Collector(SYSTEM, settings.environments, settings.mask, rng)
    return collector.collect(learner(settings, seed).actor(0), steps)


def loss_of(settings, batch, params, weight):
    """The loss of Algorithm 1, computed the long way, complex numbers included."""
    if settings.net is POINTER:
        outputs, _ = pointer.forward(params, batch.task, batch.servers, heads=2)
    else:
        outputs, _ = structured.forward(params, batch.task, batch.servers)
    log_p = categorical.log_prob(outputs.logits, batch.actions, batch.allowed)
    entropy = categorical.entropy(outputs.logits, batch.allowed).mean()
    advantages = standardized(batch.advantages)
    ratio = np.exp(log_p - batch.log_probs)
    clipped = np.where(np.abs(ratio.real - 1) <= 0.2, ratio, np.clip(ratio.real, 0.8, 1.2))
    first, second = ratio * advantages, clipped * advantages
    surrogate = np.where(first.real <= second.real, first, second).mean()
    error = ((outputs.value - batch.returns) ** 2).mean()
    regular, _ = settings.regularizer(outputs.features)
    return -surrogate + 0.5 * error - 0.01 * entropy + weight * regular


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("settings", [SCALE, replace(PERCEPTRON, regularizer=SCALE.regularizer)])
@given(rng=rngs)
def test_the_gradient_of_the_whole_loss_is_the_complex_step(settings, masked, rng) -> None:
    """From the logits' losses to every parameter, in double precision."""
    params = {k: v.astype(np.float64) for k, v in settings.net.init(rng, N).items()}
    batch = samples(rng, masked=masked)
    forward, backward = pointer.forward, pointer.backward
    if settings.net is not POINTER:
        forward, backward = structured.forward, structured.backward
    heads = {"heads": 2} if settings.net is POINTER else {}
    outputs, cache = forward(params, batch.task, batch.servers, **heads)
    terms, *derivatives = ppo.loss(settings, outputs, batch, 0.7)
    grads, *_ = backward(params, cache, *derivatives)
    expected = loss_of(settings, batch, params, 0.7)
    assert terms["loss"] == pytest.approx(expected, abs=1e-12)
    vector = flatten(params)
    direction = rng.standard_normal(vector.size)
    slope = complex_step_jvp(
        lambda x: loss_of(settings, batch, unflatten(x, params), 0.7), vector, direction
    )
    size = np.linalg.norm(flatten(grads)) * np.linalg.norm(direction)
    assert float(flatten(grads) @ direction) == pytest.approx(float(slope), abs=1e-9 * size)


def rollout_of(rewards, values, ended):
    """Rollout with nothing in it but rewards, values and ends."""
    steps, environments = rewards.shape
    at = np.argwhere(ended)
    rng = np.random.default_rng(0)
    shape = (steps + 1, environments)
    last = Finals(at, rng.standard_normal((len(at), 5)), rng.standard_normal((len(at), N, 5)))
    return Rollout(
        rng.standard_normal((*shape, 5)),
        rng.standard_normal((*shape, N, 5)),
        np.ones(rewards.shape, bool),
        None,
        np.zeros(rewards.shape, np.int64),
        rewards,
        ended,
        {"value": values, "log_prob": np.zeros(rewards.shape)},
        last,
        {},
    )


@given(rngs, st.integers(1, 7), st.integers(1, 3), st.sampled_from([0, 1]))
def test_advantages_use_the_right_next_values(rng, steps, environments, which) -> None:
    """Sum of discounted rewards up to the end, with the last value there or not: lam = 1."""
    settings = replace(CROSS, lam=1.0, gamma=0.9, horizon=(CROSS.horizon, truncated)[which])
    rewards, values = rng.standard_normal((2, steps, environments))
    ended = rng.random((steps, environments)) < 0.3
    after, last = rng.standard_normal(environments), rng.standard_normal(ended.sum())
    found = ppo.prepare(settings, rollout_of(rewards, values, ended), (after, last))
    expected = np.empty((steps, environments))
    final = {tuple(at): value for at, value in zip(np.argwhere(ended), last, strict=True)}
    for e in range(environments):
        for t in range(steps):
            total, factor, s = 0.0, 1.0, t
            while s < steps:
                total += factor * rewards[s, e]
                factor *= 0.9
                if ended[s, e]:
                    total += which * factor * final[s, e]
                    break
                s += 1
            else:
                total += factor * after[e]
            expected[t, e] = total
    np.testing.assert_allclose(found.returns.reshape(steps, -1), expected, atol=1e-5)
    np.testing.assert_allclose(found.advantages.reshape(steps, -1), expected - values, atol=1e-5)


def test_prepared_samples_are_the_rollout() -> None:
    rollout = collected(replace(CROSS, mask=feasible_only))
    after = np.zeros(2), np.zeros(len(rollout.finals.at))
    batch = ppo.prepare(CROSS, rollout, after)
    k = 2 * 7 + 1
    np.testing.assert_array_equal(batch.task[k], rollout.task[7, 1])
    np.testing.assert_array_equal(batch.servers[k], rollout.servers[7, 1])
    np.testing.assert_array_equal(batch.allowed[k], rollout.allowed[7, 1])
    assert batch.actions[k] == rollout.actions[7, 1]
    assert batch.log_probs[k] == rollout.remembered["log_prob"][7, 1]
    values = rollout.remembered["value"]
    following = np.concatenate([values[1:], [[0, 0]]])
    given = rollout.rewards, values, following, rollout.ended, rollout.ended
    advantages, returns = generalized_advantages(*given, CROSS.gamma, CROSS.lam)
    np.testing.assert_allclose(batch.advantages, advantages.ravel(), atol=1e-6)
    np.testing.assert_allclose(batch.returns, returns.ravel(), atol=1e-6)
    assert batch.advantages.dtype == batch.returns.dtype == np.float32
    assert len(batch) == 48


def test_what_the_actor_remembers_is_what_the_network_says() -> None:
    rollout = collected()
    model = learner()
    outputs = CROSS.net.acting(model.params())(rollout.task[3], rollout.servers[3])
    kept = rollout.remembered
    np.testing.assert_allclose(kept["value"][3], outputs.value, atol=1e-6)
    np.testing.assert_allclose(kept["features"][3], outputs.features, atol=1e-5)
    log_p = softmax(outputs.logits)[1][np.arange(2), rollout.actions[3]]
    np.testing.assert_allclose(kept["log_prob"][3], log_p, atol=1e-6)


def test_a_mask_is_kept_and_the_probabilities_are_those_under_it() -> None:
    settings = replace(CROSS, mask=feasible_only)
    rollout = collected(settings)
    chosen = np.take_along_axis(rollout.allowed, rollout.actions[..., None], axis=2)
    assert chosen.all()
    alone = rollout.allowed.sum(axis=2) == 1
    assert alone.any()
    np.testing.assert_array_equal(rollout.remembered["log_prob"][alone], 0)


def test_drawing_follows_the_softmax() -> None:
    rng = np.random.default_rng(0)
    logits = np.tile(np.array([0.0, 1.0, -1e9, 2.0]), (20_000, 1))
    actions, log_probs = ppo.draw(logits, rng)
    p = np.exp([0.0, 1.0, 2.0]) / np.exp([0.0, 1.0, 2.0]).sum()
    counts = np.bincount(actions, minlength=4)
    assert counts[2] == 0
    z = (counts[[0, 1, 3]] - 20_000 * p) / np.sqrt(20_000 * p * (1 - p))
    assert np.abs(z).max() < 4
    np.testing.assert_allclose(log_probs[actions == 1], np.log(p[1]), atol=1e-12)
    with pytest.raises(ValueError, match=r"logits must be numbers.*in row 1"):
        ppo.draw(np.array([[0.0, 1.0], [np.nan, 0.0]]), rng)


@given(rngs, st.integers(1, 60), st.integers(1, 20))
def test_minibatches_partition_the_samples(rng, size, largest) -> None:
    parts = ppo.minibatches(size, largest, rng)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(size))
    assert len(parts) == -(-size // largest)
    assert max(map(len, parts)) <= largest


def test_an_epoch_makes_the_steps_of_algorithm_1() -> None:
    """One pass over one minibatch: Adam's first step has the size of the rate, against the sign."""
    settings = replace(SCALE, passes=1, minibatch=48, warm_up=(0, 1), max_grad_norm=1e9)
    model, rollout = learner(settings), collected(settings)
    before = model.network.weights.vector.copy()
    batch = ppo.prepare(settings, rollout, model._values(rollout))
    reference = learner(settings)
    terms = ppo.gradient(settings, reference.network, batch, settings.weight(0))
    row = model.learn(rollout, 0, np.random.default_rng(0))
    moved, gradient = model.network.weights.vector - before, reference.network.grads.vector
    large = np.abs(gradient) > 1e-3
    np.testing.assert_allclose(
        moved[large], -settings.rate(0) * np.sign(gradient[large]), rtol=0.02
    )
    assert row["loss"] == pytest.approx(float(terms["loss"]), abs=1e-5)
    assert row["norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-3)
    assert model.moments.t == 1


def test_the_row_of_an_epoch() -> None:
    model, rollout = learner(SCALE), collected(SCALE)
    row = model.learn(rollout, 3, np.random.default_rng(0))
    features = rollout.remembered["features"]
    for prefix, part in (("feature", features), ("ready", features[rollout.has_task])):
        expected = feature_statistics(part.reshape(-1, features.shape[-1]))
        assert {k: row[f"{prefix} {k}"] for k in expected} == expected
    assert not rollout.has_task.all()
    assert {"entropy", "policy_loss", "value_loss", "regularizer", "clip_fraction"} <= row.keys()
    assert row["entropy"] <= np.log(N) + 1e-6
    assert row["explained"] <= 1


def said(params, batch):
    """Outputs of the pointer network, to be overwritten."""
    return pointer.forward(params, batch.task, batch.servers, heads=2)[0]


def test_the_regulariser_enters_with_its_weight() -> None:
    rng = np.random.default_rng(0)
    params = {k: v.astype(np.float64) for k, v in POINTER.init(rng, N).items()}
    batch = samples(rng)
    outputs = said(params, batch)
    regular, d_features = srr(outputs.features, 0.1, 0.1)
    for weight in (0.0, 0.5, 1.0):
        terms, _, _, found = ppo.loss(SCALE, said(params, batch), batch, weight)
        np.testing.assert_allclose(found, weight * d_features, atol=1e-12)
        plain, *_ = ppo.loss(CROSS, said(params, batch), batch, weight)
        assert terms["loss"] - plain["loss"] == pytest.approx(weight * regular, abs=1e-12)


def test_advantages_are_scaled_per_minibatch() -> None:
    rng = np.random.default_rng(1)
    params = {k: v.astype(np.float64) for k, v in POINTER.init(rng, N).items()}
    batch = samples(rng)
    shifted = replace(batch, advantages=3 * batch.advantages + 5)
    one, other = (ppo.loss(CROSS, said(params, b), b, 0.0)[1] for b in (batch, shifted))
    np.testing.assert_allclose(one, other, atol=1e-8)
    plain = replace(CROSS, scale_advantages=unscaled)
    unlike = ppo.loss(plain, said(params, shifted), shifted, 0.0)[1]
    assert np.abs(unlike - one).max() > 0.01
