"""Trained networks as policies: what each variant sees, and that every job arrives somewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import mlp
from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, ring
from refimpl.meanfield.policies.decision_rules import action_size, offload_probabilities
from refimpl.meanfield.policies.learned import (
    VARIANTS,
    agent_outputs,
    global_rule,
    mean_action,
    neighbourhood_rule,
    own_rule,
    rule_of_own_state,
    sampled_action,
    shared_agent,
)
from refimpl.meanfield.policies.rules import own_state
from refimpl.meanfield.train.networks import gaussian_actor
from tests.meanfield.strategies import states_of, systems

RNG = np.random.default_rng(0)


def network(buffer: int, seed: int = 0) -> dict[str, Any]:
    """Upper-level policy that does react to what it sees."""
    rng = np.random.default_rng(seed)
    params = gaussian_actor(rng, (buffer + 1, 4), action_size(buffer), -1.0)
    params["W1"] *= 100
    return params


def agent(buffer: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    params = gaussian_actor(rng, (buffer + 1, 4), 2, -1.0)
    params["W1"] *= 100
    return params


@given(systems(), st.data(), st.sampled_from([mean_action, sampled_action]))
def test_every_job_arrives_somewhere(system: System, data: st.DataObject, draw: Any) -> None:
    states = states_of(data.draw, system, 4)
    policies = [make(network(system.buffer), draw=draw) for make in VARIANTS.values()]
    for policy in [*policies, shared_agent(agent(system.buffer), draw=draw)]:
        shares = policy(system, states, np.random.default_rng(1))
        assert shares.shape == states.shape
        assert shares.dtype == np.float64
        assert shares.min() >= 0
        # Probabilities are float32, shares are sums of them in float64.
        np.testing.assert_allclose(shares.sum(axis=1), system.n, rtol=1e-12)


@given(systems(), st.data())
def test_each_variant_shows_the_network_what_it_should(system: System, data: st.DataObject) -> None:
    states, params = states_of(data.draw, system, 2), network(system.buffer)
    n_states = system.buffer + 1
    for name, make in VARIANTS.items():
        offload = np.empty(states.shape)
        for e, i in np.ndindex(states.shape):
            around = [i, *system.graph.neighbours_of(i)]
            seen = {"MF-G": states[e], "MF-N": states[e, around], "MF-R": states[e, [i]]}[name]
            mu = np.bincount(seen, minlength=n_states) / len(seen)
            outputs, _ = mlp.forward(params, mu.astype(np.float32))
            rule = offload_probabilities(outputs[: 2 * n_states])
            offload[e, i] = rule[states[e, i]]
        expected = offload_shares(system.graph, offload)
        # float32 networks on inputs that may round differently, weights of order 1.
        shares = make(params)(system, states, RNG)
        np.testing.assert_allclose(shares, expected, rtol=0, atol=1e-4)


def test_on_the_complete_graph_a_neighbourhood_is_the_whole_system() -> None:
    system, params = System(complete(5)), network(5)
    states = np.random.default_rng(2).integers(0, 6, (3, 5))
    around = neighbourhood_rule(params)(system, states, RNG)
    np.testing.assert_allclose(around, global_rule(params)(system, states, RNG), atol=1e-5)


def test_the_mean_of_mf_r_is_a_fixed_own_state_rule() -> None:
    system, params = System(ring(7)), network(5)
    states = np.random.default_rng(3).integers(0, 6, (4, 7))
    rule = rule_of_own_state(params, 5)
    assert rule.min() >= 0
    assert rule.max() <= 1
    assert np.ptp(rule) > 0.1
    expected = own_state(rule)(system, states, RNG)
    np.testing.assert_allclose(own_rule(params)(system, states, RNG), expected, atol=1e-6)


def test_the_mean_of_na_ps_is_a_fixed_own_state_rule() -> None:
    system, params = System(ring(7)), agent(5)
    states = np.random.default_rng(4).integers(0, 6, (4, 7))
    rule = offload_probabilities(agent_outputs(params, 5)[:, :2])[:, 0].astype(float)
    assert np.array_equal(
        shared_agent(params)(system, states, RNG), own_state(rule)(system, states, RNG)
    )


def test_without_noise_a_sampled_policy_is_the_mean_policy() -> None:
    system = System(ring(7))
    states = np.random.default_rng(6).integers(0, 6, (4, 7))
    upper, own = network(5), agent(5)
    for params in (upper, own):
        half = params["b1"].size // 2
        params["W1"][:, half:], params["b1"][half:] = 0.0, -40.0
    pairs = [(make, upper) for make in VARIANTS.values()] + [(shared_agent, own)]
    for make, params in pairs:
        drawn = make(params, draw=sampled_action)(system, states, np.random.default_rng(7))
        np.testing.assert_allclose(drawn, make(params)(system, states, RNG), atol=1e-6)


def test_draws_have_the_mean_and_deviation_of_the_outputs() -> None:
    outputs = np.tile(np.array([0.3, -0.2, -1.0, -2.0]), (20_000, 1))
    drawn = sampled_action(outputs, np.random.default_rng(5))
    z = (drawn - outputs[:, :2]) / np.exp(outputs[:, 2:])
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(20_000)
    assert np.abs((z * z).mean(axis=0) - 1).max() < 4 * np.sqrt(2 / 20_000)
    assert np.array_equal(mean_action(outputs, RNG), outputs[:, :2])


def test_a_network_for_another_buffer_is_refused() -> None:
    system = System(ring(3), buffer=4)
    for make in VARIANTS.values():
        with pytest.raises(ValueError, match="params must put out 20 numbers for buffer 4; got 24"):
            make(network(5))(system, np.zeros((1, 3), dtype=int), RNG)
