"""Specifies the heuristics by oracles that take one job at a time, by hand and by z-scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.model.clusters import best_fit_in_clusters
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.simulator import Jobs, Policy, Simulation
from refimpl.dgpg.model.workload import mean_demand
from refimpl.dgpg.objective.guidance import (
    BEFORE_LOAD,
    BEFORE_MIXED,
    BEFORE_UTILIZATION,
    Guidance,
    Placements,
)
from refimpl.dgpg.objective.reference import deviation, reference_state
from refimpl.dgpg.policies.heuristics import (
    HEURISTICS,
    best_fit,
    capacity_random,
    highest_efficiency_with_room,
    least_utilized,
    loads,
    mixed_units,
    myopic_observed,
    random_cluster,
    random_server,
    sequential,
    simultaneous,
    utilizations,
)
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import binomial_z_score
from tests.dgpg.model.strategies import scenarios, seeds
from tests.oracles import dgpg_simulator as oracle

READINGS = [(loads, BEFORE_LOAD), (mixed_units, BEFORE_MIXED), (utilizations, BEFORE_UTILIZATION)]


def pushed(rng: np.random.Generator, n: int, servers: np.ndarray) -> np.ndarray:
    """Now and then any servers, so that policies also meet states they would avoid."""
    return rng.integers(0, n, len(servers)) if rng.random() < 0.2 else servers


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (best_fit, oracle.best_fit),
        (highest_efficiency_with_room, oracle.most_efficient),
    ],
    ids=["Best-Fit", "highest efficiency"],
)
@given(scenario=scenarios(), seed=seeds)
def test_rules_are_those_of_one_job_at_a_time(policy, rule, scenario: Scenario, seed: int) -> None:
    rng, n = np.random.default_rng(seed), scenario.settings.n_servers
    simulation = Simulation(scenario)
    episodes = [oracle.Episode(scenario, e) for e in range(scenario.rollouts)]
    for _ in range(scenario.settings.steps):
        jobs = simulation.begin()
        wanted = policy(simulation, jobs, rng)
        servers = pushed(rng, n, wanted)
        for e, episode in enumerate(episodes):
            mine = np.flatnonzero(jobs.rollout == e)
            for j, job in zip(mine, episode.begin(), strict=True):
                # Where the servers are not the policy's, its later jobs would see another state.
                if servers is wanted:
                    assert wanted[j] == rule(episode, job, list(range(n)))
                episode.put(job, int(servers[j]))
            episode.finish()
        simulation.place(jobs, servers)
        simulation.finish()


@given(scenarios(), seeds)
def test_best_fit_is_the_rule_inside_clusters_with_one_cluster(scenario, seed: int) -> None:
    rng, n = np.random.default_rng(seed), scenario.settings.n_servers
    members = np.tile(np.arange(n), (scenario.rollouts, 1, 1))
    whole = replace(scenario, settings=replace(scenario.settings, n_clusters=1), members=members)
    simulation = Simulation(whole)
    for _ in range(whole.settings.steps):
        jobs = simulation.begin()
        found = best_fit(simulation, jobs, rng)
        inside = best_fit_in_clusters(simulation, jobs, np.zeros(len(jobs), np.int64))
        np.testing.assert_array_equal(found, inside)
        simulation.place(jobs, pushed(rng, n, found))
        simulation.finish()


def cost(reading: Guidance, load: np.ndarray, capacity: np.ndarray, demand: np.ndarray) -> list:
    """Coefficient of one job at every server, from loads (N, 2)."""
    n = len(load)
    everywhere = Placements(np.zeros(n, np.int64), np.arange(n), np.broadcast_to(demand, (n, 2)))
    return reading(load[None], load[None], capacity[None], everywhere).tolist()


def assert_least(costs: list, server: int, scale: float) -> None:
    """The chosen server's cost is the least up to the rounding of two ways to add it up."""
    assert costs[server] <= min(costs) + 1e-12 * (scale + max(map(abs, costs)))


