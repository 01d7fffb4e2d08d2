"""Specifies the clock, the servers and the queue: by an oracle, and by what no schedule may do."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import Scenario
from refimpl.scale.model.simulator import Simulation, Step
from tests.oracles import scale_simulator as oracle
from tests.scale.model.strategies import by_hand, elastic_scenarios, scenarios, seeds

ANY = st.one_of(scenarios(), elastic_scenarios())
DEADLINES = st.sampled_from([None, 1.5])
"""None, or a deadline in units of the horizon."""


def mixed(sim: Simulation, rng: np.random.Generator) -> np.ndarray:
    """Half of the time a server that can take the task, if any, else any server at all."""
    weight = rng.random(sim.running.shape)
    weight += sim.feasible() * (rng.random(len(sim.rows)) < 0.5)[:, None]
    return weight.argmax(axis=1)


def steps(
    scenario: Scenario, seed: int, deadline: float | None
) -> Iterator[tuple[Simulation, np.ndarray, Step]]:
    """Simulation, actions and outcome after each step, until all episodes are over."""
    until = deadline and deadline * scenario.settings.horizon
    sim, rng = Simulation(scenario, until), np.random.default_rng(seed)
    while not sim.done.all():
        actions = mixed(sim, rng)
        yield sim, actions, sim.step(actions)


def assert_same_state(sim: Simulation, e: int, episode: oracle.Episode) -> None:
    servers, task = episode.servers, episode.next_task()
    assert sim.now[e] == episode.now
    assert sim.task[e] == (-1 if task is None else task.number)
    assert sim.done[e] == episode.over
    assert sim.running[e].tolist() == [-1 if s.task is None else s.task.number for s in servers]
    assert sim.present[e].tolist() == [s.member for s in servers]
    for server in servers:
        if server.task is not None:
            assert sim.busy_until[e, server.number] == server.free_at
    for each in episode.tasks:
        place = -1 if each.server is None else each.server.number
        assert sim.server[e, each.number] == place
        assert (sim.start[e, each.number], sim.finish[e, each.number]) == (each.start, each.finish)
        assert sim.completed[e, each.number] == (each.state == "finished")
    feasible = [task is not None and episode.accepts(server, task) for server in servers]
    assert sim.feasible()[e].tolist() == feasible
    delays = [0.0 if task is None else episode.delay(task, server) for server in servers]
    np.testing.assert_allclose(sim.delays()[e], delays, rtol=1e-14)


def assert_same_observation(sim: Simulation, e: int, episode: oracle.Episode) -> None:
    seen, task, now = observe(sim), episode.next_task(), episode.now
    phi = [0.0] * 5
    if task is not None:
        tasks = task.workflow.tasks
        share = sum(other.state == "finished" for other in tasks) / len(tasks)
        phi = [task.work / 4.0, task.need / 80.0, len(task.after) / 5.0, share, task.output]
    np.testing.assert_allclose(seen.task[e], phi, rtol=1e-14)
    assert seen.has_task[e] == (task is not None)
    idle_power = sim.scenario.idle_power[e]
    for server, psi in zip(episode.servers, seen.servers[e], strict=True):
        busy = server.task is not None
        expected = [
            server.speed / 4.0,
            server.memory / 80.0,
            server.free_at - now if busy else 0.0,
            (server.power if busy else idle_power[server.number]) / 400.0,
            0.0 if task is None else episode.delay(task, server),
        ]
        np.testing.assert_allclose(psi, expected, rtol=1e-12)
        assert seen.present[e, server.number] == server.member


@given(ANY, seeds, DEADLINES)
def test_every_step_is_that_of_one_event_at_a_time(scenario, seed: int, deadline) -> None:
    """State, observation, reward and clock, over whole episodes, also where servers come and go."""
    until = deadline and deadline * scenario.settings.horizon
    episodes = [oracle.Episode(scenario, e, until) for e in range(scenario.episodes)]
    sim, rng = Simulation(scenario, until), np.random.default_rng(seed)
    for e, episode in enumerate(episodes):
        assert_same_state(sim, e, episode)
    while not sim.done.all():
        actions = mixed(sim, rng)
        over = sim.done.copy()
        step = sim.step(actions)
        for e, episode in enumerate(episodes):
            reward, valid = episode.step(int(actions[e]))
            np.testing.assert_allclose(step.reward[e], reward, rtol=1e-12, atol=1e-15)
            assert step.valid[e] == valid
            assert step.ended[e] == (episode.over and not over[e])
            assert_same_state(sim, e, episode)
            assert_same_observation(sim, e, episode)


@given(ANY, seeds, DEADLINES)
def test_no_schedule_breaks_a_rule(scenario: Scenario, seed: int, deadline) -> None:
    """Readiness, idleness, memory and run times of everything that ran to its end."""
    sim = [sim for sim, _, _ in steps(scenario, seed, deadline)][-1]
    episodes, workflows, width = scenario.compute.shape
    shape = (episodes, workflows, width)
    start, finish = sim.start.reshape(shape), sim.finish.reshape(shape)
    server, completed = sim.server.reshape(shape), sim.completed.reshape(shape)
    for e, w, v in np.argwhere(server >= 0):
        j, begun, ended = server[e, w, v], start[e, w, v], finish[e, w, v]
        assert v < scenario.size[e, w]
        assert begun >= scenario.arrival[e, w] - 1e-9
        assert scenario.need[e, w, v] <= scenario.memory[e, j]
        assert ended == begun + scenario.compute[e, w, v] / scenario.capacity[e, j]
        assert begun == scenario.settings.dt * round(begun / scenario.settings.dt)
        assert scenario.joins[e, j] - 1e-9 <= begun < scenario.leaves[e, j]
        assert not completed[e, w, v] or ended <= min(scenario.fails[e, j], sim.now[e] + 1e-9)
        before = scenario.edges[e, w, :, v]
        assert completed[e, w, before].all()
        assert (finish[e, w, before] <= begun + 1e-9).all()
        beside = (server[e] == j) & ((start[e] < ended - 1e-9) & (finish[e] > begun + 1e-9))
        assert beside.sum() == 1


@given(ANY, seeds)
def test_tasks_are_conserved_and_run_to_their_end(scenario: Scenario, seed: int) -> None:
    """Arrived ones wait, are ready, run or are done; what began ends where it began."""
    dt, earlier = scenario.settings.dt, np.full(scenario.episodes, 0)
    arrival = np.repeat(scenario.arrival, scenario.compute.shape[2], axis=1)
    exists = scenario.exists.reshape(arrival.shape)
    record: dict[tuple[int, int], tuple[int, float, float]] = {}
    for sim, _, step in steps(scenario, seed, None):
        alive = ~sim.done | step.ended
        np.testing.assert_array_equal(sim.tick, earlier + (~step.valid & alive))
        np.testing.assert_array_equal(sim.now, sim.tick * dt)
        earlier = sim.tick.copy()
        ready, begun = sim.key < np.iinfo(np.int64).max, sim.server >= 0
        running = begun & ~sim.completed
        pending = sim.pending.reshape(arrival.shape)
        here = exists & (arrival <= sim.now[:, None] + 1e-9)
        waiting = here & (pending > 0)
        assert not (waiting & (ready | begun)).any()
        np.testing.assert_array_equal(waiting | ready | running | sim.completed, here)
        assert not ((ready & begun) | (running & sim.completed)).any()
        assert sorted(sim.running[sim.running >= 0]) == sorted(np.nonzero(running)[1])
        for e, m in np.argwhere(begun):
            what = (sim.server[e, m], sim.start[e, m], sim.finish[e, m])
            failed = scenario.fails[e, record.get((e, m), what)[0]] <= sim.now[e] + 1e-9
            assert failed or record.get((e, m), what) == what
            record[e, m] = what


@given(ANY, seeds)
def test_communication_delays_nothing(scenario: Scenario, seed: int) -> None:
    """A hundred times the data: the same schedule to the bit, another reward."""
    heavy = dataclasses.replace(scenario, data=100.0 * scenario.data)
    twins = zip(steps(scenario, seed, None), steps(heavy, seed, None), strict=True)
    for (light, _, first), (laden, _, second) in twins:
        for name in ("tick", "task", "running", "server", "start", "finish", "completed"):
            np.testing.assert_array_equal(getattr(light, name), getattr(laden, name))
        assert (second.reward <= first.reward).all()


@given(scenarios(episodes=3), seeds)
def test_episodes_do_not_see_each_other(scenario: Scenario, seed: int) -> None:
    """Any selection, in any order, plays to the same bits."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(3)[: 1 + seed % 3]
    everyone, some = Simulation(scenario), Simulation(scenario.take(order))
    while not everyone.done.all():
        actions = mixed(everyone, rng)
        one, other = everyone.step(actions), some.step(actions[order])
        np.testing.assert_array_equal(one.reward[order], other.reward)
        for name in ("tick", "task", "done", "running", "server", "finish"):
            np.testing.assert_array_equal(getattr(everyone, name)[order], getattr(some, name))


