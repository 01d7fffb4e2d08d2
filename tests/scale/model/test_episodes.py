"""Specifies what is counted while a policy plays: against the oracle, and by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.episodes import METRICS, REASONS, Episodes, Policy, play
from refimpl.scale.model.scenario import Scenario
from refimpl.scale.model.simulator import Simulation
from refimpl.shared.seeds import generator
from tests.oracles import scale_simulator as oracle
from tests.scale.model.strategies import by_hand, elastic_scenarios, scenarios, seeds

ANY = st.one_of(scenarios(), elastic_scenarios())


def table(scenario: Scenario, seed: int, length: int) -> np.ndarray:
    """Servers by episode and number of the decision."""
    n = scenario.capacity.shape[1]
    return np.random.default_rng(seed).integers(0, n, (scenario.episodes, length))


def from_table(actions: np.ndarray) -> Policy:
    """Policy that makes the k-th decision of the table."""
    decisions = iter(actions.T)

    def policy(sim: Simulation, rng: np.random.Generator) -> np.ndarray:
        del sim, rng
        return next(decisions)

    return policy


def expected(episode: oracle.Episode, actions: list[int], gamma: float) -> dict[str, float]:
    """The same numbers by going through the episode one decision at a time."""
    seen = dict.fromkeys([f"invalid {name}" for name in REASONS], 0.0)
    returns = discounted = run = longest = 0.0
    decisions = 0
    while not episode.over:
        task, server = episode.next_task(), episode.servers[actions[decisions]]
        able = task is not None and any(episode.accepts(s, task) for s in episode.servers)
        free = server.member and server.task is None
        reward, valid = episode.step(actions[decisions])
        returns, discounted = returns + reward, discounted + gamma**decisions * reward
        decisions += 1
        if valid:
            run = 0.0
        elif task is None:
            seen["invalid none"] += 1
        elif not able:
            seen["invalid forced"] += 1
        else:
            seen["invalid memory" if free else "invalid busy"] += 1
            run += 1
        longest = max(longest, run)
    end = episode.now
    here = [t for t in episode.tasks if t.workflow.arrival <= end]
    done = [t for t in here if t.state == "finished"]
    waits = [(t.finish if t in done else end) - t.workflow.arrival for t in here]
    own = [t.finish - t.workflow.arrival for t in done]
    return seen | {
        "returns": returns,
        "discounted": discounted,
        "arrived": len(here),
        "completed": len(done),
        "response": float(np.mean(own)) if own else math.nan,
        "all_response": float(np.mean(waits)) if waits else 0.0,
        "end": end,
        "decisions": decisions,
        "longest": longest,
    }


@given(ANY, seeds, st.sampled_from([None, 1.5]), st.sampled_from([0.9, 1.0]))
def test_counts_and_metrics_are_those_of_one_episode_at_a_time(scenario, seed, deadline, gamma):
    until = deadline and deadline * scenario.settings.horizon
    most = 2 + int(1.5 * scenario.settings.horizon / scenario.settings.dt)
    actions = table(scenario, seed, most + scenario.compute[0].size * (1 + scenario.fails.size))
    found = play(scenario, from_table(actions), generator(0), until, gamma).arrays()
    for e in range(scenario.episodes):
        numbers = expected(oracle.Episode(scenario, e, until), actions[e].tolist(), gamma)
        assert found.keys() == numbers.keys()
        for name, number in numbers.items():
            np.testing.assert_allclose(found[name][e], number, rtol=1e-9, atol=1e-12, err_msg=name)


def first(sim: Simulation, rng: np.random.Generator) -> np.ndarray:
    del rng
    return np.zeros(len(sim.rows), np.int64)


def test_an_episode_by_hand() -> None:
    """One server, two tasks of 1 s, arrived at 0 and 0.4; ten steps of half a second."""
    scenario = by_hand([[1.0], [1.0]], [], [1.0], arrival=[0.0, 0.4], horizon=5.0)
    found = play(scenario, first, generator(0), gamma=0.5)
    assert found.counts.decisions.tolist() == [12]
    assert found.counts.none.tolist() == [1 + 8]
    assert found.counts.forced.tolist() == [1]
    assert found.response.tolist() == [pytest.approx((1.0 + 1.6) / 2)]
    assert found.all_response.tolist() == found.response.tolist()
    assert found.returns.tolist() == [pytest.approx(2 * math.exp(-1.0) - 0.010)]
    invalid = -0.001 * sum(0.5**k for k in (1, 2, *range(4, 12)))
    assert found.discounted.tolist() == [pytest.approx(math.exp(-1.0) * 1.125 + invalid)]


def test_reasons_by_hand() -> None:
    """Server 0 is too small, then server 1 takes the first task, and is busy for the second."""
    scenario = by_hand([[1.0], [1.0]], [], [1.0] * 3, need=[[50.0], [50.0]], horizon=3.0)
    scenario.memory[0] = [8.0, 80.0, 80.0]
    actions = np.array([[0, 0, 1, 1, 0, 0, 2, 0, 0]])
    found = play(scenario, from_table(actions), generator(0))
    assert found.counts.memory.tolist() == [4]
    assert found.counts.busy.tolist() == [1]
    assert found.counts.longest.tolist() == [3]
    assert (found.counts.forced[0], found.counts.none[0]) == (0, 1)


def test_a_run_goes_on_through_steps_that_could_not_be_avoided() -> None:
    """Twice too small a server, and between the only one that fits is gone and the next to come."""
    scenario = by_hand([[1.0]], [], [1.0] * 3, need=[[50.0]], horizon=2.0)
    scenario.memory[0] = [8.0, 80.0, 80.0]
    inf = np.inf
    elastic = scenario.with_events(joins=[0.0, 0.0, 1.0], leaves=[inf, 0.5, inf])
    counts = play(elastic, from_table(np.array([[0, 0, 0, 2, 0]])), generator(0)).counts
    assert (counts.memory[0], counts.forced[0], counts.none[0]) == (2, 1, 1)
    assert (counts.longest[0], counts.run[0]) == (2, 0)


def test_without_any_task_there_is_no_response() -> None:
    found = play(by_hand([[1.0]], [], [1.0], arrival=[20.0]), first, generator(0))
    assert np.isnan(found.response).all()
    assert (found.all_response[0], found.arrived[0], found.completed[0]) == (0.0, 0, 0)


def test_a_choice_of_easy_tasks_helps_the_paper_s_metric_only() -> None:
    """Two tasks of 1 and 8 s at once: leaving the long one out lowers T-bar, and not the other."""
    scenario = by_hand([[1.0], [8.0]], [], [1.0, 1.0])

    def one_only(sim: Simulation, rng: np.random.Generator) -> np.ndarray:
        del rng
        return np.array([0 if sim.tick[0] == 0 else 2])

    def both(sim: Simulation, rng: np.random.Generator) -> np.ndarray:
        del rng
        return np.array([0 if sim.task[0] == 0 else 1])

    padded = scenario.with_events()
    lazy = play(dataclasses.replace(padded, **_third_server(padded)), one_only, generator(0))
    busy = play(scenario, both, generator(0))
    assert (lazy.response[0], busy.response[0]) == (1.0, 4.5)
    assert (lazy.all_response[0], busy.all_response[0]) == (5.5, 4.5)


def _third_server(scenario: Scenario) -> dict[str, np.ndarray]:
    """A server too small for everything, so that a scheduler can do nothing."""
    names = ("capacity", "memory", "idle_power", "busy_power", "joins", "leaves", "fails")
    more = {name: np.append(getattr(scenario, name), [[1.0]], axis=1) for name in names}
    more["memory"][0, 2], more["joins"][0, 2] = 0.5, 0.0
    more["leaves"][0, 2] = more["fails"][0, 2] = np.inf
    return more


def test_all_metrics_have_a_name() -> None:
    found = play(by_hand([[1.0]], [], [1.0]), first, generator(0))
    assert isinstance(found, Episodes)
    assert set(found.arrays()) == {
        *METRICS,
        *(f"invalid {name}" for name in REASONS),
        *("decisions", "longest"),
    }
