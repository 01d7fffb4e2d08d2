"""Specifies HEFT by the rules of a schedule, by the exact optimum, and by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from refimpl.scale.theory.exact import Instance, critical_path_bound, load_bound, optimum
from refimpl.scale.theory.heft import heft, upward_rank
from tests.scale.model.strategies import instances
from tests.scale.theory.test_exact import assert_possible


@given(instances(tasks=5, servers=3))
def test_it_is_a_schedule_and_none_beats_the_optimum(instance: Instance) -> None:
    found = heft(instance)
    assert_possible(instance, found)
    assert found.mean_response == pytest.approx((found.finish - instance.arrival).mean())
    for bound in (optimum(instance).mean_response, critical_path_bound(instance)):
        assert bound <= found.mean_response * (1 + 1e-12)
    assert load_bound(instance) <= found.mean_response * (1 + 1e-12)


@given(instances(tasks=8, servers=4))
def test_ranks_fall_along_edges_and_effort_is_bounded(instance: Instance) -> None:
    rank = upward_rank(instance)
    for i, j in np.argwhere(instance.edges):
        assert rank[i] > rank[j]
    tasks, servers = instance.fits.shape
    assert tasks * servers <= heft(instance).effort <= (tasks**2 + tasks) * servers


def make(work: list[float], speed: list[float], edges: list[tuple[int, int]]) -> Instance:
    links = np.zeros((len(work), len(work)), bool)
    for i, j in edges:
        links[i, j] = True
    fits = np.ones((len(work), len(speed)), bool)
    return Instance(np.zeros(len(work)), np.array(work), np.array(speed), fits, links)


def test_ranks_and_gaps_by_hand() -> None:
    """Speeds 2 and 1, so a GFLOP takes 0.75 s in the mean. 0 -> 1 and 2 -> 1; 3 is free and short.

    Ranks 0.75 * (4 + 6, 6, 3 + 6, 1). Task 0 runs on the fast one to 2; task 2 until 3 on the slow
    one, not 3.5; task 1 on the fast one from 3 to 6; task 3 fits the gap from 2 to 3 there.
    """
    instance = make([4.0, 6.0, 3.0, 1.0], [2.0, 1.0], [(0, 1), (2, 1)])
    np.testing.assert_allclose(upward_rank(instance), [7.5, 4.5, 6.75, 0.75], rtol=1e-15)
    found = heft(instance)
    assert found.server.tolist() == [0, 0, 1, 0]
    assert found.start.tolist() == [0.0, 3.0, 0.0, 2.0]
    assert found.finish.tolist() == [2.0, 6.0, 3.0, 2.5]
    # One per task and server; two predecessors on two servers; and busy intervals passed: one for
    # task 2, two for task 1, and one each for task 3 on both servers.
    assert found.effort == 8 + 4 + 1 + 2 + 2


def test_mean_run_times_leave_out_servers_without_the_memory() -> None:
    instance = make([4.0], [4.0, 1.0], [])
    assert upward_rank(instance).tolist() == [2.5]
    small = dataclasses.replace(instance, fits=np.array([[True, False]]))
    assert upward_rank(small).tolist() == [1.0]
    assert heft(small).finish.tolist() == [1.0]
