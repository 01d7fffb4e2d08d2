"""Specifies both observations against a second way to compute each feature, server by server."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.observations import (
    CLUSTER_FEATURES,
    JOB_FEATURES,
    SERVER_FEATURES,
    compressed_shared,
    full_observation,
    observer_for,
    own,
    raw_shared,
)
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import TABLE_5, SystemSettings, chosen
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.shared.seeds import generator
from tests.dgpg.model.strategies import scenarios, seeds

EXACT = 1e-12  # features are of order 1 to 100 and made of fewer than a hundred operations


def played(scenario: Scenario, seed: int) -> tuple[Simulation, Jobs]:
    """The simulation at its last step, jobs handed out and not yet placed."""
    simulation, rng = Simulation(scenario), np.random.default_rng(seed)
    for _ in range(scenario.settings.steps - 1):
        jobs = simulation.begin()
        # One server is preferred, so that some queues are long.
        servers = rng.integers(0, scenario.settings.n_servers, len(jobs))
        simulation.place(jobs, servers * (rng.random(len(jobs)) < 0.5))
        simulation.finish()
    return simulation, simulation.begin()


def quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    position = part * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])


def spread(values: list[float]) -> list[float]:
    quantiles = [quantile(values, part) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return [*quantiles, statistics.fmean(values), statistics.pstdev(values)]


def correlation(x: list[float], y: list[float]) -> float:
    if min(statistics.pstdev(x), statistics.pstdev(y)) < 1e-9:
        return 0.0
    return statistics.correlation(x, y)


def part(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def cluster_features(simulation: Simulation, e: int, members: list[int]) -> list[float]:
    """The 28 numbers, from lists."""
    used, capacity = (getattr(simulation, name)[e, members] for name in ("used", "capacity"))
    cpu, memory = ((used / capacity)[:, k].tolist() for k in (0, 1))
    queue = [min(int(q), 50) / 5 for q in simulation.queue_length[e, members]]
    gap = [x - y for x, y in zip(cpu, memory, strict=True)]
    return [
        *spread(cpu),
        *spread(memory),
        correlation(cpu, memory),
        part([g > 0.1 for g in gap]),
        part([g < -0.1 for g in gap]),
        part([abs(g) <= 0.1 for g in gap]),
        *(sum(queue), max(queue), statistics.fmean(queue), statistics.pstdev(queue)),
        part([q > 0 for q in queue]),
        *(1.0 - used[:, k].sum() / capacity[:, k].sum() for k in (0, 1)),
        float(simulation.efficiency[e, members].mean()),
        len(members) / simulation.settings.n_servers,
        part([max(x, y) > 0.9 for x, y in zip(cpu, memory, strict=True)]),
    ]


def job_features(demand: np.ndarray) -> list[float]:
    if not len(demand):
        return [0.0] * 6
    columns = [demand[:, k].tolist() for k in (0, 1)]
    return [f(x) for x in columns for f in (statistics.fmean, statistics.pstdev, max)]


@given(scenarios(), seeds)
def test_raw_observations_are_the_listed_numbers(scenario: Scenario, seed: int) -> None:
    simulation, jobs = played(scenario, seed)
    n, settings = scenario.settings.n_servers, scenario.settings
    seen = raw_shared(simulation, jobs)
    assert seen.shape == (scenario.rollouts, 9 * n + 1)
    for e in range(scenario.rollouts):
        expected: list[float] = []
        largest = scenario.capacity[e].max(axis=0)
        for server in range(n):
            capacity = scenario.capacity[e, server]
            expected += [
                *(simulation.used[e, server] / capacity),
                min(int(simulation.queue_length[e, server]), 50) / 5,
                *scenario.efficiency[e, server],
                *(capacity / largest),
            ]
        demand = jobs.demand[jobs.rollout == e] / np.array(settings.largest_demand)
        expected += [*demand.ravel(), *[0.0] * (2 * n - demand.size)]
        expected += [(settings.steps - 1) / settings.steps]
        assert seen[e].tolist() == expected


@given(scenarios(), seeds)
def test_compressed_observations_are_the_listed_statistics(scenario: Scenario, seed: int) -> None:
    simulation, jobs = played(scenario, seed)
    k, settings = scenario.settings.n_clusters, scenario.settings
    seen = compressed_shared(simulation, jobs)
    assert seen.shape == (scenario.rollouts, 28 * k + 7)
    scaled = own(simulation, jobs)
    for e in range(scenario.rollouts):
        expected = [
            x for c in scenario.members[e] for x in cluster_features(simulation, e, list(c))
        ]
        expected += [*job_features(scaled[jobs.rollout == e]), 1 - 1 / settings.steps]
        # Sums of squares of rounding errors: a deviation of 0 may come out as 1e-9.
        np.testing.assert_allclose(seen[e], expected, rtol=EXACT, atol=1e-9)


@given(scenarios(), seeds)
def test_observations_are_bounded(scenario: Scenario, seed: int) -> None:
    """Queues up to 10, a cluster's sum of them up to 10 m; everything else is of order one."""
    simulation, jobs = played(scenario, seed)
    raw, short = raw_shared(simulation, jobs), compressed_shared(simulation, jobs)
    n, m = scenario.settings.n_servers, scenario.members.shape[2]
    servers = raw[:, : 7 * n].reshape(-1, n, 7)
    assert ((servers >= 0) & (servers <= [1, 1, 10, 1.08, 1.08, 1, 1])).all()
    assert ((raw[:, 7 * n :] >= 0) & (raw[:, 7 * n :] <= 1.001)).all()
    clusters = short[:, :-7].reshape(scenario.rollouts, -1, 28)
    highest = np.full(28, 1.08)
    highest[18:22] = [10 * m, 10, 10, 10]
    assert (np.abs(clusters) <= highest).all()
    assert (np.delete(clusters, 14, axis=2) >= 0).all()
    np.testing.assert_allclose(clusters[..., 26].sum(axis=1), 1.0, rtol=1e-12)


