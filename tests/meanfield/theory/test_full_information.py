from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, path, ring
from refimpl.meanfield.policies.heuristics import shortest_queue_split
from refimpl.meanfield.theory import full_information
from refimpl.meanfield.theory.constant_shares import at_constant_rate
from refimpl.meanfield.theory.full_information import (
    optimal_average_drops,
    optimal_drops,
    share_grid,
)
from refimpl.meanfield.theory.joint_chain import average_drops, joint_chain, total_drops
from refimpl.meanfield.theory.joint_states import TooLargeError
from refimpl.meanfield.theory.outcomes import by_policy, by_rule, by_targets, shortest_queues
from tests.meanfield.strategies import graphs
from tests.meanfield.theory.strategies import small_systems
from tests.oracles import meanfield_chain as oracle


@given(graphs(max_n=4))
def test_shares_on_the_grid_are_those_that_agents_can_make(graph: Graph) -> None:
    """With one part per agent the grid is the set of all ways to choose one queue each."""
    reach = [[i, *graph.neighbours_of(i).tolist()] for i in range(graph.n)]
    made = {tuple(np.bincount(t, minlength=graph.n)) for t in product(*reach)}
    assert {tuple(row) for row in share_grid(graph, 1).tolist()} == made
    halves = {
        tuple(a + b for a, b in zip(one, other, strict=True)) for one in made for other in made
    }
    assert {tuple(row) for row in share_grid(graph, 2).tolist()} == halves


@settings(max_examples=10)
@given(st.floats(0.3, 3.0), st.floats(0.3, 1.5), st.integers(1, 2))
def test_two_epochs_by_trying_everything(dt: float, rate: float, parts: int) -> None:
    """Two queues with one place each, one level: every choice now, the best choice then."""
    steady = Modulation((rate, rate), (0.0, 0.0), (1.0, 0.0))
    system = System(complete(2), 1, dt, steady)
    shares = [np.array([k, 2 * parts - k]) / parts for k in range(2 * parts + 1)]
    ends = {
        (state, k): oracle.epoch_from(system, state, rate * s)
        for state in oracle.all_states(system)
        for k, s in enumerate(shares)
    }
    last = [
        min(ends[state, k][1].mean() for k in range(len(shares)))
        for state in oracle.all_states(system)
    ]
    first = min(ends[(0, 0), k][1].mean() + ends[(0, 0), k][0] @ last for k in range(len(shares)))
    assert optimal_drops(system, 2, parts) == pytest.approx(first, rel=1e-10)


@given(small_systems(max_n=3))
def test_no_policy_on_the_grid_is_better_and_finer_grids_are_no_worse(system: System) -> None:
    best = optimal_drops(system, 3, 1)
    assert best <= total_drops(system, by_targets(shortest_queues), 3) + 1e-12
    assert best <= total_drops(system, by_rule(np.zeros(system.buffer + 1)), 3) + 1e-12
    assert optimal_drops(system, 3, 2) <= best + 1e-12


def test_finer_shares_are_those_near_one() -> None:
    grid = share_grid(path(2), 1, 4)
    assert sorted(grid[:, 0].tolist()) == [0, 2, 3, 4, 5, 6, 8]
    np.testing.assert_array_equal(grid.sum(axis=1), 8)
    system = System(path(2), buffer=2, dt=4.0)
    coarse, mixed, fine = (optimal_drops(system, 3, *grid) for grid in ((1,), (1, 4), (4,)))
    assert fine <= mixed < coarse


def test_pair_of_queues_against_numbers_computed_before() -> None:
    """Rate 0.9; the split form of JSQ is optimal at delay 0.05 and 3.3 percent worse at delay 1."""
    gaps = {}
    for dt in (0.05, 1.0):
        system = at_constant_rate(System(complete(2), dt=dt), 0.9)
        best = optimal_average_drops(system, 32).value
        gaps[dt] = average_drops(joint_chain(system, by_policy(shortest_queue_split))).value / best
    assert gaps[0.05] == pytest.approx(1.0, abs=1e-6)
    assert gaps[1.0] == pytest.approx(1.033, abs=5e-4)


def test_the_grid_is_searched_whole_whatever_the_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(ring(3), buffer=2, dt=2.0)
    whole = optimal_drops(system, 3, 4)
    for chunk in (1, 7):
        monkeypatch.setattr(full_information, "CHUNK", chunk)
        assert optimal_drops(system, 3, 4) == whole


def test_bounds_enclose_and_are_close() -> None:
    system = System(path(2), buffer=2, dt=2.0)
    wide, narrow = (optimal_average_drops(system, 2, tolerance) for tolerance in (1e-3, 1e-10))
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert narrow.high - narrow.low <= 1e-10


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="parts must be an integer >= 1; got 0"):
        share_grid(path(2), 0)
    with pytest.raises(ValueError, match="finer must be an integer >= 1; got 0"):
        share_grid(path(2), 1, 0)
    with pytest.raises(ValueError, match="epochs must be an integer >= 1"):
        optimal_drops(System(path(2)), 0)
    with pytest.raises(TooLargeError, match="12 queues"):
        optimal_drops(System(ring(12)), 1)