@given(st.data(), seeds)
def test_a_replaced_episode_is_a_fresh_one(data: st.DataObject, seed: int) -> None:
    """The others go on, and neither scenario is touched."""
    scenario = data.draw(ANY)
    other = dataclasses.replace(
        scenario,
        capacity=2.0 * scenario.capacity,
        arrival=scenario.arrival + 1.5 * scenario.settings.dt,
        compute=scenario.compute + 1.0,
        data=scenario.data / 2,
    )
    copies = copy.deepcopy((scenario, other))
    rows = np.flatnonzero(np.random.default_rng(seed).random(scenario.episodes) < 0.5)
    sim, untouched = Simulation(scenario), Simulation(scenario)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        actions = mixed(sim, rng)
        sim.step(actions)
        untouched.step(actions)
    sim.replace(rows, other.take(rows))
    fresh = Simulation(other)
    rest = np.setdiff1d(np.arange(scenario.episodes), rows)
    for _ in range(10):
        for name in ("tick", "task", "done", "running", "server", "finish"):
            found = getattr(sim, name)
            np.testing.assert_array_equal(found[rows], getattr(fresh, name)[rows])
            np.testing.assert_array_equal(found[rest], getattr(untouched, name)[rest])
        actions = mixed(sim, rng)
        step, new, old = sim.step(actions), fresh.step(actions), untouched.step(actions)
        np.testing.assert_array_equal(step.reward[rows], new.reward[rows])
        np.testing.assert_array_equal(step.reward[rest], old.reward[rest])
    for one, twin in zip((scenario, other), copies, strict=True):
        for field in dataclasses.fields(Scenario)[1:]:
            np.testing.assert_array_equal(getattr(one, field.name), getattr(twin, field.name))