@given(scenarios(rollouts=3), seeds)
def test_summaries_do_not_depend_on_the_order_of_servers_and_episodes(scenario, seed: int) -> None:
    simulation, jobs = played(scenario, seed)
    rng = np.random.default_rng(seed)
    whole = compressed_shared(simulation, jobs)
    shuffled = replace(scenario, members=rng.permuted(scenario.members, axis=2))
    other = Simulation(shuffled)
    other.used, other.queue_length, other.t = simulation.used, simulation.queue_length, simulation.t
    np.testing.assert_allclose(compressed_shared(other, jobs), whole, rtol=EXACT, atol=1e-9)
    for e in range(3):
        alone = Simulation(scenario.take([e]))
        alone.used, alone.t = simulation.used[e : e + 1], simulation.t
        alone.queue_length = simulation.queue_length[e : e + 1]
        mine = jobs.rollout == e
        zeros = np.zeros(int(mine.sum()), np.int64)
        part_of = Jobs(
            zeros, jobs.agent[mine], jobs.job[mine], jobs.demand[mine], jobs.counts[e : e + 1]
        )
        for observe in (raw_shared, compressed_shared):
            one = observe(alone, part_of)
            np.testing.assert_array_equal(one[0], observe(simulation, jobs)[e])


@pytest.mark.parametrize("n", TABLE_5)
def test_sizes_are_those_of_the_paper(n: int) -> None:
    """``9N + 4`` up to twenty servers, ``28K + 10`` from fifty."""
    settings = replace(chosen(n).settings, steps=2, arrival_steps=2)
    simulation = Simulation(sample_scenario(settings, 2, generator(0, "sizes")))
    jobs = simulation.begin()
    observer, size = observer_for(settings)
    shared = observer(simulation, jobs)
    assert shared.shape == (2, size)
    whole = full_observation(shared[jobs.rollout], own(simulation, jobs), jobs.agent, n)
    expected = 9 * n + 4 if n <= 20 else 28 * settings.n_clusters + 10
    assert whole.shape == (len(jobs), expected)
    np.testing.assert_array_equal(whole[:, :size], shared[jobs.rollout])
    np.testing.assert_array_equal(whole[:, size:-1], own(simulation, jobs))
    np.testing.assert_array_equal(whole[:, -1], jobs.agent / n)
    assert len(jobs) == 0 or whole[:, -1].max() < 1


def test_features_are_named() -> None:
    assert (len(SERVER_FEATURES), len(CLUSTER_FEATURES), len(JOB_FEATURES)) == (7, 28, 6)
    assert CLUSTER_FEATURES[14] == "cpu_memory_correlation"
    assert CLUSTER_FEATURES[18:23] == tuple(
        f"queue_{name}" for name in ("total", "max", "mean", "std", "nonempty")
    )
    assert CLUSTER_FEATURES[26:] == ("cluster_size", "overloaded")


@pytest.mark.parametrize("settings", [SystemSettings(4, 4), SystemSettings(6, 2)])
def test_single_precision_is_the_rounded_double(settings: SystemSettings) -> None:
    scenario = sample_scenario(replace(settings, steps=60, arrival_steps=60), 3, generator(1))
    simulation, jobs = played(scenario, 2)
    short, long = (observer_for(settings, dtype)[0](simulation, jobs) for dtype in ("f4", "f8"))
    assert short.dtype == np.float32
    assert long.dtype == np.float64
    np.testing.assert_array_equal(short, long.astype(np.float32))
    demand = own(simulation, jobs, np.float32)
    assert full_observation(short[jobs.rollout], demand, jobs.agent, 6).dtype == np.float32


def test_observations_are_snapshots() -> None:
    """What was seen does not change when the simulation goes on."""
    for settings in (
        SystemSettings(4, 4, steps=9, arrival_steps=9),
        SystemSettings(4, 2, steps=2000),
    ):
        simulation = Simulation(sample_scenario(settings, 1, generator(2)))
        jobs = simulation.begin()
        seen = observer_for(settings)[0](simulation, jobs)
        before = seen.copy()
        simulation.place(jobs, np.zeros(len(jobs), np.int64))
        simulation.finish()
        np.testing.assert_array_equal(seen, before)