@pytest.mark.parametrize(("weight", "reading"), READINGS)
@given(scenario=scenarios(), seed=seeds)
def test_myopic_rules_take_the_least_coefficient(
    weight, reading: Guidance, scenario: Scenario, seed: int
) -> None:
    """As :mod:`refimpl.dgpg.objective.guidance` has it; the sequential one updates the loads."""
    rng, n = np.random.default_rng(seed), scenario.settings.n_servers
    simulation = Simulation(scenario)
    one_by_one, at_once = sequential(weight), simultaneous(weight)
    for _ in range(scenario.settings.steps):
        jobs = simulation.begin()
        found, together = (policy(simulation, jobs, rng) for policy in (one_by_one, at_once))
        load, capacity = simulation.load.copy(), simulation.capacity
        for j, (e, demand) in enumerate(zip(jobs.rollout, jobs.demand, strict=True)):
            # Loads times demands before division by a power of the capacity.
            scale = float(demand.sum() * load[e].sum())
            assert_least(cost(reading, simulation.load[e], capacity[e], demand), together[j], scale)
            assert_least(cost(reading, load[e], capacity[e], demand), found[j], scale)
            load[e, found[j]] += demand
        simulation.place(jobs, pushed(rng, n, found))
        simulation.finish()


@given(scenarios(), seeds)
def test_policies_return_servers_and_leave_the_simulation_alone(scenario, seed: int) -> None:
    simulation, rng = Simulation(scenario), np.random.default_rng(seed)
    for t in range(scenario.settings.steps):
        jobs = simulation.begin()
        before = [simulation.used.copy(), simulation.load.copy(), simulation.queue_length.copy()]
        answers = [policy(simulation, jobs, rng) for policy in HEURISTICS.values()]
        after = [simulation.used, simulation.load, simulation.queue_length]
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        for servers in answers:
            assert servers.shape == (len(jobs),)
            assert ((servers >= 0) & (servers < scenario.settings.n_servers)).all()
        simulation.place(jobs, answers[t % len(answers)])
        simulation.finish()


def crowd(settings: SystemSettings, n_jobs: int) -> tuple[Simulation, Jobs]:
    """Two episodes with ``n_jobs`` small jobs each in one step; more than servers are allowed."""
    simulation = Simulation(sample_scenario(settings, 2, generator(0, "crowd")))
    rollout = np.repeat([0, 1], n_jobs)
    agent = np.tile(np.arange(n_jobs), 2)
    demand = np.full((2 * n_jobs, 2), 1 / 1024)
    counts = np.array([n_jobs, n_jobs])
    return simulation, Jobs(rollout, agent, np.arange(2 * n_jobs), demand, counts)


def test_random_servers_are_drawn_in_proportion() -> None:
    """20,000 jobs in each of two clusters of ten: uniform, or by shares of the capacity."""
    settings = chosen(10).settings
    simulation, jobs = crowd(settings, 20_000)
    uniform = np.full((2, 10), 0.1)
    shares = (simulation.capacity / simulation.capacity.sum(axis=1, keepdims=True)).mean(axis=2)
    policies: list[tuple[Policy, np.ndarray]] = [
        (random_server, uniform),
        (random_cluster, uniform),
        (capacity_random, shares),
    ]
    for policy, wanted in policies:
        servers = policy(simulation, jobs, generator(1))
        for e in range(2):
            counts = np.bincount(servers[jobs.rollout == e], minlength=10)
            for n in range(10):
                assert abs(binomial_z_score(int(counts[n]), 20_000, wanted[e, n])) < 4
    assert np.abs(shares - 0.1).max() > 0.02


def test_random_clusters_use_best_fit_inside() -> None:
    settings = chosen(50).settings
    simulation, jobs = crowd(settings, 40)
    servers = random_cluster(simulation, jobs, generator(2))
    clusters = generator(2).integers(0, 25, len(jobs))
    np.testing.assert_array_equal(servers, best_fit_in_clusters(simulation, jobs, clusters))
    # Tiny jobs fill one server of each cluster.
    used, wanted = (len(set(zip(jobs.rollout, x, strict=True))) for x in (servers, clusters))
    assert used == wanted


