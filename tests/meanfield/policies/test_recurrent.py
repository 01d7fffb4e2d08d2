"""The policy with a memory: gradient through time, and step by step the same as all at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import check_layer
from linear_models.params import Params, map_params
from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies.decision_rules import offload_probabilities, state_distribution
from refimpl.meanfield.policies.recurrent import (
    NETWORK,
    backward,
    forward,
    remembering,
    remembering_rule,
)
from refimpl.meanfield.train.recurrent_ppo import RecurrentTraining, first_actor
from refimpl.meanfield.train.settings import PPOTraining

SETTINGS = RecurrentTraining(5, PPOTraining(hidden=(4, 3)))


def network(seed: int, buffer: int = 2) -> Params:
    """All parameters random, in double precision, the last layer not small."""
    rng = np.random.default_rng(seed)
    start = first_actor(rng, buffer + 1, SETTINGS)
    params = map_params(lambda p: p + rng.uniform(-0.3, 0.3, p.shape), start)
    return {**params, "act.W": params["act.W"] * 3}


@given(st.integers(0, 2**32 - 1))
def test_gradient_by_complex_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check_layer(forward, backward, network(seed), rng.dirichlet(np.ones(3), (2, 4)), rng)


@given(st.integers(0, 2**32 - 1))
def test_epoch_by_epoch_is_the_whole_episode(seed: int) -> None:
    params, x = network(seed), np.random.default_rng(seed).dirichlet(np.ones(3), (2, 5))
    y, _ = NETWORK.forward(params, x)
    step = remembering(params)
    for t in range(5):
        np.testing.assert_allclose(step(x[:, t]), y[:, t], rtol=1e-12, atol=1e-13)


def test_the_rule_remembers_and_a_new_one_starts_empty() -> None:
    system, params = System(ring(4), buffer=2), network(1)
    rng = np.random.default_rng(0)
    states = rng.integers(0, 3, (3, 4))
    policy, step = remembering_rule(params), remembering(params)
    seen = state_distribution(states, 2)
    first, second = (policy(system, states, rng) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    for shares in (first, second):
        rules = offload_probabilities(step(seen)[:, :6])
        offload = np.take_along_axis(rules, states, axis=1)
        np.testing.assert_allclose(shares, offload_shares(system.graph, offload), atol=1e-12)
    assert np.array_equal(remembering_rule(params)(system, states, rng), first)


def test_it_forgets_when_the_episode_is_over() -> None:
    """Simulated in blocks, every block sees what it would see alone."""
    system, params = System(ring(4), buffer=2), network(2)
    rng = np.random.default_rng(0)
    states = rng.integers(0, 3, (7, 3, 4))
    policy = remembering_rule(params, epochs=3)
    twice = [policy(system, states[t % 3], rng) for t in range(6)]
    for t in range(3):
        assert np.array_equal(twice[t], twice[t + 3])
    assert np.abs(twice[0] - remembering_rule(params)(system, states[1], rng)).max() > 1e-6


def test_bad_use_is_named() -> None:
    system, params = System(ring(4), buffer=2), network(3)
    rng = np.random.default_rng(0)
    policy = remembering_rule(params)
    policy(system, np.zeros((3, 4), dtype=int), rng)
    with pytest.raises(ValueError, match=r"states must be of the 3 episodes that .* got 2"):
        policy(system, np.zeros((2, 4), dtype=int), rng)
    with pytest.raises(ValueError, match="epochs must be an integer >= 1; got 0"):
        remembering_rule(params, epochs=0)
