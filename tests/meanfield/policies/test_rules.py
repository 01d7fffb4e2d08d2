"""Specifies the policies that see the own queue or nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.graph import graph_from_edges
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import own_queue, own_state, random_per_packet, threshold
from tests.meanfield.strategies import rules, states_of, systems

RNG = np.random.default_rng(0)


@given(st.data())
def test_jobs_are_shared_out_completely(data: st.DataObject) -> None:
    system = data.draw(systems())
    states = data.draw(st.composite(lambda draw: states_of(draw, system, 2))())
    policies = (
        own_queue,
        random_per_packet,
        own_state(data.draw(rules(system.buffer))),
        threshold(system.buffer, 2),
    )
    for policy in policies:
        shares = policy(system, states, RNG)
        assert shares.shape == states.shape
        assert (shares >= 0).all()
        np.testing.assert_allclose(shares.sum(axis=1), system.n, rtol=1e-13)


@given(st.data())
def test_the_rule_is_looked_up_by_own_queue_length(data: st.DataObject) -> None:
    system = data.draw(systems())
    states = data.draw(st.composite(lambda draw: states_of(draw, system, 2))())
    rule = data.draw(rules(system.buffer))
    offload = np.array([[rule[z] for z in row] for row in states])
    found = own_state(rule)(system, states, RNG)
    np.testing.assert_array_equal(found, offload_shares(system.graph, offload))


@given(systems())
def test_random_sends_evenly_to_all_accessible_queues(system: System) -> None:
    table = system.graph.adjacency.toarray() + np.eye(system.n)
    expected = (table / table.sum(axis=1, keepdims=True)).sum(axis=0)
    found = random_per_packet(system, np.zeros((3, system.n), dtype=np.intp), RNG)
    np.testing.assert_allclose(found, np.broadcast_to(expected, (3, system.n)), atol=1e-13)


def test_thresholds_are_rules() -> None:
    system = System(graph_from_edges(3, np.array([[0, 1], [1, 2]])))
    states = np.array([[0, 3, 5]])
    np.testing.assert_allclose(threshold(5, 3)(system, states, RNG), [[1.5, 1.0, 0.5]])
    np.testing.assert_allclose(threshold(5, 6)(system, states, RNG), [[1.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: own_state([0.5, 1.5]), r"rule must be in \[0, 1\]; got 1.5"),
        (lambda: own_state([0.5, np.nan]), "got nan"),
        (lambda: own_state(0.5), r"shape \(B \+ 1,\)"),
        (lambda: threshold(5, -1), "level must be >= 0; got -1"),
    ],
)
def test_bad_rules_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]


def test_a_rule_of_another_buffer_is_refused() -> None:
    system = System(graph_from_edges(2, np.array([[0, 1]])))
    with pytest.raises(ValueError, match="rule must have 6 entries for buffer 5; got 3"):
        own_state([0.1, 0.2, 0.3])(system, np.zeros((1, 2), dtype=np.intp), RNG)
