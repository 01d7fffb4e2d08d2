"""Trained actors as policies."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.model.observations import observer_for, own
from refimpl.dgpg.model.own_part import DEMAND_AND_FIT, demand_and_fit
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Simulation, run
from refimpl.dgpg.policies.learned import learned, likeliest, sampled
from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.networks import Actor
from refimpl.dgpg.train.settings import TrainSettings
from tests.dgpg.train.strategies import CLUSTERED, DIRECT, TINY


def test_the_likeliest_action_is_that_of_the_largest_logit() -> None:
    params = start(DIRECT, TINY, 0).actor.params
    policy = learned(params, DIRECT, likeliest)
    simulation = Simulation(sample_scenario(DIRECT, 3, np.random.default_rng(0)))
    observer, _ = observer_for(DIRECT, dtype=np.float32)
    chosen = 0
    for _ in range(DIRECT.steps):
        jobs = simulation.begin()
        servers = policy(simulation, jobs, np.random.default_rng(0))
        if len(jobs):
            logits = Actor(params, 2).logits(
                observer(simulation, jobs),
                jobs.rollout,
                own(simulation, jobs, np.float32),
                jobs.agent,
            )
            np.testing.assert_array_equal(servers, logits.argmax(axis=1))
            chosen += len(jobs)
        simulation.place(jobs, servers)
        simulation.finish()
    assert chosen > 0


def test_a_sampling_policy_needs_its_generator_only() -> None:
    params = start(CLUSTERED, TINY, 0).actor.params
    scenario = sample_scenario(CLUSTERED, 2, np.random.default_rng(0))
    policy = learned(params, CLUSTERED, sampled)
    one, two, other = (
        run(scenario, policy, np.random.default_rng(seed)).rewards for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_an_actor_of_another_system_is_refused() -> None:
    params = start(CLUSTERED, TINY, 0).actor.params
    with pytest.raises(ValueError, match="params must be an actor's with"):
        learned(params, DIRECT)


def test_observations_that_are_not_finite_are_refused() -> None:
    params = start(DIRECT, TINY, 0).actor.params
    actor = Actor(params, 2)
    shared = np.zeros((2, len(actor.shared)), np.float32)
    shared[1, 3] = np.nan
    with pytest.raises(ValueError, match=r"observations must be finite; got nan at index \(1, 3\)"):
        actor.logits(shared, np.array([0]), np.zeros((1, 2), np.float32), np.array([0]))


def test_a_policy_sees_the_own_part_that_it_was_trained_with() -> None:
    system = SystemSettings(3, 3, steps=12, arrival_steps=9)
    settings = TrainSettings(rollouts=1, hidden=(), embedding=0, own_part=DEMAND_AND_FIT)
    params = start(system, settings, 0).actor.params
    n_shared = 9 * 3 + 1
    params["W0"][...] = 0
    params["W0"][n_shared + 2 : n_shared + 5] = -np.eye(3)
    simulation = Simulation(sample_scenario(system, 2, np.random.default_rng(0)))
    policy = learned(params, system, likeliest, DEMAND_AND_FIT)
    for _ in range(12):
        jobs = simulation.begin()
        servers = policy(simulation, jobs, np.random.default_rng(0))
        if len(jobs):
            fits = demand_and_fit(simulation, jobs)[:, 2:]
            assert np.take_along_axis(fits, servers[:, None], axis=1)[:, 0] == pytest.approx(
                fits.min(axis=1), abs=1e-5
            )
        simulation.place(jobs, servers)
        simulation.finish()
    with pytest.raises(ValueError, match="params must be an actor's"):
        learned(params, system, likeliest)
