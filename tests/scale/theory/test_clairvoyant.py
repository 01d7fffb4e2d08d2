"""Specifies the best play by every sequence of actions, and by what no policy may exceed."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.scale.model.episodes import Episodes, Policy, play
from refimpl.scale.model.scenario import Scenario
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.policies.heuristics import HEURISTICS
from refimpl.scale.theory.clairvoyant import (
    Play,
    best_play,
    discounted_return,
    least_response,
    time_saved,
)
from refimpl.scale.theory.exact import SearchLimitError, instance_of, optimum
from refimpl.shared.seeds import generator
from tests.oracles import scale_simulator as oracle
from tests.scale.model.strategies import by_hand, seeds

DEADLINES = st.sampled_from([None, 7.0])


@st.composite
def tiny(draw: st.DrawFn, tasks: int = 4) -> Scenario:
    """One or two workflows with up to four tasks, one to three servers, steps of a second."""
    rng = np.random.default_rng(draw(seeds))
    split = sorted({0, draw(st.integers(0, tasks - 1)), draw(st.integers(1, tasks))})
    compute = [list(rng.uniform(0.5, 6.0, b - a)) for a, b in pairwise(split)]
    pairs = [(w, i, j) for w, row in enumerate(compute) for j in range(len(row)) for i in range(j)]
    scenario = by_hand(
        compute,
        [pair for pair in pairs if rng.random() < 0.5],
        rng.choice([1.0, 2.0, 4.0], draw(st.integers(1, 3))).tolist(),
        arrival=sorted(
            np.where(rng.random(len(compute)) < 0.5, 0.0, 2.5 * rng.random(len(compute)))
        ),
        need=[list(rng.uniform(1.0, 60.0, len(row))) for row in compute],
        dt=1.0,
        horizon=5.0,
        delay_scale=draw(st.sampled_from([0.12, 1.0])),
        invalid_reward=draw(st.sampled_from([-0.001, -0.1])),
    )
    scenario.data[:] = rng.uniform(0.1, 3.0, scenario.data.shape)
    scenario.memory[0, :-1] = rng.choice([20.0, 80.0], scenario.capacity.shape[1] - 1)
    return scenario


def following(actions: tuple[int, ...]) -> Policy:
    decisions = iter(actions)

    def policy(sim: Simulation, rng: np.random.Generator) -> np.ndarray:
        del sim, rng
        return np.array([next(decisions)])

    return policy


def replay(scenario: Scenario, found: Play, deadline: float | None, gamma: float) -> Episodes:
    """The simulator's account of a play; it must end with the last action and not before."""
    policy = following(found.actions)
    result = play(scenario, policy, generator(0), deadline, gamma)
    assert result.counts.decisions[0] == len(found.actions)
    return result


@given(tiny(), DEADLINES)
def test_the_simulator_pays_what_was_promised(scenario: Scenario, deadline) -> None:
    best = best_play(scenario, 0, discounted_return(scenario, 0, 0.9), deadline)
    paid = replay(scenario, best, deadline, 0.9).discounted[0]
    assert paid == pytest.approx(best.value, rel=1e-12, abs=1e-15)
    response, quickest = least_response(scenario, 0, deadline)
    found = replay(scenario, quickest, deadline, 0.9).all_response[0]
    assert found == pytest.approx(response, rel=1e-12)


@given(tiny(), DEADLINES, seeds)
def test_no_policy_does_better(scenario: Scenario, deadline, seed: int) -> None:
    best = best_play(scenario, 0, discounted_return(scenario, 0), deadline)
    response, _ = least_response(scenario, 0, deadline)
    for policy in HEURISTICS.values():
        found = play(scenario, policy, np.random.default_rng(seed), deadline)
        assert found.discounted[0] <= best.value + 1e-12
        assert found.all_response[0] >= response - 1e-12


