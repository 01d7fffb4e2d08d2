"""Specifies each rule by a plain search over the servers of one episode, and by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.episodes import Policy, play
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.policies.heuristics import (
    HEURISTICS,
    earliest_finish,
    fastest_fit,
    large_only,
    random_feasible,
    random_server,
    round_robin,
    slowest_fit,
    threshold_rule,
)
from refimpl.shared.seeds import generator
from tests.oracles import scale_simulator as oracle
from tests.scale.model.strategies import by_hand, elastic_scenarios, scenarios, seeds

ANY = st.one_of(scenarios(), elastic_scenarios())
Rule = Callable[[oracle.Episode, oracle.Task], int | None]


def able(episode: oracle.Episode, task: oracle.Task) -> list[oracle.Server]:
    return [server for server in episode.servers if episode.accepts(server, task)]


def members(episode: oracle.Episode, task: oracle.Task) -> list[oracle.Server]:
    return [s for s in episode.servers if s.member and task.need <= s.memory]


def fastest(episode: oracle.Episode, task: oracle.Task) -> int | None:
    found = max(able(episode, task), key=lambda s: s.speed, default=None)
    return None if found is None else found.number


def slowest(episode: oracle.Episode, task: oracle.Task) -> int | None:
    found = min(able(episode, task), key=lambda s: s.speed, default=None)
    return None if found is None else found.number


def earliest(episode: oracle.Episode, task: oracle.Task) -> int | None:
    def end(server: oracle.Server) -> float:
        start = episode.now if server.task is None else max(server.free_at, episode.now)
        return start + task.work / server.speed

    found = min(members(episode, task), key=end, default=None)
    return None if found is None else found.number


def in_turn(episode: oracle.Episode, task: oracle.Task) -> int | None:
    n = len(episode.servers)
    turn = sum(each.server is not None for each in episode.tasks)
    numbers = [server.number for server in able(episode, task)]
    return next((j % n for j in range(turn, turn + n) if j % n in numbers), None)


def idle_first(servers: list[oracle.Server]) -> int | None:
    found = max(servers, key=lambda s: (s.task is None, s.speed), default=None)
    return None if found is None else found.number


def wait_for_the_fastest(episode: oracle.Episode, task: oracle.Task) -> int | None:
    there = members(episode, task)
    return idle_first([s for s in there if s.speed == max(t.speed for t in there)])


def split_at_four(episode: oracle.Episode, task: oracle.Task) -> int | None:
    there = members(episode, task)
    slower = [s for s in there if s.speed < max(t.speed for t in there)]
    if task.work < 4.0 or not slower:
        return wait_for_the_fastest(episode, task)
    return idle_first(slower)


RULES: dict[str, tuple[Policy, Rule]] = {
    "fastest fit": (fastest_fit, fastest),
    "slowest fit": (slowest_fit, slowest),
    "earliest finish": (earliest_finish, earliest),
    "round robin": (round_robin, in_turn),
    "large only": (large_only, wait_for_the_fastest),
    "threshold": (threshold_rule(4.0), split_at_four),
}


@pytest.mark.parametrize("name", RULES)
@given(scenario=ANY)
def test_a_rule_chooses_what_a_search_finds(name: str, scenario: Scenario) -> None:
    """Whenever a task is ready and some server is eligible; otherwise any server will do."""
    policy, rule = RULES[name]
    sim, rng = Simulation(scenario), np.random.default_rng(0)
    episodes = [oracle.Episode(scenario, e) for e in range(scenario.episodes)]
    while not sim.done.all():
        actions = policy(sim, rng)
        for e, episode in enumerate(episodes):
            task = episode.next_task()
            wanted = None if task is None or episode.over else rule(episode, task)
            assert wanted is None or actions[e] == wanted
            episode.step(int(actions[e]))
        sim.step(actions)


@given(ANY, seeds)
def test_who_need_not_wait_does_not(scenario: Scenario, seed: int) -> None:
    for policy in (fastest_fit, slowest_fit, round_robin, random_feasible):
        counts = play(scenario, policy, np.random.default_rng(seed)).counts
        assert not (counts.memory + counts.busy).any()


@pytest.mark.parametrize("name", HEURISTICS)
def test_every_rule_finishes_everything(name: str) -> None:
    """Drained: no rule waits for ever, not even one that waits by choice."""
    scenario = sample_scenario(chosen().settings, 4, generator(0, "drain"))
    found = play(scenario, HEURISTICS[name], generator(1), deadline=300.0)
    np.testing.assert_array_equal(found.completed, found.arrived)
    assert (found.end < 300.0).all()


def test_random_servers_are_uniform() -> None:
    scenario = by_hand([[1.0]], [], [1.0] * 4).take(np.zeros(8_000, int))
    counts = np.bincount(random_server(Simulation(scenario), generator(0)), minlength=4)
    assert (np.abs(counts - 2_000) / np.sqrt(8_000 * 3 / 16) < 4).all()
    scenario.memory[:, 2] = 0.5
    counts = np.bincount(random_feasible(Simulation(scenario), generator(0)), minlength=4)
    assert counts[2] == 0
    assert (np.abs(counts[[0, 1, 3]] - 8_000 / 3) / np.sqrt(8_000 * 2 / 9) < 4).all()


def test_waiting_by_hand() -> None:
    """Speeds 4 and 1, two tasks of 4 GFLOP: the second would end at 2 on the fast one, else at 4.

    Two of 8 and 1 GFLOP: the second would end at 2.25 on the fast one and at 1 on the slow one.
    """
    for work, wanted in (([4.0, 4.0], [0, 0, 0, 0]), ([8.0, 1.0], [0, 1])):
        sim = Simulation(by_hand([work[:1], work[1:]], [], [4.0, 1.0]))
        for action in wanted:
            assert earliest_finish(sim, generator(0)).tolist() == [action]
            sim.step(np.array([action]))
    sim = Simulation(by_hand([[4.0], [1.0]], [], [4.0, 1.0]))
    sim.step(np.array([0]))
    assert large_only(sim, generator(0)).tolist() == [0]
    assert fastest_fit(sim, generator(0)).tolist() == [1]
    assert threshold_rule(2.0)(sim, generator(0)).tolist() == [0]
    assert threshold_rule(1.0)(sim, generator(0)).tolist() == [1]


def test_waiting_for_one_task_holds_up_all() -> None:
    """The fast server is busy till 2. Who waits for it starts nothing on the idle slow one."""
    scenario = by_hand([[8.0, 8.0], [8.0], [1.0]], [(0, 0, 1)], [4.0, 1.0])
    waits, not_so = (play(scenario, p, generator(0)) for p in (large_only, fastest_fit))
    assert (waits.completed[0], not_so.completed[0]) == (4, 4)
    # Ends at 2, 4, 6, 6.25; and at 2, 4, 8 on the slow one, 4.25.
    assert waits.response[0] == pytest.approx((2 + 4 + 6 + 6.25) / 4)
    assert not_so.response[0] == pytest.approx((2 + 4 + 8 + 4.25) / 4)


def test_a_fast_server_that_is_too_small_is_none() -> None:
    scenario = by_hand([[1.0]], [], [4.0, 2.0, 1.0], need=[[2.0]])
    scenario.memory[0, 0] = 1.0
    sim = Simulation(scenario)
    for policy in (large_only, fastest_fit, earliest_finish, threshold_rule(2.0)):
        assert policy(sim, generator(0)).tolist() == [1]
    assert threshold_rule(1.0)(sim, generator(0)).tolist() == [2]


@pytest.mark.parametrize("compute", [0.0, -1.0, float("nan")])
def test_thresholds_that_cannot_be_are_refused(compute: float) -> None:
    with pytest.raises(ValueError, match="compute must be finite and > 0; got"):
        threshold_rule(compute)


def test_the_scale_of_the_published_numbers() -> None:
    """Fastest fit at N = 16: the paper's methods complete 4 to 8.4 tasks at 4.4 to 4.9 s.

    Bands are four standard errors of 200 episodes (3.0 tasks and 0.7 s) around a run of the notes:
    9.6 tasks and 4.78 s, which says that the horizon is of the paper's size and no more.
    """
    scenario = sample_scenario(chosen().settings, 200, generator(0, "scale"))
    found = play(scenario, fastest_fit, generator(1))
    assert abs(found.completed.mean() - 9.6) < 4 * 3.0 / np.sqrt(200)
    assert abs(np.nanmean(found.response) - 4.78) < 4 * 0.7 / np.sqrt(200)
