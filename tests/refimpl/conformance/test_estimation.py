"""A right and many wrong implementations of GAE and of the PPO loss meet the conformance kit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refimpl.conformance import check
from tests.refimpl.conformance.planted import counterexample


def gae(
    bootstrap=lambda terminated, _: not terminated,
    go_on=lambda _, ended: not ended,
    decay=lambda gamma, lam: gamma * lam,
    target=lambda advantage, value: advantage + value,
):
    """GAE by its definition, a double loop over future steps, with replaceable parts."""

    def function(rewards, values, next_values, terminated, ended, gamma, lam):
        advantages = np.zeros(rewards.shape)
        for t, e in np.ndindex(rewards.shape):
            weight = 1.0
            for k in range(t, len(rewards)):
                ahead = gamma * next_values[k, e] if bootstrap(terminated[k, e], ended[k, e]) else 0
                advantages[t, e] += weight * (rewards[k, e] + ahead - values[k, e])
                if not go_on(terminated[k, e], ended[k, e]):
                    break
                weight *= decay(gamma, lam)
        return advantages, target(advantages, values)

    return function


def test_gae_by_its_definition_conforms() -> None:
    check("gae", gae(), examples=60)


@pytest.mark.parametrize(
    ("bug", "n_steps"),
    [
        (gae(bootstrap=lambda *_: True), 1),  # terminated treated as truncated
        (gae(bootstrap=lambda _, ended: not ended), 1),  # truncated treated as terminated
        (gae(go_on=lambda terminated, _: not terminated), 2),  # leaks over a truncation
        (gae(go_on=lambda *_: True), 2),  # leaks over every end
        (gae(decay=lambda gamma, _: gamma), 2),  # lambda forgotten
        (gae(decay=lambda _, lam: lam), 2),  # gamma forgotten
        (gae(target=lambda advantage, _: advantage), 1),  # returns without values
        (gae(target=lambda advantage, value: advantage - value), 1),  # sign
    ],
    ids=["terminated", "truncated", "leak", "leaks", "lambda", "gamma", "returns", "sign"],
)
def test_gae_bugs_are_shown_on_the_fewest_steps(bug, n_steps) -> None:
    assert counterexample("gae", bug).inputs["rewards"].shape[0] == n_steps


def ppo(
    sign=-1.0,
    scale=lambda n: 1.0 / n,
    clipped=lambda ratio, clip: min(max(ratio, 1 - clip), 1 + clip),
    entropy_sign=-1.0,
    flat=True,
):
    """The loss one sample at a time, its gradient by the definition of the softmax."""

    def function(logits, actions, old_log_probs, advantages, clip, entropy_coef):
        n, n_actions = logits.shape
        loss, gradient = 0.0, np.zeros(logits.shape)
        for b in range(n):
            weights = [math.exp(z - max(logits[b])) for z in logits[b]]
            p = [w / math.fsum(weights) for w in weights]
            ratio = p[actions[b]] / math.exp(old_log_probs[b])
            plain = ratio * advantages[b]
            cut = clipped(ratio, clip) * advantages[b]
            entropy = -math.fsum(q * math.log(q) for q in p)
            loss += scale(n) * (sign * min(plain, cut) + entropy_sign * entropy_coef * entropy)
            for k in range(n_actions):
                score = (k == actions[b]) - p[k]
                moving = 0.0 if flat and cut < plain else plain
                d_entropy = -p[k] * (math.log(p[k]) + entropy)
                gradient[b, k] = scale(n) * (
                    sign * moving * score + entropy_sign * entropy_coef * d_entropy
                )
        return {"loss": loss, "d_logits": gradient}

    return function


def test_ppo_one_sample_at_a_time_conforms() -> None:
    check("ppo_policy_loss", ppo(), examples=60)


@pytest.mark.parametrize(
    ("bug", "n_samples"),
    [
        (ppo(sign=1.0), 1),
        (ppo(scale=lambda _: 1.0), 2),
        (ppo(entropy_sign=1.0), 1),
        (ppo(clipped=lambda ratio, _: ratio), 1),
        (ppo(clipped=lambda ratio, clip: min(ratio, 1 + clip)), 1),
        (ppo(clipped=lambda ratio, clip: min(max(ratio, 1 / (1 + clip)), 1 + clip)), 1),
        (ppo(flat=False), 1),
    ],
    ids=["sign", "1/B", "entropy sign", "no clip", "one-sided", "log clip", "gradient not cut"],
)
def test_ppo_bugs_are_shown_on_the_fewest_samples(bug, n_samples) -> None:
    assert len(counterexample("ppo_policy_loss", bug).inputs["actions"]) == n_samples
