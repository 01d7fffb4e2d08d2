"""One gradient step of actor and critic on a batch, for any surrogate and any value loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import numpy as np

from linear_models.optimizers import clip_by_global_norm
from linear_models.params import Array, Params
from linear_models.validation import check_count
from refimpl.shared.actor_critic import Learner, Model
from refimpl.shared.batch import Batch
from refimpl.shared.optimizer import Optimizer, group, joined

Surrogate = Callable[[Array, Array, Array], tuple[Any, Array]]
"""``(log_probs, old_log_probs, advantages) -> (loss, d_log_probs)``."""
ValueLoss = Callable[[Array, Array, Array], tuple[Any, Array]]
"""``(values, old_values, returns) -> (loss, d_values)``."""


@dataclass(frozen=True)
class Objective:
    """Loss = surrogate - entropy_coef * mean entropy + value_coef * value loss; minimised.

    With ``kl_coef * mean KL(policy that acted || policy now)`` added for batches that hold the
    outputs of the policy that acted.
    """

    surrogate: Surrogate
    value_loss: ValueLoss
    entropy_coef: float
    value_coef: float
    kl_coef: float = 0.0


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
    """Parts of the loss, unweighted; ``kl`` is 0 for batches without the acting outputs."""

    policy: float
    value: float
    entropy: float
    kl: float = 0.0


Gradients = Callable[[Model, Params, Batch, Objective], tuple[Losses, Params]]
"""A way to compute what :func:`loss_and_gradients` returns."""


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
    outputs, cache = model.actor.forward(actor, batch.observations)
    policy_loss, entropy, kl, d_outputs = _policy_terms(model, outputs, batch, objective)
    actor_grads, _ = model.actor.backward(actor, cache, d_outputs)

    values, cache = model.critic.forward(critic, model.critic_view(batch.observations))
    value_loss, d_values = objective.value_loss(values[..., 0], batch.values, batch.returns)
    d_critic = objective.value_coef * d_values[..., None]
    critic_grads, _ = model.critic.backward(critic, cache, d_critic)
    return Losses(policy_loss, value_loss, entropy, kl), joined(
        actor=actor_grads, critic=critic_grads
    )


def _policy_terms(
    model: Model, outputs: Array, batch: Batch, objective: Objective
) -> tuple[Any, Any, Any, Array]:
    """Surrogate, mean entropy and mean divergence, and the gradient of their weighted sum."""
    head, mask = model.head, model.mask_view(batch.observations)
    log_probs = head.log_prob(outputs, batch.actions, mask)
    loss, d_log_probs = objective.surrogate(log_probs, batch.log_probs, batch.advantages)
    entropy = head.entropy(outputs, mask)
    d_entropy = np.full_like(entropy, -objective.entropy_coef / entropy.size)
    d_outputs = head.log_prob_vjp(outputs, batch.actions, d_log_probs, mask) + head.entropy_vjp(
        outputs, d_entropy, mask
    )
    if batch.outputs is None:
        return loss, entropy.mean(), 0.0, d_outputs
    kl = head.kl(batch.outputs, outputs, mask)
    d_kl = np.full_like(kl, objective.kl_coef / kl.size)
    d_outputs += head.kl_vjp(batch.outputs, outputs, d_kl, mask)[1]
    return loss, entropy.mean(), kl.mean(), d_outputs


def in_blocks(
    model: Model,
    params: Params,
    batch: Batch,
    objective: Objective,
    rows: int = 512,
    each: Callable[..., Iterable[Any]] = map,
) -> tuple[Losses, Params]:
    """Compute :func:`loss_and_gradients` block by block: same numbers up to rounding, less memory.

    Every term of the loss is a mean over samples, so the gradient is the mean of the blocks'
    gradients weighted by their sizes. Blocks that fit into the processor's cache are faster; and
    they are independent, so ``each`` may be the ``map`` of a thread pool. The bits depend on
    ``rows`` and not on ``each``.

    Parameters
    ----------
    model, params, batch, objective
        As in :func:`loss_and_gradients`.
    rows : int
        Largest number of samples in a block, at least 1.
    each : callable
        ``each(function, items)`` in the order of the items.

    Raises
    ------
    ValueError
        If ``rows`` is not positive.
    """
    check_count("rows", rows)
    size = len(batch)
    blocks = [batch.take(slice(first, first + rows)) for first in range(0, size, rows)]
    parts = each(lambda block: loss_and_gradients(model, params, block, objective), blocks)
    total: list[float] = [0.0] * len(fields(Losses))
    grads: Params = {}
    for block, (losses, block_grads) in zip(blocks, parts, strict=True):
        weight = len(block) / size
        terms = (getattr(losses, field.name) for field in fields(Losses))
        total = [sofar + weight * term for sofar, term in zip(total, terms, strict=True)]
        for key, gradient in block_grads.items():
            weighted = weight * gradient
            grads[key] = grads[key] + weighted if key in grads else weighted
    return Losses(*total), grads


def gradient_step(
    model: Model,
    trained: Learner,
    batch: Batch,
    settings: StepSettings,
    gradients: Gradients = loss_and_gradients,
) -> tuple[Learner, Losses]:
    """One step of the optimiser on all samples of the batch; the losses are those before it.

    ``gradients`` may be :func:`in_blocks` for large batches.

    Raises
    ------
    ValueError
        If a gradient is not finite.
    """
    scaled = replace(batch, advantages=settings.scale_advantages(batch.advantages))
    losses, grads = gradients(model, trained.params, scaled, settings.objective)
    grads = settings.clip_gradients(grads, settings.max_grad_norm)
    stepped = settings.optimizer.step(trained.params, grads, trained.state, settings.learning_rate)
    return Learner(*stepped), losses


def clip_jointly(grads: Params, max_norm: float) -> Params:
    """Bound the norm of actor's and critic's gradients taken together."""
    return clip_by_global_norm(grads, max_norm)[0]


def unclipped(grads: Params, max_norm: float) -> Params:
    """Gradients as they are."""
    del max_norm
    return grads


def clip_separately(grads: Params, max_norm: float) -> Params:
    """Bound the norm of the actor's and of the critic's gradient, each on its own."""
    parts = {name: clip_jointly(group(grads, name), max_norm) for name in ("actor", "critic")}
    return joined(**parts)