def test_an_elastic_cluster_may_replace_one_that_stays() -> None:
    scenario = by_hand([[3.0]], [], [1.0]).take([0, 0])
    sim = Simulation(scenario)
    sim.replace(np.array([1]), scenario.take([1]).with_events(fails=1.0))
    for _ in range(4):
        sim.step(np.array([0, 0]))
    assert sim.running.tolist() == [[0], [-1]]
    assert sim.present.tolist() == [[True], [False]]


def play(sim: Simulation, *actions: int) -> list[float]:
    """Rewards of one episode."""
    return [float(sim.step(np.array([action])).reward[0]) for action in actions]


def test_an_episode_by_hand() -> None:
    """A diamond of 2, 4, 1 and 2 GFLOP on 2 and 1 GFLOPS, half a second a step.

    Task 0 runs on server 0 until 1; task 1 (0 to 3 in hops: 2, 1, 1, 0) there until 3, task 2
    beside it until 2; task 3 from 3 to 5 on server 1, where the data of task 1 must go.
    """
    diamond = [(0, 0, 1), (0, 0, 2), (0, 1, 3), (0, 2, 3)]
    sim = Simulation(by_hand([[2.0, 4.0, 1.0, 2.0]], diamond, [2.0, 1.0], comm_weight=0.5))
    comm = 0.5 * (1.0 / 10.0 + 0.01)
    invalid = sim.settings.invalid_reward
    assert play(sim, 0, 1, 1) == [math.exp(-1.0), invalid, invalid]
    assert (sim.now[0], sim.task[0]) == (1.0, 1)
    assert play(sim, 0, 1) == [math.exp(-2.0), pytest.approx(math.exp(-1.0) - comm)]
    assert play(sim, 0, 0, 0, 0) == [invalid] * 4
    assert (sim.now[0], sim.task[0]) == (3.0, 3)
    assert sim.delays()[0].tolist() == [0.0, pytest.approx(0.11)]
    assert play(sim, 1, 1, 1, 1, 1) == [pytest.approx(math.exp(-2.0) - comm)] + [invalid] * 4
    assert sim.finish[0].tolist() == [1.0, 3.0, 2.0, 5.0]
    assert sim.completed.all()
    assert not sim.done.any()
    play(sim, *[0] * 10)
    assert sim.done.all()
    assert (sim.now[0], play(sim, 0)) == (10.0, [0.0])


