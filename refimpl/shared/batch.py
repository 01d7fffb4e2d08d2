"""Samples for training: a rollout, evaluated by the critic and flattened."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np

from linear_models.params import Array
from refimpl.shared.actor_critic import Learner, Model, values_of
from refimpl.shared.gae import generalized_advantages
from refimpl.shared.rollout import Rollout, step_values


@dataclass(frozen=True)
class Batch:
    """Experience with time and environments flattened into one first axis of B samples.

    Attributes
    ----------
    observations, actions : (B, ...) arrays
    log_probs : (B,) or (B, N) float
        Under the policy that acted.
    advantages : (B,) or (B, N) float
        Shape of ``log_probs``; one advantage for all agents is repeated for each.
    values, returns : (B,) or (B, N) float
        Of the critic when the batch was made, and what it should have said.
    outputs : (B, ...) float, optional
        Of the actor when the batch was made; for a penalty on moving away from them.
    """

    observations: Array
    actions: Array
    log_probs: Array
    advantages: Array
    values: Array
    returns: Array
    outputs: Array | None = None

    def __len__(self) -> int:
        return len(self.log_probs)

    def take(self, indices: Array | slice) -> Batch:
        """Select the samples at ``indices``."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen = {name: c[indices] for name, c in columns.items() if c is not None}
        return Batch(**chosen)


def with_outputs(model: Model, trained: Learner, batch: Batch) -> Batch:
    """Batch that remembers what the actor puts out now, before it is trained."""
    return replace(batch, outputs=model.actor.forward(trained.actor, batch.observations)[0])


def to_batch(model: Model, trained: Learner, rollout: Rollout, gamma: float, lam: float) -> Batch:
    """Evaluate a rollout with the critic and flatten it into samples.

    Raises
    ------
    ValueError
        If the critic's values do not have the shape of the rewards.
    """
    values, next_values = step_values(rollout, partial(values_of, model, trained.critic))
    if values.shape != rollout.rewards.shape:
        raise ValueError(
            f"rewards must have the shape of the critic's values, {values.shape}; "
            f"got {rollout.rewards.shape}"
        )
    terminated, ended = (
        np.broadcast_to(_expanded(flags, values), values.shape)
        for flags in (rollout.terminated, rollout.ended)
    )
    # In the critic's precision: float64 rewards would turn float32 parameters into float64 ones.
    rewards = rollout.rewards.astype(values.dtype)
    advantages, returns = generalized_advantages(
        rewards, values, next_values, terminated, ended, gamma, lam
    )
    each = np.broadcast_to(_expanded(advantages, rollout.log_probs), rollout.log_probs.shape)
    columns = (rollout.observations, rollout.actions, rollout.log_probs, each, values, returns)
    return Batch(*(column.reshape(-1, *column.shape[2:]) for column in columns))


def _expanded(array: Array, like: Array) -> Array:
    """``array`` with axes of length 1 appended until it has as many axes as ``like``."""
    return array.reshape(array.shape + (1,) * (like.ndim - array.ndim))


def minibatches(size: int, n_minibatches: int, rng: np.random.Generator) -> list[Array]:
    """Random partition of ``0..size-1`` into parts whose sizes differ by at most one.

    Raises
    ------
    ValueError
        If a part would be empty.
    """
    if not 1 <= n_minibatches <= size:
        raise ValueError(f"n_minibatches must be in 1..{size}, the samples; got {n_minibatches}")
    return np.array_split(rng.permutation(size), n_minibatches)
