"""Specifies the exact optimum by every schedule, an integer program, and what bounds it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

from refimpl.scale.model.scenario import InfeasibleTaskError
from refimpl.scale.model.workflows import CyclicGraphError
from refimpl.scale.theory.exact import (
    Instance,
    Schedule,
    SearchLimitError,
    critical_path_bound,
    earliest_finish,
    instance_of,
    load_bound,
    optimum,
)
from tests.oracles.scale_schedules import by_enumeration, by_integer_program
from tests.scale.model.strategies import instances, scenarios

FEW = settings(max_examples=20)


def assert_possible(instance: Instance, found: Schedule) -> None:
    """Every rule of the paper, task by task and pair by pair."""
    tasks = np.arange(len(found.server))
    assert instance.fits[tasks, found.server].all()
    run_time = instance.work / instance.speed[found.server]
    np.testing.assert_allclose(found.finish, found.start + run_time, rtol=1e-15)
    assert (found.start >= instance.arrival).all()
    for i, j in np.argwhere(instance.edges):
        assert found.start[j] >= found.finish[i]
    for i in tasks:
        for j in tasks[:i]:
            apart = found.start[i] >= found.finish[j] or found.start[j] >= found.finish[i]
            assert found.server[i] != found.server[j] or apart


@FEW
@given(instances(tasks=4, servers=3))
def test_it_is_the_best_of_all_schedules(instance: Instance) -> None:
    found = optimum(instance)
    assert_possible(instance, found)
    assert found.mean_response == pytest.approx(by_enumeration(instance), rel=1e-12)
    assert found.mean_response == pytest.approx((found.finish - instance.arrival).mean())


@settings(max_examples=8)
@given(instances(tasks=4, servers=2))
def test_an_integer_program_finds_the_same(instance: Instance) -> None:
    # HiGHS accepts constraints violated by 1e-6 relative to its big constant's rows.
    assert optimum(instance).mean_response == pytest.approx(by_integer_program(instance), abs=1e-4)


@given(instances(tasks=5, servers=3))
def test_both_bounds_are_bounds(instance: Instance) -> None:
    best = optimum(instance).mean_response
    # Their sums are taken in another order.
    assert critical_path_bound(instance) <= best * (1 + 1e-12)
    assert load_bound(instance) <= best * (1 + 1e-12)


@FEW
@given(instances(tasks=5, servers=2))
def test_more_servers_and_fewer_edges_never_hurt(instance: Instance) -> None:
    best = optimum(instance).mean_response
    free = dataclasses.replace(instance, edges=np.zeros_like(instance.edges))
    assert optimum(free).mean_response <= best * (1 + 1e-12)
    wider = dataclasses.replace(
        instance,
        speed=np.append(instance.speed, 1.0),
        fits=np.pad(instance.fits, ((0, 0), (0, 1)), constant_values=True),
    )
    assert optimum(wider).mean_response <= best * (1 + 1e-12)


def test_an_instance_by_hand() -> None:
    """Ten GFLOP three times on 20 and 10 GFLOPS: fast, slow and fast again, 0.5 + 1 + 1 s."""
    instance = independent(np.full(3, 10.0), np.array([20.0, 10.0]))
    found = optimum(instance)
    assert found.mean_response == pytest.approx(2.5 / 3, rel=1e-15)
    assert np.bincount(found.server).tolist() == [2, 1]
    assert critical_path_bound(instance) == 0.5
    # One server of 30: 1/3, 2/3 and 1 s.
    assert load_bound(instance) == pytest.approx(2 / 3, rel=1e-15)


def test_a_short_task_overtakes_a_long_one_in_the_load_bound() -> None:
    """At t = 1 the long one has 9 s left, the short one takes 1: it ends at 2, the long at 11."""
    instance = independent(np.array([10.0, 1.0]), np.ones(1), np.array([0.0, 1.0]))
    assert load_bound(instance) == pytest.approx((11.0 + 1.0) / 2, rel=1e-15)
    # Who may not interrupt keeps the server idle until the short one is there.
    assert optimum(instance).mean_response == pytest.approx((12.0 + 1.0) / 2, rel=1e-15)


def test_waiting_for_a_fast_server_can_be_best() -> None:
    """The second task starts at 1 on the fast server although the slow one is idle."""
    found = optimum(independent(np.array([4.0, 4.0]), np.array([4.0, 0.5])))
    assert found.server.tolist() == [0, 0]
    assert sorted(found.start) == [0.0, 1.0]


def test_servers_alike_in_speed_need_not_be_alike() -> None:
    """The small one must take the small task, so that the other is free for the large one."""
    instance = independent(np.ones(2), np.ones(2))
    tight = dataclasses.replace(instance, fits=np.array([[True, True], [True, False]]))
    assert optimum(tight).server.tolist() == [1, 0]
    assert optimum(tight).mean_response == 1.0


def test_critical_paths_run_through_edges_that_lead_down() -> None:
    edges = np.zeros((3, 3), bool)
    edges[2, 1] = edges[1, 0] = True
    instance = dataclasses.replace(independent(np.ones(3), np.ones(1)), edges=edges)
    assert earliest_finish(instance).tolist() == [3.0, 2.0, 1.0]
    assert optimum(instance).start.tolist() == [2.0, 1.0, 0.0]


def independent(work: np.ndarray, speed: np.ndarray, arrival: np.ndarray | None = None) -> Instance:
    tasks = len(work)
    fits, edges = np.ones((tasks, len(speed)), bool), np.zeros((tasks, tasks), bool)
    return Instance(np.zeros(tasks) if arrival is None else arrival, work, speed, fits, edges)


@given(scenarios())
def test_the_tasks_of_an_episode_are_those_that_arrive(scenario) -> None:
    for e in range(scenario.episodes):
        where = np.argwhere(scenario.exists[e])
        if not len(where):
            with pytest.raises(ValueError, match=r"work must be a vector, not empty; got"):
                instance_of(scenario, e)
            continue
        instance = instance_of(scenario, e)
        assert instance.work.tolist() == [scenario.compute[e, w, v] for w, v in where]
        assert instance.arrival.tolist() == [scenario.arrival[e, w] for w, _ in where]
        for i, (w, v) in enumerate(where):
            fits = scenario.need[e, w, v] <= scenario.memory[e]
            assert instance.fits[i].tolist() == fits.tolist()
            for j, (x, u) in enumerate(where):
                assert instance.edges[i, j] == (w == x and scenario.edges[e, w, v, u])


ONE = independent(np.ones(2), np.ones(2))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"work": np.array([1.0, -2.0])}, ValueError, "least work must be finite and > 0; got -2"),
        ({"work": np.array([1.0, np.nan])}, ValueError, "work must be finite; got nan at index"),
        ({"speed": np.zeros(0)}, ValueError, r"speed must be a vector, not empty; got shape \(0,"),
        ({"arrival": np.zeros(3)}, ValueError, r"arrival must have shape \(2,\); got \(3,\)"),
        ({"arrival": np.array([0.0, np.inf])}, ValueError, "arrival must be finite; got inf"),
        ({"fits": np.ones((2, 1), bool)}, ValueError, r"fits must have shape \(2, 2\)"),
        ({"edges": np.ones((2, 2), bool)}, CyclicGraphError, "edges must have no circle"),
        (
            {"fits": np.array([[True, True], [False, False]])},
            InfeasibleTaskError,
            "fits must name a server for each task; task 1 none",
        ),
    ],
)
def test_impossible_instances_are_refused(changes, error, message: str) -> None:
    with pytest.raises(error, match=message):
        dataclasses.replace(ONE, **changes)


def test_a_search_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(SearchLimitError, match="limit must exceed the partial schedules; got 2"):
        optimum(ONE, limit=2)
    with pytest.raises(ValueError, match="limit must be an integer >= 1; got 0"):
        optimum(ONE, limit=0)
    assert optimum(ONE, limit=optimum(ONE).effort).mean_response == 1.0
