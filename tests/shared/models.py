"""Small models, learners and batches for the tests of the training code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linear_models import mlp
from linear_models.activations import TANH, Activation
from refimpl.shared.action_heads import CATEGORICAL, ActionHead
from refimpl.shared.actor_critic import Learner, Model, joint_view, learner, mlp_network, policy
from refimpl.shared.batch import Batch, to_batch
from refimpl.shared.optimizer import Optimizer, adam
from refimpl.shared.rollout import Dynamics, collect


@dataclass(frozen=True)
class Sizes:
    """Widths: observation of an agent, outputs of the actor, input of the critic, hidden layer."""

    observation: int
    outputs: int
    critic: int
    hidden: int = 8


def small_model(head: ActionHead = CATEGORICAL, activation: Activation = TANH) -> Model:
    """One agent, or agents with critics of their own."""
    network = mlp_network(activation)
    return Model(network, network, head)


def team_model() -> Model:
    """A shared actor and one critic that sees all agents."""
    network = mlp_network()
    return Model(network, network, critic_view=joint_view)


def small_learner(
    rng: np.random.Generator, sizes: Sizes, optimizer: Optimizer | None = None
) -> Learner:
    """Fresh parameters."""
    actor = mlp.init(rng, (sizes.observation, sizes.hidden, sizes.outputs), out_gain=0.5)
    critic = mlp.init(rng, (sizes.critic, sizes.hidden, 1))
    return learner(actor, critic, optimizer or adam())


def collected(
    model: Model, trained: Learner, dynamics: Dynamics, n_envs: int, rng: np.random.Generator
) -> Batch:
    """Six steps of ``n_envs`` copies as a batch."""
    start = dynamics.reset(n_envs, rng)
    rollout, _ = collect(dynamics, policy(model, trained), start, 6, rng)
    return to_batch(model, trained, rollout, 0.9, 0.8)