def test_an_action_is_valid_on_an_idle_server_with_the_memory_only() -> None:
    scenario = by_hand([[1.0], [1.0]], [], [1.0, 1.0, 1.0], need=[[8.0], [80.0]])
    scenario.memory[0] = [8.0, 79.9, 80.0]
    sim = Simulation(scenario)
    assert sim.feasible().tolist() == [[True, True, True]]
    assert play(sim, 0) == [math.exp(-1.0)]
    assert sim.feasible().tolist() == [[False, False, True]]
    assert play(sim, 0, 1) == [-0.001, -0.001]
    assert (sim.now[0], sim.task[0], sim.running[0].tolist()) == (1.0, 1, [-1, -1, -1])


def test_of_ready_tasks_the_longest_way_to_the_end_comes_first() -> None:
    """Hops 0; 2, 1, 0; 2, 1, 0: the earlier workflow first, then the smaller number."""
    chain = [(w, v, v + 1) for w in (1, 2) for v in (0, 1)]
    sim = Simulation(by_hand([[9.0], [1.0, 1.0, 1.0], [5.0, 1.0, 1.0]], chain, [1.0] * 3))
    chosen = []
    for server in range(3):
        chosen.append(int(sim.task[0]))
        play(sim, server)
    assert chosen == [3, 6, 0]
    fan = [(0, 0, 3), (0, 2, 3)]
    sim = Simulation(by_hand([[1.0, 1.0, 1.0, 1.0]], fan, [1.0] * 3))
    chosen = []
    for server in range(3):
        chosen.append(int(sim.task[0]))
        play(sim, server)
    assert chosen == [0, 2, 1]


def test_tasks_that_end_in_the_same_step_all_release_what_needs_them() -> None:
    """0 -> 2, 1 -> 3 and both -> 4: after one step 2, 3 and 4 are ready, and 2/5 is finished."""
    edges = [(0, 0, 2), (0, 1, 3), (0, 0, 4), (0, 1, 4)]
    sim = Simulation(by_hand([[0.4, 0.3, 1.0, 1.0, 1.0]], edges, [1.0, 1.0]))
    play(sim, 0, 1, 0)
    assert sim.now[0] == 0.5
    assert (sim.key < np.iinfo(np.int64).max).tolist() == [[False, False, True, True, True]]
    assert sim.finished.tolist() == [[2]]
    assert observe(sim).task[0, 3] == 0.4


def test_without_a_ready_task_every_action_moves_the_clock() -> None:
    sim = Simulation(by_hand([[1.0]], [], [1.0], arrival=[1.2]))
    assert sim.task.tolist() == [-1]
    assert not sim.feasible().any()
    assert play(sim, 0, 0) == [-0.001, -0.001]
    assert (sim.now[0], sim.task[0]) == (1.0, -1)
    play(sim, 0)
    assert (sim.now[0], sim.task[0]) == (1.5, 0)


