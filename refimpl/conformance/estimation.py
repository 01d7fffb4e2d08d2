"""Cases of policy-gradient learning: advantages and the clipped loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import categorical
from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.shared.gae import generalized_advantages
from refimpl.shared.ppo import policy_loss

Array = NDArray[Any]


def _trajectory(draw: Draw) -> Arrays:
    """Draw steps that go on, terminate or are truncated, mixed.

    Where the episode goes on, the observation led to is the next row's, and so is its value: an
    implementation that reads it there is right too.
    """
    shape = draw.size(6), draw.size(3)
    rewards, values, after = (draw.floats(shape, -5.0, 5.0) for _ in range(3))
    how = draw.integers(shape, 0, 2)
    following = np.concatenate([values[1:], after[-1:]])
    return {
        "rewards": rewards,
        "values": values,
        "next_values": np.where(how > 0, after, following),
        "terminated": how == 1,
        "ended": how > 0,
        "gamma": draw.choice((1.0, 0.5, 0.95, 0.0)),
        "lam": draw.choice((1.0, 0.5, 0.9, 0.0)),
    }


def _advantages(**inputs: Any) -> Arrays:
    advantages, returns = generalized_advantages(**inputs)
    return {"advantages": advantages, "returns": returns}


def _policy_batch(draw: Draw) -> Arrays:
    """Ratios on both sides of the clip, none closer than 0.01 to it: the loss has a kink there."""
    n, n_actions = draw.size(5), draw.size(3) + 1
    logits = draw.floats((n, n_actions), -3.0, 3.0)
    actions = draw.integers((n,), 0, n_actions - 1)
    clip = draw.choice((0.25, 0.1, 0.2, 0.5))
    log_ratios = draw.floats((n,), -1.0, 1.0)
    near = np.abs(np.abs(np.exp(log_ratios) - 1) - clip) < 0.01
    log_ratios = np.where(near, 0.0, log_ratios)
    return {
        "logits": logits,
        "actions": actions,
        "old_log_probs": categorical.log_prob(logits, actions) - log_ratios,
        "advantages": draw.floats((n,), -5.0, 5.0),
        "clip": clip,
        "entropy_coef": draw.choice((0.0, 0.01, 0.5)),
    }


def _loss(**inputs: Any) -> Arrays:
    loss, d_logits = policy_loss(**inputs)
    return {"loss": loss, "d_logits": d_logits}


GAE = Case(
    name="gae",
    title="generalised advantage estimation",
    equation="A_t = delta_t + gamma lam (1 - ended_t) A_{t+1}, "
    "delta_t = r_t + gamma (1 - terminated_t) next_values_t - values_t",
    inputs=(
        Field("rewards", "T x E", "reward of each step; columns are independent environments"),
        Field("values", "T x E", "critic's value of the observation a step starts from"),
        Field(
            "next_values",
            "T x E",
            "critic's value of the observation a step leads to, before any reset; "
            "values[t + 1] where the episode goes on",
        ),
        Field("terminated", "T x E", "bool: the task is over, nothing is bootstrapped"),
        Field("ended", "T x E", "bool: terminated or truncated, the recursion stops"),
        Field("gamma", "scalar", "discount factor"),
        Field("lam", "scalar", "weight of longer sums"),
    ),
    outputs=(
        Field("advantages", "T x E", "A_t"),
        Field("returns", "T x E", "targets of the critic, advantages + values"),
    ),
    generate=_trajectory,
    reference=_advantages,
    tolerance=1e-10,
)

PPO_POLICY_LOSS = Case(
    name="ppo_policy_loss",
    title="clipped surrogate loss with entropy bonus, and its gradient",
    equation="loss = -mean_b min(rho A, clip(rho, 1 - clip, 1 + clip) A) "
    "- entropy_coef mean_b H(softmax(logits)), rho = exp(log_prob - old_log_prob)",
    inputs=(
        Field("logits", "B x A", "of the categorical policy"),
        Field("actions", "B", "int: actions taken, 0 .. A-1"),
        Field("old_log_probs", "B", "log-probability of the actions when they were taken"),
        Field("advantages", "B", "used as they are: neither centred nor scaled"),
        Field("clip", "scalar", "half-width of the interval around ratio 1"),
        Field("entropy_coef", "scalar", "weight of the mean entropy, natural logarithm"),
    ),
    outputs=(
        Field("loss", "scalar", "to be minimised"),
        Field("d_logits", "B x A", "gradient of the loss, its 1/B included"),
    ),
    generate=_policy_batch,
    reference=_loss,
    tolerance=1e-10,
)

CASES = (GAE, PPO_POLICY_LOSS)
