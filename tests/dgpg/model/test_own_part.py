"""Specifies what an agent sees of its own: its job, and how the job would fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.observations import own
from refimpl.dgpg.model.own_part import (
    DEMAND,
    DEMAND_AND_FIT,
    demand_and_fit,
    observed_costs,
)
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.dgpg.model.workload import mean_demand
from refimpl.dgpg.objective.reference import deviation
from tests.dgpg.model.strategies import scenarios


def busy(scenario: Scenario, steps: int = 12) -> tuple[Simulation, Jobs]:
    """A simulation in the middle, jobs handed out and not yet placed."""
    simulation, rng = Simulation(scenario), np.random.default_rng(0)
    for _ in range(min(steps, scenario.settings.steps - 1)):
        jobs = simulation.begin()
        simulation.place(jobs, rng.integers(0, scenario.settings.n_servers, len(jobs)))
        simulation.finish()
    return simulation, simulation.begin()


@given(scenarios())
def test_costs_are_what_the_job_adds_to_the_deviation_that_agents_see(scenario: Scenario) -> None:
    simulation, jobs = busy(scenario)
    settings = scenario.settings
    found = observed_costs(simulation, jobs)
    assert found.shape == (len(jobs), settings.n_servers)
    mean = mean_demand(settings)
    for j, e in enumerate(jobs.rollout):
        capacity = simulation.capacity[e]
        load = simulation.used[e] + simulation.queue_length[e][:, None] * mean
        target = np.broadcast_to(load.sum(axis=0) / capacity.sum(axis=0), load.shape)
        before = deviation(load / capacity, target)
        for n in range(settings.n_servers):
            placed = load.copy()
            placed[n] += jobs.demand[j]
            added = deviation(placed / capacity, target) - before
            scale = deviation(placed / capacity, target) + before
            assert abs(found[j, n] - added) <= 1e-12 * (1 + scale)


@given(scenarios())
def test_both_parts_have_the_size_they_say_and_begin_with_the_demand(scenario: Scenario) -> None:
    simulation, jobs = busy(scenario)
    for part, length in ((DEMAND, 2), (DEMAND_AND_FIT, 2 + scenario.settings.n_clusters)):
        features = part.features(simulation, jobs, np.float32)
        assert part.size(scenario.settings) == length
        assert features.shape == (len(jobs), length)
        assert features.dtype == np.float32
        np.testing.assert_array_equal(features[:, :2], own(simulation, jobs, np.float32))


@given(scenarios())
def test_fits_are_centred_and_in_units_of_their_deviation(scenario: Scenario) -> None:
    simulation, jobs = busy(scenario)
    fits = demand_and_fit(simulation, jobs)[:, 2:]
    np.testing.assert_allclose(fits.mean(axis=1), 0, atol=1e-9)
    for deviation_of in fits.std(axis=1):
        assert deviation_of == pytest.approx(1, abs=1e-6) or deviation_of == 0


def test_a_cluster_s_fit_is_the_mean_of_its_servers_and_the_best_server_has_the_least() -> None:
    direct = sample_scenario(SystemSettings(6, 6, steps=30, arrival_steps=30), 2, _rng())
    simulation, jobs = busy(direct)
    assert len(jobs)
    fits, costs = demand_and_fit(simulation, jobs)[:, 2:], observed_costs(simulation, jobs)
    np.testing.assert_array_equal(fits.argmin(axis=1), costs.argmin(axis=1))
    grouped = sample_scenario(SystemSettings(6, 3, steps=30, arrival_steps=30), 2, _rng())
    simulation, jobs = busy(grouped)
    costs = observed_costs(simulation, jobs)
    fits = demand_and_fit(simulation, jobs)[:, 2:]
    for j, e in enumerate(jobs.rollout):
        means = np.array([costs[j, members].mean() for members in grouped.members[e]])
        np.testing.assert_allclose(
            fits[j], (means - means.mean()) / means.std(), rtol=1e-9, atol=1e-9
        )


def test_what_waiting_jobs_need_is_not_seen() -> None:
    settings = SystemSettings(3, 3, steps=40, arrival_steps=40, utilization=0.95)
    scenario = sample_scenario(settings, 1, _rng())
    simulation, jobs = busy(scenario, 30)
    before = observed_costs(simulation, jobs)
    simulation.load += 5.0
    np.testing.assert_array_equal(observed_costs(simulation, jobs), before)


def _rng() -> np.random.Generator:
    return np.random.default_rng(3)
