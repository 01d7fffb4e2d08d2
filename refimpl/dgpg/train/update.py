"""The gradient steps of one episode [DG-PG App. I.2].

Actor and critic make their own passes over their own samples, each with its own minibatches,
optimiser and clipping: what the paper calls split epochs. They need nothing of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from linear_models.params import Array, Params
from refimpl.dgpg.train import networks, perceptron
from refimpl.dgpg.train.batches import Batch
from refimpl.dgpg.train.learner import Learner, Trained
from refimpl.dgpg.train.losses import value_gradient
from refimpl.dgpg.train.networks import Samples
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.shared.adam_in_place import adam_in_place
from refimpl.shared.flat_weights import Buffers, Weights
from refimpl.shared.policy_gradient import Terms, policy_gradient
from refimpl.shared.sums import Sums

Each = Callable[..., Iterable[Any]]
Loss = Callable[..., Terms]
"""``loss(outputs (n_out, B), *columns)``: turns the outputs into the derivative by them."""


@dataclass(frozen=True)
class Passes:
    """How a network is fitted: passes over the samples, and each gradient step."""

    epochs: int
    minibatch: int
    rate: float
    max_norm: float


def update(
    settings: TrainSettings,
    learner: Learner,
    batch: Batch,
    fraction: float,
    rngs: tuple[np.random.Generator, np.random.Generator],
    each: Each = map,
) -> tuple[Learner, dict[str, float]]:
    """All gradient steps of an episode; what was passed in stays as it was.

    Parameters
    ----------
    settings, learner, batch
    fraction : float
        Of the training, for the schedules.
    rngs : two Generators
        Draw the minibatches of the actor and of the critic.
    each : callable
        ``each(function, items)``; actor and critic do not wait for each other, so this may be the
        ``map`` of a pool of two threads. The bits do not depend on it.

    Returns
    -------
    learner : Learner
    diagnostics : dict
        Means over the gradient steps, each before its step: ``actor_`` and ``critic_`` with the
        terms of the losses, ``norm`` of the gradient, ``steps`` their number.

    Raises
    ------
    ValueError
        If a gradient is not finite.
    """
    entropy = settings.entropy(fraction)
    actor_passes = Passes(
        settings.actor_epochs,
        settings.minibatch,
        settings.learning_rate(fraction),
        settings.max_grad_norm,
    )
    critic_passes = Passes(
        settings.critic_epochs,
        settings.critic_minibatch,
        settings.critic_learning_rate(fraction),
        settings.critic_max_grad_norm,
    )
    acted = (batch.actions, batch.log_probs, batch.signal)
    policy_loss = partial(policy_gradient, clip=settings.clip, entropy_coef=entropy)
    value_loss = partial(value_gradient, delta=settings.huber_delta)
    fits = (
        (learner.actor, batch.seen, acted, policy_loss, actor_passes, rngs[0]),
        (learner.critic, batch.judged, (batch.targets,), value_loss, critic_passes, rngs[1]),
    )
    (actor, first), (critic, second) = each(lambda fit: descend(*fit), fits)
    means = {f"actor_{name}": value for name, value in first.items()}
    means |= {f"critic_{name}": value for name, value in second.items()}
    return replace(learner, actor=actor, critic=critic), means


def descend(
    trained: Trained,
    samples: Samples,
    columns: Sequence[Array],
    loss: Loss,
    passes: Passes,
    rng: np.random.Generator,
) -> tuple[Trained, dict[str, float]]:
    """Fit a network to samples by minibatch steps of Adam [DG-PG eq. 13].

    Descent on the loss is ascent along the estimate, with Adam's step sizes.

    Returns
    -------
    trained : Trained
    means : dict
        Of the terms of the loss and the norm of its gradient over the steps; number of ``steps``.

    Raises
    ------
    ValueError
        If a gradient is not finite.
    """
    weights, moments, buffers = Weights.of(trained.params), trained.moments.copy(), Buffers()
    grads, sums = weights.like(), Sums()
    for _ in range(passes.epochs):
        order = rng.permutation(len(samples))
        shuffled, shuffled_columns = samples.take(order), [c[order] for c in columns]
        for part in minibatches(len(order), passes.minibatch):
            chosen, chosen_columns = shuffled.take(part), [c[part] for c in shuffled_columns]
            terms = gradient(weights.named, grads.named, chosen, chosen_columns, loss, buffers)
            norm = adam_in_place(
                weights.vector, grads.vector, moments, passes.rate, passes.max_norm
            )
            sums.add(norm=norm, **terms)
    return Trained(weights.params(), moments), {**sums.means(), "steps": float(sums.steps)}


def gradient(
    params: Params,
    grads: Params,
    samples: Samples,
    columns: Sequence[Array],
    loss: Loss,
    buffers: Buffers,
) -> Terms:
    """Write the gradient of the loss on these samples into ``grads``; return the loss's terms."""
    x = samples.inputs(params, buffers)
    outputs, inputs = perceptron.forward(params, x, buffers)
    terms = loss(outputs, *columns)
    networks.backward(params, grads, samples, inputs, outputs, buffers)
    return terms


def minibatches(size: int, largest: int) -> list[slice]:
    """Cut samples into the fewest parts of at most ``largest``, all about equal."""
    parts = -(-size // largest)
    ends = [size * k // parts for k in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]