def test_a_failed_server_s_task_runs_again_and_a_leaving_one_ends_its_own() -> None:
    """Three servers: one fails at 1.2 with half a task done, one leaves then, one joins at 2."""
    fails, leaves, joins = [1.2, np.inf, np.inf], [np.inf, 1.2, np.inf], [0.0, 0.0, 2.0]
    scenario = by_hand([[3.0], [3.0]], [], [1.0] * 3).with_events(joins, leaves, fails)
    sim = Simulation(scenario)
    assert sim.present.tolist() == [[True, True, False]]
    play(sim, 0, 1)
    assert play(sim, 2, 2) == [-0.001, -0.001]
    assert sim.running.tolist() == [[0, 1, -1]]
    play(sim, 2)
    assert (sim.task[0], sim.server[0, 0], sim.finish[0, 0]) == (0, -1, np.inf)
    assert sim.running.tolist() == [[-1, 1, -1]]
    assert sim.present.tolist() == [[False, False, False]]
    assert play(sim, 0) == [-0.001]
    assert sim.present.tolist() == [[False, False, True]]
    assert play(sim, 2) == [math.exp(-3.0)]
    play(sim, *[0] * 6)
    assert sim.completed.all()
    assert sim.finish[0].tolist() == [5.0, 3.0]


def test_a_task_whose_last_server_is_gone_is_reported() -> None:
    """A large server leaves at 1, one is to come at 1.5 and fails at 2, and one never comes."""
    scenario = by_hand([[1.0]], [], [1.0] * 4, arrival=[0.4], need=[[80.0]])
    scenario.memory[0, 0] = 8.0
    inf = np.inf
    events = [0.0, 0.0, 1.5, 9.0], [inf, 1.0, inf, inf], [inf, inf, 2.0, 8.0]
    sim = Simulation(scenario.with_events(*events))
    seen = []
    for _ in range(5):
        seen.append(bool(sim.stranded()[0]))
        play(sim, 0)
    assert seen == [False] * 4 + [True]
    assert not sim.feasible().any()


@given(scenarios(), seeds)
def test_nobody_is_stranded_where_servers_stay(scenario: Scenario, seed: int) -> None:
    assert not any(sim.stranded().any() for sim, _, _ in steps(scenario, seed, None))


def test_work_that_ends_before_the_server_fails_counts() -> None:
    """Both between the same two readings of the clock: at 1.3 and 1.4, and the other way round."""
    for fails, completed in ((1.3, True), (1.2999, False)):
        sim = Simulation(by_hand([[1.3]], [], [1.0]).with_events(fails=fails))
        play(sim, 0, 0, 0, 0)
        assert (sim.now[0], sim.completed[0, 0], sim.running[0, 0]) == (1.5, completed, -1)


def test_a_drained_episode_ends_with_its_last_task_or_at_the_deadline() -> None:
    scenario = by_hand([[11.0], [2.0]], [], [1.0], arrival=[0.0, 3.0])
    sim = Simulation(scenario, deadline=20.0)
    play(sim, 0, *[0] * 22)
    assert (sim.now[0], sim.done[0]) == (11.0, False)
    play(sim, 0, *[0] * 4)
    assert (sim.now[0], sim.done[0]) == (13.0, True)
    for deadline, end in ((12.0, 12.0), (12.1, 12.5)):
        sim = Simulation(scenario, deadline)
        play(sim, *[0] * 40)
        assert (sim.now[0], sim.done[0], sim.completed[0, 0]) == (end, True, True)


@pytest.mark.parametrize("actions", [[0], [0, 3], [-1, 0], [[0, 1]]])
def test_servers_that_do_not_exist_are_refused(actions: list[int]) -> None:
    sim = Simulation(by_hand([[1.0]], [], [1.0] * 3).take([0, 0]))
    with pytest.raises(ValueError, match="actions must be 2 servers from 0 to 2; got "):
        sim.step(np.array(actions))
    assert sim.tick.tolist() == [0, 0]


@pytest.mark.parametrize("deadline", [0.0, -1.0, math.inf, math.nan])
def test_deadlines_that_never_come_are_refused(deadline: float) -> None:
    with pytest.raises(ValueError, match="deadline must be finite and > 0; got"):
        Simulation(by_hand([[1.0]], [], [1.0]), deadline)
