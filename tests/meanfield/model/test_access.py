"""Specifies the rows of accessible queues, and who receives what is sent along them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.access import accessible, received
from refimpl.meanfield.model.graph import Graph
from tests.meanfield.strategies import graphs


@given(graphs())
def test_accessible_queues_are_the_own_one_and_the_neighbours(graph: Graph) -> None:
    access = accessible(graph)
    assert access.queues.shape == (graph.n, 1 + graph.degrees.max())
    for i, (row, present) in enumerate(zip(access.queues, access.present, strict=True)):
        last = 1 + graph.degrees[i]
        assert row[0] == i
        np.testing.assert_array_equal(row[1:last], graph.neighbours_of(i))
        assert present[:last].all()
        assert not present[last:].any()
        assert (row[last:] == i).all()


@given(graphs(), st.integers(0, 2**32 - 1))
def test_received_counts_the_senders_one_by_one(graph: Graph, seed: int) -> None:
    access, rng = accessible(graph), np.random.default_rng(seed)
    columns = (rng.random((2, 3, graph.n)) * access.sizes).astype(np.intp)
    expected = np.zeros(columns.shape)
    for *where, i in np.ndindex(columns.shape):
        expected[*where, access.queues[i, columns[*where, i]]] += 1
    np.testing.assert_array_equal(received(access.queues, columns), expected)
