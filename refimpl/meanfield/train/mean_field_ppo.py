"""Learning the upper-level policy on a finite system [MF Algorithm 1].

One agent for the whole system: it sees how the queue lengths are distributed and draws one decision
rule for everybody, once per epoch; its reward is minus the drops per queue.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.params import Params
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.decision_rules import (
    action_size,
    offload_probabilities,
    state_distribution,
)
from refimpl.meanfield.policies.learned import global_rule, own_rule
from refimpl.meanfield.train.driver import MakePolicy, Method, always, run
from refimpl.meanfield.train.networks import DTYPE, gaussian_actor, normalized_columns
from refimpl.meanfield.train.rollouts import Decide, Decision, Ints
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.actor_critic import Model, mlp_network
from refimpl.shared.gaussian_head import GAUSSIAN

MODEL = Model(mlp_network(), mlp_network(), GAUSSIAN)


def train(
    system: System, settings: PPOTraining, seed: int, checkpoint: Path | str | None = None
) -> dict[str, NDArray[Any]]:
    """Train the upper-level policy on one system [MF Algorithm 1].

    Parameters
    ----------
    system : System
    settings : PPOTraining
    seed : int
        Seed of the run.
    checkpoint : path-like, optional
        File to continue from, to the same bits, and to write to at every point of the curve.

    Returns
    -------
    dict
        ``actor.*`` and ``curve.*``, see :func:`refimpl.meanfield.train.driver.run`; evaluated are
        the mean policies MF-G and MF-R.
    """
    return run(system, settings, method(system, settings), seed, checkpoint)


def method(system: System, settings: PPOTraining) -> Method:
    """How the upper-level policy starts, sees and acts."""
    n_states = system.buffer + 1

    def start(rng: np.random.Generator) -> tuple[Params, Params]:
        actor = gaussian_actor(
            rng, (n_states, *settings.hidden), action_size(system.buffer), settings.log_std
        )
        critic = normalized_columns(rng, (n_states, *settings.critic_hidden, 1), DTYPE)
        return actor, critic

    return Method(
        "mean-field-ppo", MODEL, start, lambda actor: upper_level(actor, system.buffer), policies
    )


def upper_level(actor: Params, buffer: int) -> Decide:
    """Draw one rule per episode from the distribution of its queue lengths."""

    def decide(states: Ints, rng: np.random.Generator) -> Decision:
        seen = state_distribution(states, buffer).astype(DTYPE)
        outputs, _ = mlp.forward(actor, seen)
        actions, log_probs = GAUSSIAN.draw(outputs, rng, None)
        offload = np.take_along_axis(offload_probabilities(actions), states, axis=1)
        return Decision(seen, actions, log_probs, offload)

    return decide


def policies(actor: Params) -> dict[str, MakePolicy]:
    """Mean policies that see the global distribution and the own state."""
    return {"MF-G": always(global_rule(actor)), "MF-R": always(own_rule(actor))}