@given(st.integers(0, 3), st.integers(0, 3))
def test_episodes_with_few_jobs_keep_their_places(first: int, second: int) -> None:
    """Episodes are handled in falling number of jobs; answers come back in the given order."""
    settings = SystemSettings(3, 3)
    simulation = Simulation(sample_scenario(settings, 2, generator(3)))
    counts = np.array([first, second])
    n = int(counts.sum())
    jobs = Jobs(
        np.repeat([0, 1], counts),
        np.concatenate([np.arange(first), np.arange(second)]),
        np.arange(n),
        np.ones((n, 2)),
        counts,
    )
    alone = []
    for e in range(2):
        one = Simulation(simulation.scenario.take([e]))
        mine = jobs.rollout == e
        part = Jobs(
            np.zeros(counts[e], np.int64),
            jobs.agent[mine],
            jobs.job[mine],
            jobs.demand[mine],
            counts[e : e + 1],
        )
        alone += best_fit(one, part, generator(0)).tolist()
    assert best_fit(simulation, jobs, generator(0)).tolist() == alone


def test_agents_that_decide_at_once_herd() -> None:
    """Equal jobs see equal coefficients, so all choose the same server; in turn they spread."""
    settings = replace(SystemSettings(4, 4), types=(chosen(2).settings.types[3],))
    simulation = Simulation(sample_scenario(settings, 1, generator(4)))
    demand = np.full((4, 2), 2.0)
    jobs = Jobs(np.zeros(4, np.int64), np.arange(4), np.arange(4), demand, np.array([4]))
    rng = generator(5)
    assert HEURISTICS["myopic simultaneous"](simulation, jobs, rng).tolist() == [0, 0, 0, 0]
    assert HEURISTICS["myopic sequential"](simulation, jobs, rng).tolist() == [0, 1, 2, 3]


def test_the_least_utilised_server_is_taken_by_all_jobs_of_an_episode() -> None:
    settings = SystemSettings(5, 5, steps=40, arrival_steps=30)
    simulation = Simulation(sample_scenario(settings, 3, np.random.default_rng(0)))
    for _ in range(40):
        jobs = simulation.begin()
        servers = least_utilized(simulation, jobs, np.random.default_rng(0))
        for rollout, server in zip(jobs.rollout, servers, strict=True):
            mean = (simulation.load[rollout] / simulation.capacity[rollout]).mean(axis=-1)
            assert mean[server] == pytest.approx(mean.min(), abs=1e-12)
        simulation.place(jobs, servers)
        simulation.finish()


def test_the_observed_rule_uses_the_counts_of_waiting_jobs_and_not_their_demands() -> None:
    settings = SystemSettings(4, 4, steps=60, arrival_steps=60, utilization=0.95)
    simulation = Simulation(sample_scenario(settings, 2, np.random.default_rng(1)))
    for _ in range(60):
        jobs = simulation.begin()
        servers = myopic_observed(simulation, jobs, np.random.default_rng(0))
        mean = mean_demand(settings)
        for j, (e, server) in enumerate(zip(jobs.rollout, servers, strict=True)):
            costs = []
            for n in range(4):
                load = simulation.used[e] + simulation.queue_length[e][:, None] * mean
                before = deviation(*_utilizations(load, load, simulation.capacity[e]))
                placed = load.copy()
                placed[n] += jobs.demand[j]
                costs.append(
                    deviation(*_utilizations(placed, load, simulation.capacity[e])) - before
                )
            assert costs[server] == pytest.approx(min(costs), abs=1e-9)
        simulation.place(jobs, np.random.default_rng(2).integers(0, 4, len(jobs)))
        simulation.finish()


def _utilizations(
    load: np.ndarray, of: np.ndarray, capacity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Load and reference of the load ``of``, both over capacity."""
    return load / capacity, reference_state(of, capacity) / capacity
