"""Algorithm 1 learns what it should: on a small ring it beats the random policy for sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies.decision_rules import offload_probabilities, state_distribution
from refimpl.meanfield.policies.learned import rule_of_own_state
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.meanfield.train.driver import always, evaluate
from refimpl.meanfield.train.mean_field_ppo import train, upper_level
from refimpl.meanfield.train.networks import gaussian_actor
from refimpl.meanfield.train.presets import OURS
from refimpl.meanfield.train.settings import with_iterations
from refimpl.shared.optimizer import group


def test_one_rule_per_episode_from_its_distribution() -> None:
    actor = gaussian_actor(np.random.default_rng(0), (6, 8), 12, -50.0)
    states = np.random.default_rng(1).integers(0, 6, (3, 7))
    decision = upper_level(actor, 5)(states, np.random.default_rng(2))
    np.testing.assert_allclose(decision.observations, state_distribution(states, 5), rtol=1e-6)
    for e in range(3):
        rule = offload_probabilities(decision.actions[e])
        assert np.array_equal(decision.offload[e], rule[states[e]])
    assert decision.actions.shape == (3, 12)
    assert decision.log_probs.shape == (3,)


def test_episodes_draw_their_rules_independently() -> None:
    actor = gaussian_actor(np.random.default_rng(0), (6,), 12, 0.0)
    states = np.zeros((4000, 2), dtype=int)
    actions = upper_level(actor, 5)(states, np.random.default_rng(3)).actions
    correlation = np.corrcoef(actions.T) - np.eye(12)
    assert np.abs(correlation).max() < 5 / np.sqrt(4000)
    np.testing.assert_allclose(actions.std(axis=0), 1.0, atol=4 / np.sqrt(2 * 4000) + 0.02)


@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_to_offload_more_from_longer_queues(seed: int) -> None:
    """Ten iterations on ten queues: far below random, and the rule increases."""
    system = System(ring(10))
    settings = with_iterations(replace(OURS.settings, learning_rate=3e-3), 12, 12)
    result = train(system, settings, seed)
    learned = result["curve.evaluation MF-G"][-1]
    random = evaluate(system, always(random_per_packet))
    assert learned < 0.93 * random
    rule = rule_of_own_state(group(result, "actor"), 5)
    assert rule[5] > rule[2] > rule[0]
