"""One gradient step of actor and critic on a batch, for any surrogate and any value loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from linear_models.optimizers import clip_by_global_norm
from linear_models.params import Array, Params
from refimpl.shared.actor_critic import Learner, Model
from refimpl.shared.batch import Batch
from refimpl.shared.optimizer import Optimizer, group, joined

Surrogate = Callable[[Array, Array, Array], tuple[Any, Array]]
"""``(log_probs, old_log_probs, advantages) -> (loss, d_log_probs)``."""
ValueLoss = Callable[[Array, Array, Array], tuple[Any, Array]]
"""``(values, old_values, returns) -> (loss, d_values)``."""


@dataclass(frozen=True)
class Objective:
    """Loss = surrogate - entropy_coef * mean entropy + value_coef * value loss; minimised."""

    surrogate: Surrogate
    value_loss: ValueLoss
    entropy_coef: float
    value_coef: float


class StepSettings(Protocol):
    """What a gradient step needs to know; PPO's and A2C's settings both say it."""

    @property
    def objective(self) -> Objective:
        """The loss."""

    @property
    def scale_advantages(self) -> Callable[[Array], Array]:
        """Applied to the advantages of each step's samples."""

    @property
    def clip_gradients(self) -> Callable[[Params, float], Params]:
        """``clip_gradients(grads, max_norm)``."""

    @property
    def max_grad_norm(self) -> float:
        """Bound that ``clip_gradients`` gets."""

    @property
    def optimizer(self) -> Optimizer:
        """Makes the step."""

    @property
    def learning_rate(self) -> float:
        """Size of the step."""


@dataclass(frozen=True)
class Losses:
    """Parts of the loss, unweighted."""

    policy: float
    value: float
    entropy: float


def loss_and_gradients(
    model: Model, params: Params, batch: Batch, objective: Objective
) -> tuple[Losses, Params]:
    """Parts of the loss and the gradient of the whole with respect to all parameters.

    Returns
    -------
    losses : Losses
    grads : dict
        Keys and shapes of ``params``.
    """
    actor, critic = group(params, "actor"), group(params, "critic")
    mask = model.mask_view(batch.observations)
    outputs, cache = model.actor.forward(actor, batch.observations)
    log_probs = model.head.log_prob(outputs, batch.actions, mask)
    policy_loss, d_log_probs = objective.surrogate(log_probs, batch.log_probs, batch.advantages)
    entropy = model.head.entropy(outputs, mask)
    d_entropy = np.full_like(entropy, -objective.entropy_coef / entropy.size)
    d_outputs = model.head.log_prob_vjp(
        outputs, batch.actions, d_log_probs, mask
    ) + model.head.entropy_vjp(outputs, d_entropy, mask)
    actor_grads, _ = model.actor.backward(actor, cache, d_outputs)

    values, cache = model.critic.forward(critic, model.critic_view(batch.observations))
    value_loss, d_values = objective.value_loss(values[..., 0], batch.values, batch.returns)
    d_critic = objective.value_coef * d_values[..., None]
    critic_grads, _ = model.critic.backward(critic, cache, d_critic)
    return Losses(policy_loss, value_loss, entropy.mean()), joined(
        actor=actor_grads, critic=critic_grads
    )


def gradient_step(
    model: Model, trained: Learner, batch: Batch, settings: StepSettings
) -> tuple[Learner, Losses]:
    """One step of the optimiser on all samples of the batch; the losses are those before it.

    Raises
    ------
    ValueError
        If a gradient is not finite.
    """
    scaled = replace(batch, advantages=settings.scale_advantages(batch.advantages))
    losses, grads = loss_and_gradients(model, trained.params, scaled, settings.objective)
    grads = settings.clip_gradients(grads, settings.max_grad_norm)
    stepped = settings.optimizer.step(trained.params, grads, trained.state, settings.learning_rate)
    return Learner(*stepped), losses


def clip_jointly(grads: Params, max_norm: float) -> Params:
    """Bound the norm of actor's and critic's gradients taken together."""
    return clip_by_global_norm(grads, max_norm)[0]


def clip_separately(grads: Params, max_norm: float) -> Params:
    """Bound the norm of the actor's and of the critic's gradient, each on its own."""
    parts = {name: clip_jointly(group(grads, name), max_norm) for name in ("actor", "critic")}
    return joined(**parts)
