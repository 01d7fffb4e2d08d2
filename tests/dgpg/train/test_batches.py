"""Signals and targets, by loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linear_models import mlp
from refimpl.dgpg.objective.advantage import RunningScale
from refimpl.dgpg.train.batches import prepare
from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO, values_of_samples
from refimpl.dgpg.train.shaping import shaped
from tests.dgpg.train.episodes import ROLLOUTS, STEPS, doubles, experience, inputs_of
from tests.dgpg.train.strategies import DIRECT, TINY


@pytest.mark.parametrize("method", [DGPG, MAPPO, IPPO])
def test_signal_and_targets_by_loops(method) -> None:
    settings = replace(
        TINY, method=method, gamma=0.9, lam=0.7, guidance_scale=RunningScale(0.0, 1.5)
    )
    learner, played, alpha = doubles(settings), experience(), 0.3
    batch, after, fit = prepare(settings, learner, played, alpha)
    rewards = shaped(played.rewards, played.potentials, 0.9)
    judged = method.critic.samples(played, learner.critic.params, 2)
    x = inputs_of(judged, learner.critic.params)
    layers = {k: v for k, v in learner.critic.params.items() if k != "E"}
    values = mlp.forward(layers, x)[0].reshape(STEPS, ROLLOUTS, -1)
    n_values = values.shape[-1]
    advantages = np.zeros_like(values)
    for e in range(ROLLOUTS):
        for i in range(n_values):
            later = 0.0
            for t in reversed(range(STEPS)):
                following = values[t + 1, e, i] if t + 1 < STEPS else 0.0
                delta = rewards[t, e] + 0.9 * following - values[t, e, i]
                later = delta + 0.9 * 0.7 * later
                advantages[t, e, i] = later
    returns = advantages + values
    own = np.minimum(played.agent, n_values - 1)
    of_samples = advantages.reshape(-1, n_values)[played.rows, own]
    gae = (of_samples - of_samples.mean()) / of_samples.std()
    g = played.coefficients
    scaled = np.clip((g - g.mean()) / g.std(), -1.5, 1.5)
    signal = (1 - alpha) * gae - alpha * scaled if method is DGPG else gae
    signal = (signal - signal.mean()) / signal.std()
    np.testing.assert_allclose(batch.signal, signal, atol=1e-6)
    targets = (returns - returns.mean()) / returns.std()
    np.testing.assert_allclose(batch.targets, targets.ravel(), atol=1e-6)
    explained = 1 - (returns - values).var() / returns.var()
    assert fit["explained_variance"] == pytest.approx(explained, abs=1e-9)
    assert after.guidance_scale.batches == 1
    assert after.value_scale.weight > 0


def test_values_are_in_the_scale_that_the_critic_was_fitted_in() -> None:
    learner, played = doubles(TINY), experience()
    _, seen, _ = prepare(TINY, learner, played, 0.0)
    assert seen.value_scale.spread != 1
    plain, _, _ = prepare(TINY, learner, played, 0.0)
    scaled, _, _ = prepare(TINY, seen, played, 0.0)
    assert not np.allclose(plain.signal, scaled.signal)


@pytest.mark.parametrize("method", [DGPG, IPPO])
def test_the_critic_may_be_fitted_to_the_samples_only(method) -> None:
    settings, played = replace(TINY, method=method), experience()
    learner = doubles(settings)
    every, _, _ = prepare(settings, learner, played, 0.3)
    some, _, _ = prepare(replace(settings, critic_samples=values_of_samples), learner, played, 0.3)
    at = method.critic.at_samples(played)
    np.testing.assert_array_equal(some.targets, every.targets[at])
    np.testing.assert_array_equal(
        inputs_of(some.judged, learner.critic.params),
        inputs_of(every.judged, learner.critic.params)[at],
    )
    np.testing.assert_array_equal(some.signal, every.signal)


def test_alpha_outside_the_unit_interval_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\]; got 1.5"):
        prepare(TINY, start(DIRECT, TINY, 0), experience(), 1.5)
