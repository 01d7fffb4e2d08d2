"""Proximal policy optimisation: several epochs of minibatch steps on a clipped surrogate.

The surrogate is the importance-weighted advantage, with the gain from moving the ratio
``rho = p_new(a) / p_old(a)`` further than ``clip`` away from 1 taken away:

    L = -mean min(rho A, clipped(rho, 1 - clip, 1 + clip) A).

``clip = inf`` is the plain importance-weighted policy gradient, which at the old policy
(``rho = 1``) has the gradient of A2C.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from linear_models.params import Array, Params
from linear_models.validation import check_finite, check_nonnegative, check_positive, check_shape
from refimpl.shared.action_heads import CATEGORICAL, ActionHead, Mask
from refimpl.shared.actor_critic import Learner, Model
from refimpl.shared.batch import Batch, minibatches
from refimpl.shared.gae import check_unit_interval, standardized
from refimpl.shared.gradient_step import (
    Gradients,
    Losses,
    Objective,
    clip_jointly,
    gradient_step,
    loss_and_gradients,
)
from refimpl.shared.optimizer import Optimizer, adam


def clipped_surrogate(
    log_probs: Array, old_log_probs: Array, advantages: Array, clip: float
) -> tuple[Any, Array]:
    """Clipped surrogate loss and its gradient with respect to the log-probabilities.

    Parameters
    ----------
    log_probs, old_log_probs : (...) float
        Of the actions taken, under the policy being trained and the one that acted.
    advantages : (...) float
    clip : float
        Largest ratio change that is rewarded, > 0; ``inf`` for none.

    Returns
    -------
    loss : scalar
    d_log_probs : (...) float
        ``-rho A / n``, and 0 where the clipped term is the smaller one. Convention: on the kink
        itself, ``rho = 1 +- clip``, the unclipped derivative.

    Raises
    ------
    ValueError
        If shapes differ, a number is NaN or infinite, or ``clip`` is not positive.
    """
    if not clip > 0:
        raise ValueError(f"clip must be > 0; got {clip}")
    for name, array in (("old_log_probs", old_log_probs), ("advantages", advantages)):
        check_shape(name, array, log_probs.shape)
        check_finite(name, array)
    ratio = np.exp(log_probs - old_log_probs)
    bounded = np.clip(ratio.real, 1 - clip, 1 + clip)
    flat = bounded * advantages < ratio.real * advantages
    gain = np.where(flat, bounded * advantages, ratio * advantages)
    d_log_probs = np.where(flat, 0, ratio * advantages) * (-1 / gain.size)
    return -gain.mean(), d_log_probs


def policy_loss(
    logits: Array,
    actions: Array,
    old_log_probs: Array,
    advantages: Array,
    clip: float,
    entropy_coef: float,
    mask: Mask = None,
    *,
    head: ActionHead = CATEGORICAL,
) -> tuple[Any, Array]:
    """Clipped surrogate minus entropy bonus, and its exact gradient with respect to the logits.

    ``-mean min(rho A, clipped(rho) A) - entropy_coef * mean H``, means over all samples.

    Parameters
    ----------
    logits : (..., A) float
    actions : (...) int
    old_log_probs, advantages : (...) float
    clip : float
        > 0; ``inf`` for none.
    entropy_coef : float
        Weight of the mean entropy (natural logarithm), >= 0.
    mask : (..., A) bool, optional
        True = allowed.
    head : ActionHead
        Reads the logits; with another head than the categorical one, ``logits`` and ``actions``
        have the shapes that it wants.

    Returns
    -------
    loss : scalar
    d_logits : (..., A) float

    Raises
    ------
    ValueError
        If a shape or a value is wrong.
    """
    check_nonnegative("entropy_coef", entropy_coef)
    log_probs = head.log_prob(logits, actions, mask)
    loss, d_log_probs = clipped_surrogate(log_probs, old_log_probs, advantages, clip)
    entropy = head.entropy(logits, mask)
    d_entropy = np.full_like(entropy, -entropy_coef / entropy.size)
    d_logits = head.log_prob_vjp(logits, actions, d_log_probs, mask)
    d_logits = d_logits + head.entropy_vjp(logits, d_entropy, mask)
    return loss - entropy_coef * entropy.mean(), d_logits


def value_loss(
    values: Array, old_values: Array, returns: Array, clip: float = math.inf
) -> tuple[Any, Array]:
    """Squared error of the critic, pessimistic about moves larger than ``clip``.

    ``mean max((v - R)^2, (v_old + clipped(v - v_old, -clip, clip) - R)^2)``; with ``clip = inf``
    plain ``mean (v - R)^2``. Convention: no factor 1/2.

    Parameters
    ----------
    values, old_values, returns : (...) float
        Values now, values when the batch was made, and the targets.
    clip : float
        > 0, in units of the value.

    Returns
    -------
    loss : scalar
    d_values : (...) float
        0 where the clipped term is the larger one.

    Raises
    ------
    ValueError
        If shapes differ, a number is NaN or infinite, or ``clip`` is not positive.
    """
    if not clip > 0:
        raise ValueError(f"clip must be > 0; got {clip}")
    for name, array in (("old_values", old_values), ("returns", returns)):
        check_shape(name, array, values.shape)
        check_finite(name, array)
    error = values - returns
    bounded = old_values + np.clip((values - old_values).real, -clip, clip) - returns
    flat = bounded * bounded > (error * error).real
    moved_too_far = np.abs((values - old_values).real) > clip
    # Inside the bounds both errors are the same number up to rounding, which must not decide.
    flat &= moved_too_far
    loss = np.where(flat, bounded * bounded, error * error).mean()
    return loss, np.where(flat, 0, error) * (2 / error.size)


@dataclass(frozen=True)
class PPOSettings:
    """Numbers and choices of PPO; the defaults are those of Schulman et al. for small problems.

    Attributes
    ----------
    n_steps : int
        Steps of each environment per iteration.
    gamma, lam : float
        Discount factor and advantage weight, in [0, 1].
    clip, value_clip : float
        Of the ratio and of the value, > 0; ``inf`` for none.
    entropy_coef, value_coef : float
        Weights in the loss, >= 0. The value loss has no factor 1/2.
    kl_coef : float
        Weight of the divergence from the policy that acted, >= 0; see
        :mod:`refimpl.shared.adaptive_kl`.
    epochs, n_minibatches : int
        Passes over the batch, and steps per pass.
    learning_rate, max_grad_norm : float
    optimizer : Optimizer
    scale_advantages : callable
        Applied to each minibatch: ``gae.standardized`` or ``gae.unscaled``.
    clip_gradients : callable
        ``gradient_step.clip_jointly`` or ``gradient_step.clip_separately``.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    n_steps: int = 128
    gamma: float = 0.99
    lam: float = 0.95
    clip: float = 0.2
    value_clip: float = math.inf
    entropy_coef: float = 0.0
    value_coef: float = 0.5
    kl_coef: float = 0.0
    epochs: int = 4
    n_minibatches: int = 4
    learning_rate: float = 3e-4
    max_grad_norm: float = 0.5
    optimizer: Optimizer = field(default_factory=lambda: adam(eps=1e-5))
    scale_advantages: Callable[[Array], Array] = standardized
    clip_gradients: Callable[[Params, float], Params] = clip_jointly

    def __post_init__(self) -> None:
        for name in ("n_steps", "epochs", "n_minibatches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}")
        for name in ("gamma", "lam"):
            check_unit_interval(name, getattr(self, name))
        for name in ("clip", "value_clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0; got {getattr(self, name)}")
        for name in ("entropy_coef", "value_coef", "kl_coef"):
            check_nonnegative(name, getattr(self, name))
        for name in ("learning_rate", "max_grad_norm"):
            check_positive(name, getattr(self, name))

    @property
    def objective(self) -> Objective:
        """The loss that these settings describe."""
        return Objective(
            partial(clipped_surrogate, clip=self.clip),
            partial(value_loss, clip=self.value_clip),
            self.entropy_coef,
            self.value_coef,
            self.kl_coef,
        )


def update(
    model: Model,
    learner: Learner,
    batch: Batch,
    settings: PPOSettings,
    rng: np.random.Generator,
    gradients: Gradients = loss_and_gradients,
) -> tuple[Learner, Losses]:
    """All epochs of minibatch steps on one batch.

    Parameters
    ----------
    model : Model
    learner : Learner
    batch : Batch
    settings : PPOSettings
    rng : Generator
        Draws the minibatches.
    gradients : callable
        How each step's gradient is computed: ``gradient_step.loss_and_gradients`` or, for large
        minibatches, ``gradient_step.in_blocks``.

    Returns
    -------
    learner : Learner
    losses : Losses
        Means over all minibatch steps, each before its step.

    Raises
    ------
    ValueError
        If there are more minibatches than samples, or a gradient is not finite.
    """
    history = []
    for _ in range(settings.epochs):
        for indices in minibatches(len(batch), settings.n_minibatches, rng):
            part = batch.take(indices)
            learner, losses = gradient_step(model, learner, part, settings, gradients)
            history.append((losses.policy, losses.value, losses.entropy, losses.kl))
    return learner, Losses(*(float(mean) for mean in np.mean(history, axis=0)))