@settings(max_examples=10)
@given(tiny(tasks=2))
def test_it_is_the_best_of_all_sequences_of_actions(scenario: Scenario) -> None:
    """Every server at every decision, by the oracle: at most three to the power of seven."""
    servers = range(scenario.capacity.shape[1])
    most, least = -math.inf, math.inf
    for actions in product(servers, repeat=7):
        episode, value, k = oracle.Episode(scenario, 0), 0.0, 0
        while not episode.over:
            value += 0.9**k * episode.step(actions[k])[0]
            k += 1
        waits = [min(task.finish, 5.0) - task.workflow.arrival for task in episode.tasks]
        most, least = max(most, value), min(least, float(np.mean(waits)))
    best = best_play(scenario, 0, discounted_return(scenario, 0, 0.9))
    assert best.value == pytest.approx(most, rel=1e-12, abs=1e-15)
    assert least_response(scenario, 0)[0] == pytest.approx(least, rel=1e-12)


@settings(max_examples=15)
@given(tiny(tasks=3))
def test_the_clock_and_the_order_of_tasks_cost_time(scenario: Scenario) -> None:
    """Free of both no schedule is slower; a deadline of 40 s lets everything finish."""
    free = optimum(instance_of(scenario, 0)).mean_response
    assert least_response(scenario, 0, deadline=40.0)[0] >= free * (1 - 1e-12)


def test_where_every_server_would_take_the_task_nobody_can_wait() -> None:
    """Waiting pays here. A server that is too small allows it for ever; alone there is no way."""
    alone, beside = (
        by_hand([[8.0]], [], speed, invalid_reward=0.1) for speed in ([1.0], [1.0] * 2)
    )
    best = best_play(alone, 0, discounted_return(alone, 0))
    waits = 0.1 * sum(0.99**k for k in range(1, 21))
    assert best.value == pytest.approx(math.exp(-8.0) + waits, rel=1e-12)
    beside.memory[0, 0] = 0.5
    assert best_play(beside, 0, discounted_return(beside, 0)).actions == (0,) * 20


def test_without_a_task_a_drained_episode_takes_one_step() -> None:
    scenario = by_hand([[1.0]], [], [1.0], arrival=[math.inf])
    best = best_play(scenario, 0, discounted_return(scenario, 0), deadline=5.0)
    assert (best.actions, best.value) == ((0,), -0.001)
    replay(scenario, best, 5.0, 0.99)


def test_return_and_response_want_different_things() -> None:
    """Three tasks of 10 on 20 and 10 GFLOPS: all on the fast server, or one on the slow one."""
    scenario = by_hand([[10.0]] * 3, [], [20.0, 10.0], dt=0.1)
    richest = best_play(scenario, 0, discounted_return(scenario, 0), deadline=5.0)
    quickest = least_response(scenario, 0, deadline=5.0)
    assert quickest[0] == pytest.approx(2.5 / 3, rel=1e-12)
    rich = replay(scenario, richest, 5.0, 0.99)
    assert rich.response[0] == pytest.approx(1.0, rel=1e-12)
    assert rich.discounted[0] > replay(scenario, quickest[1], 5.0, 0.99).discounted[0] + 0.1


def test_a_search_that_takes_too_long_is_given_up() -> None:
    scenario = by_hand([[1.0]], [], [1.0, 2.0])
    with pytest.raises(SearchLimitError, match="limit must exceed the states; got 3"):
        best_play(scenario, 0, time_saved(10.0), limit=3)
    with pytest.raises(ValueError, match="limit must be an integer >= 1; got 0"):
        best_play(scenario, 0, time_saved(10.0), limit=0)


def test_clusters_that_change_are_refused() -> None:
    for events in ({"joins": 1.0}, {"leaves": 5.0}, {"fails": 5.0}):
        scenario = by_hand([[1.0]], [], [1.0]).with_events(**events)
        with pytest.raises(ValueError, match="scenario must have a cluster that stays"):
            best_play(scenario, 0, time_saved(10.0))
