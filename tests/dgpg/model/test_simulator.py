"""Specifies the cluster by an oracle that moves one job at a time, and by what is conserved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.simulator import Jobs, Simulation, run
from refimpl.shared.seeds import generator
from tests.dgpg.model.strategies import fixed_actions, scenarios, seeds
from tests.oracles import dgpg_simulator as oracle


def play(scenario: Scenario, actions: np.ndarray) -> Iterator[tuple[Simulation, Jobs]]:
    """Each step after placement and before its end; ``actions`` (E, M) are those of the jobs."""
    simulation = Simulation(scenario)
    for _ in range(scenario.settings.steps):
        jobs = simulation.begin()
        chosen_actions = actions.reshape(-1)[jobs.job]
        simulation.place(jobs, servers_of(simulation, jobs, chosen_actions))
        yield simulation, jobs
        simulation.finish()


def choose(actions: np.ndarray, direct: bool) -> oracle.Choose:
    """The same choices for the oracle."""

    def server(episode: oracle.Episode, job: oracle.Job, agent: int) -> int:
        del agent
        members = episode.members[int(actions[job.number])]
        return members[0] if direct else oracle.best_fit(episode, job, members)

    return server


def assert_same_state(simulation: Simulation, e: int, episode: oracle.Episode) -> None:
    servers = episode.servers
    assert simulation.used[e].tolist() == [[s.used(0), s.used(1)] for s in servers]
    assert simulation.load[e].tolist() == [[s.load(0), s.load(1)] for s in servers]
    assert simulation.queue_length[e].tolist() == [len(s.waiting) for s in servers]
    assert int(simulation.buffer[e]) == len(episode.buffer)
    assert int(simulation.done[e]) == episode.done
    assert int(simulation.dispatched[e]) == episode.dispatched


@given(scenarios(), seeds)
def test_every_step_is_that_of_one_job_at_a_time(scenario: Scenario, seed: int) -> None:
    """Direct choice where clusters have one member, Best-Fit inside clusters elsewhere."""
    settings = scenario.settings
    actions = fixed_actions(scenario, seed, settings.n_clusters)
    pick = [choose(row, settings.direct) for row in actions]
    episodes = [oracle.Episode(scenario, e) for e in range(scenario.rollouts)]
    simulation = Simulation(scenario)
    for _ in range(settings.steps):
        jobs = simulation.begin()
        handed = [episode.begin() for episode in episodes]
        assert jobs.counts.tolist() == [len(each) for each in handed]
        assert jobs.demand.tolist() == [list(job.demand) for each in handed for job in each]
        assert jobs.agent.tolist() == [agent for each in handed for agent in range(len(each))]
        wanted = actions.reshape(-1)[jobs.job]
        simulation.place(jobs, servers_of(simulation, jobs, wanted))
        for e, episode in enumerate(episodes):
            for agent, job in enumerate(handed[e]):
                episode.put(job, pick[e](episode, job, agent))
            assert_same_state(simulation, e, episode)
        rewards = simulation.finish()
        expected = [episode.finish() for episode in episodes]
        np.testing.assert_allclose(rewards, expected, rtol=1e-12, atol=1e-12)


@given(scenarios(), seeds)
def test_jobs_and_resources_are_conserved(scenario: Scenario, seed: int) -> None:
    """Those that arrived are done, run, wait or are in the buffer; nothing exceeds its bounds."""
    for simulation, jobs in play(
        scenario, fixed_actions(scenario, seed, scenario.members.shape[1])
    ):
        used, load = simulation.used, simulation.load
        assert (used >= 0).all()
        assert (used <= simulation.capacity).all()
        assert (load >= used).all()
        waiting = simulation.queue_length
        assert (waiting >= 0).all()
        running = simulation.dispatched - simulation.done - waiting.sum(axis=1)
        assert (running >= 0).all()
        np.testing.assert_array_equal(running == 0, (used == 0).all(axis=(1, 2)))
        np.testing.assert_array_equal(waiting == 0, (load == used).all(axis=2))
        arrived = scenario.offsets[:, simulation.t + 1]
        np.testing.assert_array_equal(simulation.dispatched + simulation.buffer, arrived)
        assert (simulation.buffer >= 0).all()
        assert (jobs.counts <= scenario.settings.n_servers).all()


@given(scenarios(), seeds)
def test_where_somebody_waits_the_load_is_above_capacity(scenario: Scenario, seed: int) -> None:
    """So ``load + demand <= capacity`` alone says whether a job would start at once."""
    for simulation, _ in play(scenario, fixed_actions(scenario, seed, scenario.members.shape[1])):
        over = (simulation.load > simulation.capacity).any(axis=2)
        np.testing.assert_array_equal(simulation.queue_length > 0, over)


@given(scenarios(), seeds)
def test_jobs_are_handed_out_in_the_order_of_their_arrival(scenario: Scenario, seed: int) -> None:
    most = scenario.demand.shape[1]
    seen: list[list[int]] = [[] for _ in range(scenario.rollouts)]
    for simulation, jobs in play(
        scenario, fixed_actions(scenario, seed, scenario.members.shape[1])
    ):
        for e, job in zip(jobs.rollout, jobs.job, strict=True):
            seen[e].append(int(job) - int(e) * most)
        full = jobs.counts == scenario.settings.n_servers
        assert (simulation.buffer[~full] == 0).all()
    assert seen == [list(range(len(each))) for each in seen]


@given(scenarios(rollouts=3), seeds)
def test_episodes_do_not_see_each_other(scenario: Scenario, seed: int) -> None:
    """Any selection, in any order and one by one, plays to the same bits."""
    order = np.random.default_rng(seed).permutation(3)[: 1 + seed % 3]
    actions = fixed_actions(scenario, seed, scenario.members.shape[1])
    part = scenario.take(order)
    for (all_of_them, _), (some, _) in zip(
        play(scenario, actions), play(part, actions[order]), strict=True
    ):
        for name in ("used", "load", "queue_length", "done", "dispatched", "buffer"):
            np.testing.assert_array_equal(getattr(all_of_them, name)[order], getattr(some, name))
        np.testing.assert_array_equal(all_of_them.energy()[order], some.energy())


def test_a_long_drain_leaves_nothing_behind() -> None:
    """Release undoes placement to the bit: two thousand steps of sums end in exact zeros."""
    settings = SystemSettings(5, 5, steps=4000, arrival_steps=1500)
    scenario = sample_scenario(settings, 2, generator(0, "drain"))
    simulation = Simulation(scenario)
    rng = generator(0, "servers")
    for _ in range(settings.steps):
        jobs = simulation.begin()
        simulation.place(jobs, rng.integers(0, 5, len(jobs)))
        simulation.finish()
    assert simulation.done.tolist() == scenario.offsets[:, -1].tolist()
    assert not simulation.used.any()
    assert not simulation.load.any()
    assert not simulation.queue_length.any()


def by_hand(demand: list[tuple[float, float]], duration: list[float]) -> Scenario:
    """One episode of one m4.8xlarge (32 cores, 128 GB, 0.70, 0.68); all jobs arrive in step 0."""
    settings = SystemSettings(1, 1, steps=6, arrival_steps=1, queue_weight=1.0, energy_weight=10.0)
    offsets = np.array([[0] + [len(demand)] * 6])
    capacity, efficiency = np.array([[[32.0, 128.0]]]), np.array([[[0.70, 0.68]]])
    members = np.zeros((1, 1, 1), np.int64)
    jobs = np.array([demand]), np.array([duration])
    return Scenario(settings, capacity, efficiency, members, offsets, *jobs)


def first_server(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> np.ndarray:
    del simulation, rng
    return np.zeros(len(jobs), np.int64)


def test_an_episode_by_hand() -> None:
    """One dispatcher, so one job per step; the big second one blocks the third, which would fit.

    Run times over 0.7: 2.1 and 0.7 become 3 steps and 1. Job 0 runs in steps 0-2, job 1 needs all
    cores and runs in step 3, job 2 from step 4 on.
    """
    scenario = by_hand([(16.0, 68.0), (32.0, 34.0), (7.0, 0.0)], [2.1, 0.7, 0.7])
    trace = run(scenario, first_server, np.random.default_rng(0))
    assert trace.buffered[:, 0].tolist() == [2, 1, 0, 0, 0, 0]
    assert trace.waiting[:, 0].tolist() == [2, 2, 2, 1, 0, 0]
    energy = [(16 / 0.7 + 68 / 0.68) / 160] * 3 + [(32 / 0.7 + 34 / 0.68) / 160, 10 / 160, 0.0]
    np.testing.assert_allclose(trace.energy[:, 0], energy, rtol=1e-14)
    expected = -(trace.waiting + 10.0 * trace.energy)
    np.testing.assert_allclose(trace.rewards, expected, rtol=1e-14)


def test_memory_alone_can_block_a_queue_and_free_it() -> None:
    """Job 0 takes all memory and no core for 2 steps; job 1 comes in step 1 and runs in step 2."""
    scenario = by_hand([(0.0, 128.0), (7.0, 68.0)], [1.4, 0.7])
    trace = run(scenario, first_server, np.random.default_rng(0))
    assert trace.waiting[:, 0].tolist() == [1, 1, 0, 0, 0, 0]
    energy = [128 / 0.68 / 160] * 2 + [(7 / 0.7 + 68 / 0.68) / 160, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(trace.energy[:, 0], energy, rtol=1e-14)


def test_run_times_are_nominal_ones_over_the_cpu_efficiency_and_at_least_one_step() -> None:
    for duration, steps in ((0.1, 1), (0.7, 1), (2.0, 3), (2.8, 4)):
        scenario = by_hand([(1.0, 1.0)], [duration])
        trace = run(scenario, first_server, np.random.default_rng(0))
        assert int((trace.energy > 0).sum()) == steps


def test_a_trace_is_what_the_simulation_said() -> None:
    settings = SystemSettings(4, 2, steps=50, arrival_steps=40, utilization=0.9)
    scenario = sample_scenario(settings, 3, generator(1))

    def policy(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> np.ndarray:
        seen.append(simulation.waiting().tolist())
        return rng.integers(0, 4, len(jobs))

    seen: list[list[int]] = []
    trace = run(scenario, policy, generator(2))
    again = run(scenario, policy, generator(2))
    assert len(seen) == 100
    assert seen[:50] == seen[50:]
    for name in ("rewards", "waiting", "buffered", "energy"):
        assert getattr(trace, name).shape == (50, 3)
        np.testing.assert_array_equal(getattr(trace, name), getattr(again, name))
    assert (trace.waiting >= trace.buffered).all()
    expected = -(settings.queue_weight * trace.waiting + settings.energy_weight * trace.energy)
    np.testing.assert_array_equal(trace.rewards, expected)


def test_energy_is_that_of_running_jobs_in_parts_of_all_capacity() -> None:
    """A full cluster of efficiency 1 has ratio 1; jobs that wait use none."""
    kind = chosen(2).settings.types[0]
    scenario = by_hand([(32.0, 128.0), (32.0, 128.0)], [6.0, 6.0])
    full = Scenario(
        scenario.settings,
        scenario.capacity,
        np.ones((1, 1, 2)),
        *(getattr(scenario, name) for name in ("members", "offsets", "demand", "duration")),
    )
    assert kind.cpu == 32.0
    trace = run(full, first_server, np.random.default_rng(0))
    assert trace.energy[:, 0].tolist() == [1.0] * 6


@pytest.mark.parametrize(
    ("servers", "message"),
    [
        ([0], r"servers must have shape \(2,\); got \(1,\)"),
        ([0, 2], r"servers must be in 0..1; got 2"),
        ([-1, 0], r"servers must be in 0..1; got -1"),
    ],
)
def test_servers_that_do_not_exist_are_refused(servers: list[int], message: str) -> None:
    simulation = Simulation(two_jobs())
    jobs = simulation.begin()
    assert len(jobs) == 2
    with pytest.raises(ValueError, match=message):
        simulation.place(jobs, np.array(servers))


def two_jobs() -> Scenario:
    """Two servers, two jobs in the only step."""
    settings = SystemSettings(2, 2, steps=1, arrival_steps=1)
    scenario = sample_scenario(settings, 1, generator(0))
    demand, duration = np.ones((1, 2, 2)), np.ones((1, 2))
    offsets = np.array([[0, 2]])
    rest = (scenario.capacity, scenario.efficiency, scenario.members)
    return Scenario(settings, *rest, offsets, demand, duration)


def test_jobs_of_one_step_queue_in_the_order_of_their_agents() -> None:
    """Six jobs in two queues by turns; only the first of each fits, and the others follow in turn.

    Run times of 1 step or less: each step the next of each queue runs.
    """
    settings = SystemSettings(6, 6, steps=4, arrival_steps=1, types=(INSTANCE_TYPES[3],))
    scenario = sample_scenario(settings, 1, generator(5))
    cores = np.arange(20.0, 26.0)
    jobs = np.stack([cores, cores], axis=1)[None]
    offsets = np.array([[0, 6, 6, 6, 6]])
    rest = (scenario.capacity, scenario.efficiency, scenario.members)
    simulation = Simulation(Scenario(settings, *rest, offsets, jobs, np.full((1, 6), 0.9)))
    for t in range(3):
        handed = simulation.begin()
        simulation.place(handed, np.array([4, 1, 4, 1, 4, 1])[: len(handed)])
        assert simulation.used[0, [4, 1], 0].tolist() == [20.0 + 2 * t, 21.0 + 2 * t]
        assert simulation.queue_length[0].tolist() == [0, 2 - t, 0, 0, 2 - t, 0]
        simulation.finish()


def test_a_step_begins_once() -> None:
    settings = SystemSettings(2, 2, steps=3, arrival_steps=2)
    simulation = Simulation(sample_scenario(settings, 1, np.random.default_rng(0)))
    simulation.begin()
    with pytest.raises(ValueError, match="finish must come before the next begin; step 0"):
        simulation.begin()


def test_an_episode_that_is_over_cannot_go_on() -> None:
    simulation = Simulation(two_jobs())
    simulation.place(simulation.begin(), np.array([0, 1]))
    simulation.finish()
    with pytest.raises(ValueError, match="t must be below steps = 1; got 1"):
        simulation.begin()
