"""Specifies Best-Fit inside clusters by the one-job-at-a-time oracle and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.clusters import best_fit_in_clusters, servers_of
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.shared.seeds import generator
from tests.dgpg.model.strategies import fixed_actions, scenarios, seeds
from tests.oracles import dgpg_simulator as oracle


@given(scenarios(min_per_cluster=2), seeds)
def test_servers_are_those_of_one_job_at_a_time(scenario: Scenario, seed: int) -> None:
    """Actions are clusters; now and then the state is pushed off by random servers."""
    rng, k = np.random.default_rng(seed), scenario.settings.n_clusters
    actions = fixed_actions(scenario, seed, k)
    simulation = Simulation(scenario)
    episodes = [oracle.Episode(scenario, e) for e in range(scenario.rollouts)]
    for _ in range(scenario.settings.steps):
        jobs, servers = simulation.begin(), []
        picked = best_fit_in_clusters(simulation, jobs, actions.reshape(-1)[jobs.job])
        if rng.random() < 0.2:
            picked = rng.integers(0, scenario.settings.n_servers, len(jobs))
            servers = picked.tolist()
        position = 0
        for e, episode in enumerate(episodes):
            for job in episode.begin():
                members = episode.members[int(actions[e, job.number])]
                if position >= len(servers):
                    servers.append(oracle.best_fit(episode, job, members))
                episode.put(job, servers[position])
                position += 1
            episode.finish()
        assert picked.tolist() == servers
        simulation.place(jobs, picked)
        simulation.finish()


def state(used: list[float], queue: list[int]) -> Simulation:
    """One episode, one cluster of m5.8xlarge with these cores in use; a waiting job takes all."""
    n = len(used)
    settings = replace(SystemSettings(n, 1), types=(chosen(2).settings.types[3],))
    simulation = Simulation(sample_scenario(settings, 1, generator(0)))
    simulation.used[0, :, 0] = simulation.load[0, :, 0] = used
    simulation.queue_length[0] = queue
    simulation.load[0, :, 0] += 32.0 * np.array(queue)
    return simulation


def jobs_of(*cores: float) -> Jobs:
    n = len(cores)
    demand = np.stack([np.array(cores), np.ones(n)], axis=1)
    return Jobs(np.zeros(n, np.int64), np.arange(n), np.arange(n), demand, np.array([n]))


@pytest.mark.parametrize(
    ("used", "queue", "cores", "servers"),
    [
        ([4.0, 20.0, 12.0], [0, 0, 0], [8.0], [1]),
        ([4.0, 26.0, 12.0], [0, 0, 0], [8.0], [2]),
        ([4.0, 24.0, 12.0], [0, 0, 0], [8.0], [1]),  # exactly room enough
        ([4.0, 20.0, 20.0], [0, 0, 0], [8.0], [1]),  # the first of equals
        ([4.0, 20.0, 12.0], [0, 1, 0], [8.0], [2]),  # somebody waits at the fullest
        ([30.0, 28.0, 29.0], [0, 0, 0], [8.0], [1]),  # no room: least loaded
        ([8.0, 28.0, 31.0], [1, 0, 0], [8.0], [1]),  # the load counts who waits
        ([0.0, 16.0], [0, 0], [8.0, 8.0, 8.0], [1, 1, 0]),  # the third sees the first two
        ([30.0, 28.0], [0, 0], [8.0, 2.0, 4.0], [1, 0, 0]),  # nobody overtakes the first
    ],
)
def test_rules_by_hand(used, queue, cores, servers) -> None:
    simulation = state(used, queue)
    jobs = jobs_of(*cores)
    before = simulation.used.copy(), simulation.load.copy(), simulation.queue_length.copy()
    found = best_fit_in_clusters(simulation, jobs, np.zeros(len(jobs), np.int64))
    assert found.tolist() == servers
    for array, old in zip(
        (simulation.used, simulation.load, simulation.queue_length), before, strict=True
    ):
        np.testing.assert_array_equal(array, old)


def test_a_choice_among_clusters_of_one_is_the_server() -> None:
    simulation = Simulation(sample_scenario(SystemSettings(3, 3), 1, generator(0)))
    choice = np.array([2, 0, 2])
    assert servers_of(simulation, jobs_of(16.0, 16.0, 16.0), choice) is choice


@pytest.mark.parametrize("bad", [-1, 2])
def test_clusters_that_do_not_exist_are_refused(bad: int) -> None:
    simulation = Simulation(sample_scenario(SystemSettings(4, 2), 1, generator(0)))
    with pytest.raises(ValueError, match=f"clusters must be in 0..1; got .*{bad}"):
        best_fit_in_clusters(simulation, jobs_of(1.0, 1.0), np.array([0, bad]))


def test_a_step_without_jobs_is_fine() -> None:
    simulation = Simulation(sample_scenario(SystemSettings(4, 2), 1, generator(0)))
    assert best_fit_in_clusters(simulation, jobs_of(), np.zeros(0, np.int64)).shape == (0,)
