"""The update against a slow one made of the checked parts, and what must not change."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import mlp
from linear_models.losses import huber_vjp
from linear_models.optimizers import adam_init, adam_step, clip_by_global_norm
from linear_models.params import Params, flatten
from refimpl.dgpg.train.batches import Batch, prepare
from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO, values_of_samples
from refimpl.dgpg.train.networks import Samples
from refimpl.dgpg.train.schedules import Linear
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.update import minibatches, update
from refimpl.shared.adam_in_place import BETA1, BETA2, EPS
from refimpl.shared.ppo import policy_loss
from tests.dgpg.train.episodes import doubles, experience, inputs_of, two_rngs
from tests.dgpg.train.strategies import DIRECT, LINEAR, TINY, Array


def slow_network(params: Params, samples: Samples, d_out: Callable[[Array], Array]) -> Params:
    """Gradients of one minibatch by the layers of the ground floor."""
    layers = {key: value for key, value in params.items() if key != "E"}
    y, cache = mlp.forward(layers, inputs_of(samples, params))
    grads, dx = mlp.backward(layers, cache, d_out(y))
    if "E" in params:
        grads["E"] = np.zeros_like(params["E"])
        np.add.at(grads["E"], samples.agent, dx[:, -params["E"].shape[1] :])
    return grads


def slow_update(settings: TrainSettings, learner: Learner, batch: Batch, fraction: float) -> Params:
    """Actor and critic after all passes, joined under ``actor`` and ``critic``."""

    def passes(params, samples, epochs, largest, rng, d_out, rate, max_norm):
        state = adam_init(params)
        for _ in range(epochs):
            order = rng.permutation(len(samples))
            for part in minibatches(len(order), largest):
                at = order[part]
                grads = slow_network(params, samples.take(at), lambda y, at=at: d_out(y, at))
                grads, _ = clip_by_global_norm(grads, max_norm)
                params, state = adam_step(
                    params, grads, state, rate, beta1=BETA1, beta2=BETA2, eps=EPS
                )
        return params

    def d_actor(y, at):
        return policy_loss(
            y, batch.actions[at], batch.log_probs[at], batch.signal[at], settings.clip,
            settings.entropy(fraction),
        )[1]  # fmt: skip

    def d_critic(y, at):
        return huber_vjp(y[:, 0], batch.targets[at], settings.huber_delta)[:, None]

    first, second = two_rngs()
    actor = passes(
        learner.actor.params, batch.seen, settings.actor_epochs, settings.minibatch, first,
        d_actor, settings.learning_rate(fraction), settings.max_grad_norm,
    )  # fmt: skip
    critic = passes(
        learner.critic.params, batch.judged, settings.critic_epochs, settings.critic_minibatch,
        second, d_critic, settings.critic_learning_rate(fraction), settings.critic_max_grad_norm,
    )  # fmt: skip
    return {
        **{f"actor.{k}": v for k, v in actor.items()},
        **{f"critic.{k}": v for k, v in critic.items()},
    }


VARIANTS = {
    "tanh": TINY,
    "linear": replace(LINEAR, huber_delta=0.5, critic_minibatch=7),
    "local critic": replace(TINY, method=IPPO, max_grad_norm=1e-3),
    "fitted to samples": replace(TINY, critic_samples=values_of_samples, clip=0.05),
    "schedules": replace(
        TINY,
        learning_rate=Linear(1e-2, 1e-3),
        critic_learning_rate=Linear(1e-3, 1e-2),
        entropy=Linear(0.0, 0.5),
        critic_max_grad_norm=1e-3,
    ),
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_update_is_that_of_the_plain_parts(settings) -> None:
    learner, fraction = doubles(settings), 0.75
    batch, learner, _ = prepare(settings, learner, experience(), 0.4)
    expected = slow_update(settings, learner, batch, fraction)
    found, means = update(settings, learner, batch, fraction, two_rngs())
    for name, part in (("actor", found.actor), ("critic", found.critic)):
        moved = 0.0
        for key, value in part.params.items():
            # A dozen steps of Adam: quotients of rounded sums.
            np.testing.assert_allclose(value, expected[f"{name}.{key}"], rtol=1e-7, atol=1e-9)
            moved += np.abs(value - getattr(learner, name).params[key]).sum()
        assert moved > 0.01
    steps = settings.actor_epochs * len(minibatches(len(batch.seen), settings.minibatch))
    assert means["actor_steps"] == steps == found.actor.moments.t


def test_dg_pg_with_alpha_zero_is_mappo_bit_for_bit() -> None:
    played = experience()
    results = []
    for method in (DGPG, MAPPO):
        settings = replace(TINY, method=method)
        batch, learner, _ = prepare(settings, start(DIRECT, settings, 0), played, 0.0)
        learner, _ = update(settings, learner, batch, 0.5, two_rngs())
        results.append(learner)
    one, other = results
    for name in ("actor", "critic"):
        np.testing.assert_array_equal(
            flatten(getattr(one, name).params), flatten(getattr(other, name).params)
        )
    batch, _, _ = prepare(TINY, start(DIRECT, TINY, 0), played, 0.1)
    plain, _, _ = prepare(TINY, start(DIRECT, TINY, 0), played, 0.0)
    assert not np.array_equal(batch.signal, plain.signal)


def test_what_is_passed_in_stays_as_it_was_and_threads_change_no_bit() -> None:
    batch, learner, _ = prepare(TINY, start(DIRECT, TINY, 0), experience(), 0.4)
    before = flatten(learner.actor.params).copy(), learner.actor.moments.m.copy()
    one, means = update(TINY, learner, batch, 0.5, two_rngs())
    np.testing.assert_array_equal(flatten(learner.actor.params), before[0])
    np.testing.assert_array_equal(learner.actor.moments.m, before[1])
    assert learner.actor.moments.t == 0
    with ThreadPoolExecutor(2) as pool:
        two, _ = update(TINY, learner, batch, 0.5, two_rngs(), pool.map)
    for name in ("actor", "critic"):
        np.testing.assert_array_equal(
            flatten(getattr(one, name).params), flatten(getattr(two, name).params)
        )
    actor = {"loss", "entropy", "clip_fraction", "kl", "norm", "steps"}
    critic = {"loss", "norm", "steps"}
    names = {f"actor_{name}" for name in actor} | {f"critic_{name}" for name in critic}
    assert means.keys() == names
    assert 0 < means["actor_entropy"] <= math.log(2)


@given(st.integers(1, 1000), st.integers(1, 300))
def test_minibatches_are_few_and_about_equal(size, largest) -> None:
    parts = minibatches(size, largest)
    sizes = [len(range(size)[part]) for part in parts]
    assert len(parts) == math.ceil(size / largest)
    assert sum(sizes) == size
    assert max(sizes) <= largest
    assert max(sizes) - min(sizes) <= 1
    assert [i for part in parts for i in range(size)[part]] == list(range(size))


def test_steps_per_episode_are_those_of_table_8() -> None:
    samples = 196_000
    assert 4 * len(minibatches(samples, 256)) == 3064
    assert 10 * len(minibatches(samples, 50_000)) == 40
