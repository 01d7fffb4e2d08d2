"""MF-RNN: the upper-level policy with a memory, trained by PPO on whole episodes [MF Fig. 9].

The gradient runs through all epochs of an episode, so a sample is an episode. The critic has no
memory; the paper does not say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import affine, recurrent
from linear_models.params import Params
from linear_models.validation import check_count
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.decision_rules import (
    action_size,
    offload_probabilities,
    state_distribution,
)
from refimpl.meanfield.policies.recurrent import NETWORK, remembering, remembering_rule
from refimpl.meanfield.train.driver import MakePolicy, Method, run, sequences
from refimpl.meanfield.train.networks import DTYPE, LAST_GAIN, normalized_columns
from refimpl.meanfield.train.rollouts import Decide, Decision, Ints
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.actor_critic import Model, mlp_network
from refimpl.shared.gaussian_head import GAUSSIAN
from refimpl.shared.optimizer import joined


@dataclass(frozen=True)
class RecurrentTraining:
    """Settings of MF-RNN.

    Parameters
    ----------
    cell : int
        Width of the memory.
    ppo : PPOTraining
        Everything else; ``hidden`` are the layers before the memory, at least one.
    """

    cell: int = 256
    ppo: PPOTraining = field(default_factory=PPOTraining)

    def __post_init__(self) -> None:
        check_count("cell", self.cell)
        if not self.ppo.hidden:
            raise ValueError("ppo.hidden must have a layer that reads for the memory; got ()")


def train(
    system: System, settings: RecurrentTraining, seed: int, checkpoint: Path | str | None = None
) -> dict[str, NDArray[Any]]:
    """Train the policy with a memory on one system [MF Fig. 9].

    Returns
    -------
    dict
        ``actor.*`` and ``curve.*``, see :func:`refimpl.meanfield.train.driver.run`; evaluated is
        the mean policy.
    """
    return run(system, settings.ppo, method(system, settings), seed, checkpoint)


def method(system: System, settings: RecurrentTraining) -> Method:
    """How the policy with a memory starts, sees and acts."""
    n_states = system.buffer + 1

    def start(rng: np.random.Generator) -> tuple[Params, Params]:
        actor = first_actor(rng, n_states, settings)
        critic = normalized_columns(rng, (n_states, *settings.ppo.critic_hidden, 1), DTYPE)
        return actor, critic

    return Method(
        f"recurrent-ppo-{settings.cell}",
        Model(NETWORK, mlp_network(), GAUSSIAN),
        start,
        lambda actor: upper_level(actor, system.buffer),
        policies,
        samples=sequences,
    )


def first_actor(rng: np.random.Generator, n_states: int, settings: RecurrentTraining) -> Params:
    """Normalised layers, an LSTM with open forget gates, and a last layer near zero."""
    n_actions, width = action_size(n_states - 1), settings.ppo.hidden[-1]
    read = normalized_columns(rng, (n_states, *settings.ppo.hidden), DTYPE)
    # The reading layers are all hidden layers, so the last of them starts like the others.
    read[f"W{len(settings.ppo.hidden) - 1}"] /= LAST_GAIN
    remember = recurrent.init(rng, width, settings.cell, dtype=DTYPE)
    act = affine.init(rng, settings.cell, 2 * n_actions, LAST_GAIN, DTYPE)
    act["b"][n_actions:] = settings.ppo.log_std
    return joined(read=read, remember=remember, act=act)


def upper_level(actor: Params, buffer: int) -> Decide:
    """Draw one rule per episode and epoch, remembering the epochs before."""
    step = remembering(actor)

    def decide(states: Ints, rng: np.random.Generator) -> Decision:
        seen = state_distribution(states, buffer).astype(DTYPE)
        actions, log_probs = GAUSSIAN.draw(step(seen), rng, None)
        offload = np.take_along_axis(offload_probabilities(actions), states, axis=1)
        return Decision(seen, actions, log_probs, offload)

    return decide


def policies(actor: Params) -> dict[str, MakePolicy]:
    """List the mean policy, a new one for every batch of episodes."""
    return {"MF-RNN": partial(remembering_rule, actor)}
