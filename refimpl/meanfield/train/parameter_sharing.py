"""NA-PS: one agent's policy, shared by all, learned on a small system [MF sec. 2.2].

Every agent sees its own queue length and draws a pair (keep, send) of its own; the reward of all is
minus the drops per queue. Trained on the ring with five agents; usable on any number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Params
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.decision_rules import ACTIONS, offload_probabilities
from refimpl.meanfield.policies.learned import agent_outputs, shared_agent
from refimpl.meanfield.train.driver import MakePolicy, Method, always, run
from refimpl.meanfield.train.networks import DTYPE, gaussian_actor, normalized_columns, on_states
from refimpl.meanfield.train.rollouts import Decide, Decision, Ints
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.actor_critic import Model, mlp_network
from refimpl.shared.gaussian_head import GAUSSIAN

TRAINING_AGENTS = 5
"""Size of the ring that the paper trains on."""


def train(
    system: System, settings: PPOTraining, seed: int, checkpoint: Path | str | None = None
) -> dict[str, NDArray[Any]]:
    """Train the shared policy on one system [MF sec. 2.2].

    A sample is what one agent does in one epoch.

    Returns
    -------
    dict
        ``actor.*`` and ``curve.*``, see :func:`refimpl.meanfield.train.driver.run`; evaluated is
        the mean policy.
    """
    return run(system, settings, method(system, settings), seed, checkpoint)


def method(system: System, settings: PPOTraining) -> Method:
    """How the shared policy starts, sees and acts."""
    n_states = system.buffer + 1
    network = on_states(mlp_network(), n_states, DTYPE)

    def start(rng: np.random.Generator) -> tuple[Params, Params]:
        actor = gaussian_actor(rng, (n_states, *settings.hidden), ACTIONS, settings.log_std)
        critic = normalized_columns(rng, (n_states, *settings.critic_hidden, 1), DTYPE)
        return actor, critic

    return Method(
        "parameter-sharing",
        Model(network, network, GAUSSIAN),
        start,
        lambda actor: every_agent(actor, system.buffer),
        policies,
        samples_per_epoch=system.n,
    )


def every_agent(actor: Params, buffer: int) -> Decide:
    """Draw one pair per agent from its own queue length."""
    table = agent_outputs(actor, buffer)

    def decide(states: Ints, rng: np.random.Generator) -> Decision:
        actions, log_probs = GAUSSIAN.draw(table[states], rng, None)
        return Decision(states, actions, log_probs, offload_probabilities(actions)[..., 0])

    return decide


def policies(actor: Params) -> dict[str, MakePolicy]:
    """List the mean policy."""
    return {"NA-PS": always(shared_agent(actor))}
