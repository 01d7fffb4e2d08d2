"""Collected experience, replayed step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linear_models import categorical
from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.observations import observer_for, own
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.simulator import Simulation, run
from refimpl.dgpg.objective.guidance import BEFORE_LOAD, CORRECTED_UTILIZATION, Placements
from refimpl.dgpg.objective.reference import imbalance
from refimpl.dgpg.policies.learned import learned, sampled
from refimpl.dgpg.train import rollouts
from refimpl.dgpg.train.baselines import policy_mean
from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.experience import Experience
from refimpl.dgpg.train.networks import Actor, agent_samples, evaluate
from refimpl.dgpg.train.perceptron import n_layers
from refimpl.dgpg.train.rollouts import capped, collect
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.shaping import minus_imbalance
from tests.dgpg.train.strategies import CLUSTERED, DIRECT, LINEAR, SYSTEMS, TINY


def played(system, settings: TrainSettings) -> tuple[Experience, Scenario, dict]:
    scenario = sample_scenario(replace(system, utilization=0.9), 3, np.random.default_rng(5))
    params = start(system, settings, 0).actor.params
    last = f"W{n_layers(params) - 1}"
    params[last] = params[last] * 50  # away from the uniform start
    actor = Actor(params, system.n_servers)
    return collect(settings, scenario, actor, np.random.default_rng(1)), scenario, params


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("guidance", [BEFORE_LOAD, CORRECTED_UTILIZATION])
def test_columns_are_those_of_a_replay(system, guidance) -> None:
    settings = replace(TINY, guidance=guidance, potential=minus_imbalance)
    found, scenario, _ = played(system, settings)
    simulation = Simulation(scenario)
    observer, _ = observer_for(system)
    first = 0
    for t in range(system.steps):
        jobs = simulation.begin()
        expected = observer(simulation, jobs)
        np.testing.assert_allclose(found.shared[t], expected, rtol=1e-6, atol=1e-7)
        potential = -imbalance(simulation.load, simulation.capacity)
        np.testing.assert_allclose(found.potentials[t], potential, rtol=1e-12)
        at = slice(first, first + len(jobs))
        first += len(jobs)
        np.testing.assert_array_equal(found.rows[at], 3 * t + jobs.rollout)
        np.testing.assert_array_equal(found.agent[at], jobs.agent)
        np.testing.assert_allclose(found.own[at], own(simulation, jobs), rtol=1e-6)
        before = simulation.load.copy()
        servers = servers_of(simulation, jobs, found.actions[at])
        simulation.place(jobs, servers)
        places = Placements(jobs.rollout, servers, jobs.demand)
        after = simulation.load
        coefficients = guidance(before, after, simulation.capacity, places)
        np.testing.assert_array_equal(found.coefficients[at], coefficients)
        np.testing.assert_array_equal(found.rewards[t], simulation.finish())
    assert first == len(found) > 20
    assert found.n_agents == system.n_servers


@pytest.mark.parametrize("settings", [TINY, LINEAR])
def test_log_probabilities_are_those_of_the_plain_network(settings) -> None:
    found, _, params = played(DIRECT, settings)
    shape = (len(params["W0"]), DIRECT.n_servers)
    samples = agent_samples(found.states, found.rows, found.own, found.agent, shape)
    logits = evaluate(params, samples).astype(float)
    expected = categorical.log_prob(logits, found.actions)
    # Single precision through three layers with outputs of the order of 1.
    np.testing.assert_allclose(found.log_probs, expected, atol=1e-4)
    assert np.exp(expected).std() > 0.01


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_actor_as_a_policy_earns_the_same(system) -> None:
    found, scenario, params = played(system, TINY)
    trace = run(scenario, learned(params, system, sampled), np.random.default_rng(1))
    np.testing.assert_array_equal(trace.rewards, found.rewards)


def test_a_baseline_is_subtracted() -> None:
    without, _, params = played(CLUSTERED, TINY)
    reduced, _, _ = played(CLUSTERED, replace(TINY, baseline=policy_mean))
    np.testing.assert_array_equal(without.actions, reduced.actions)
    actor = Actor(params, CLUSTERED.n_servers)
    assert len(actor.index) == CLUSTERED.n_servers
    assert (without.coefficients != reduced.coefficients).mean() > 0.5
    assert reduced.coefficients.var() < without.coefficients.var()


def test_a_cap_keeps_a_uniform_part_in_order() -> None:
    found, _, _ = played(DIRECT, TINY)
    assert capped(found, None, np.random.default_rng(0)) is found
    assert capped(found, len(found), np.random.default_rng(0)) is found
    counts = np.zeros(len(found))
    marked = replace(found, coefficients=np.arange(float(len(found))))
    draws, cap = 400, 10
    for seed in range(draws):
        kept = capped(marked, cap, np.random.default_rng(seed))
        index = kept.coefficients.astype(int)
        assert (np.diff(index) > 0).all()
        for name in ("rows", "own", "agent", "actions", "log_probs"):
            np.testing.assert_array_equal(getattr(kept, name), getattr(found, name)[index])
        counts[index] += 1
    p = cap / len(found)
    z = (counts - draws * p) / np.sqrt(draws * p * (1 - p))
    assert (np.abs(z) < 5).all()


@pytest.mark.parametrize("step", [3, DIRECT.steps - 1])
def test_observations_that_are_not_finite_are_refused(monkeypatch, step) -> None:
    """While jobs arrive and in the drain phase, when nobody acts on them."""
    scenario = sample_scenario(DIRECT, 2, np.random.default_rng(0))
    actor = Actor(start(DIRECT, TINY, 0).actor.params, DIRECT.n_servers)
    observer, n_shared = observer_for(DIRECT, dtype=np.float32)

    def broken(simulation, jobs):
        seen = observer(simulation, jobs)
        seen[1, 0] = np.nan if simulation.t == step else seen[1, 0]
        return seen

    def broken_observer_for(system, dtype):
        assert (system, dtype) == (DIRECT, np.float32)
        return broken, n_shared

    monkeypatch.setattr(rollouts, "observer_for", broken_observer_for)
    with pytest.raises(ValueError, match="observations must be finite; got nan"):
        collect(TINY, scenario, actor, np.random.default_rng(0))
