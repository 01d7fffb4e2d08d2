"""NA-PS: every agent draws its own pair, and the shared policy learns on five agents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies.decision_rules import offload_probabilities
from refimpl.meanfield.policies.learned import agent_outputs
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.meanfield.train.driver import always, evaluate
from refimpl.meanfield.train.networks import gaussian_actor
from refimpl.meanfield.train.parameter_sharing import TRAINING_AGENTS, every_agent, train
from refimpl.meanfield.train.presets import NA_PS_OURS
from refimpl.meanfield.train.settings import with_iterations
from refimpl.shared.optimizer import group


def test_agents_draw_independently_from_their_own_state() -> None:
    actor = gaussian_actor(np.random.default_rng(0), (6, 8), 2, -3.0)
    actor["W1"] *= 100
    states = np.tile(np.arange(6), (3000, 1))
    decision = every_agent(actor, 5)(states, np.random.default_rng(1))
    assert decision.actions.shape == (3000, 6, 2)
    assert decision.log_probs.shape == states.shape
    assert np.array_equal(decision.observations, states)
    expected = offload_probabilities(decision.actions)[..., 0]
    assert np.array_equal(decision.offload, expected)
    outputs = agent_outputs(actor, 5)
    error = decision.actions.mean(axis=0) - outputs[:, :2]
    assert np.abs(error * np.exp(-outputs[:, 2:])).max() < 4.5 / np.sqrt(3000)
    between = np.corrcoef(decision.actions[..., 0].T) - np.eye(6)
    assert np.abs(between).max() < 5 / np.sqrt(3000)


@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_on_five_agents(seed: int) -> None:
    system = System(ring(TRAINING_AGENTS))
    brief = replace(NA_PS_OURS.settings, batch=12_500, minibatch=2_500, learning_rate=3e-3)
    result = train(system, with_iterations(brief, 16, 16), seed)
    random = evaluate(system, always(random_per_packet))
    assert result["curve.evaluation NA-PS"][-1] < 0.95 * random
    means = agent_outputs(group(result, "actor"), 5)[:, :2]
    rule = offload_probabilities(means)[:, 0]
    assert rule[5] > rule[0]
