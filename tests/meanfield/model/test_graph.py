"""Specifies sparse graphs: both ways to build one agree, and what is no graph is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy import sparse

from refimpl.meanfield.model.graph import Graph, graph_from_adjacency, graph_from_edges
from tests.meanfield.strategies import graphs


@given(graphs())
def test_lists_matrix_and_degrees_say_the_same(graph: Graph) -> None:
    dense = graph.adjacency.toarray()
    np.testing.assert_array_equal(dense, dense.T)
    assert not np.diag(dense).any()
    np.testing.assert_array_equal(dense.sum(axis=1), graph.degrees)
    for i in range(graph.n):
        np.testing.assert_array_equal(graph.neighbours_of(i), np.flatnonzero(dense[i]))


@given(graphs())
def test_the_matrix_gives_the_graph_back(graph: Graph) -> None:
    for matrix in (graph.adjacency, graph.adjacency.toarray(), graph.adjacency.toarray() > 0):
        again = graph_from_adjacency(matrix)
        np.testing.assert_array_equal(again.starts, graph.starts)
        np.testing.assert_array_equal(again.neighbours, graph.neighbours)


@given(graphs())
def test_offloaded_jobs_all_arrive_at_neighbours(graph: Graph) -> None:
    matrix = graph.offload_matrix.toarray()
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0)
    np.testing.assert_array_equal(matrix > 0, graph.adjacency.toarray() > 0)
    # evenly: within a column all positive entries are equal
    for column in matrix.T:
        assert np.ptp(column[column > 0]) == 0.0


def test_the_order_and_direction_of_edges_do_not_matter() -> None:
    one = graph_from_edges(4, np.array([[0, 1], [1, 2], [2, 3]]))
    other = graph_from_edges(4, np.array([[3, 2], [0, 1], [2, 1]]))
    np.testing.assert_array_equal(one.neighbours, other.neighbours)


@pytest.mark.parametrize(
    ("n", "edges", "message"),
    [
        (3, [[0, 3]], r"agents 0\.\.2; got \[0 3\]"),
        (3, [[-1, 0]], r"agents 0\.\.2"),
        (3, [[0, 1], [1, 1]], r"two different agents; got \[1 1\]"),
        (3, [[0, 1], [1, 2], [1, 0]], r"once; got \(0, 1\) 2 times"),
        (3, [[0, 1]], "agent 2 has none"),
        (3, [[0.0, 1.0]], "integer"),
        (3, [0, 1], r"\(E, 2\)"),
        (0, [[0, 1]], "n must be an integer >= 1"),
    ],
)
def test_bad_edges_are_refused(n: int, edges: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph_from_edges(n, np.array(edges))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[0, 1], [0, 0]], r"symmetric; entries \(0, 1\) and \(1, 0\) differ"),
        ([[1, 1], [1, 0]], r"zero diagonal; got 1 at \(0, 0\)"),
        ([[0, 2], [2, 0]], "0 and 1; got 2"),
        ([[0, np.nan], [np.nan, 0]], "0 and 1; got nan"),
        ([[0, -1], [-1, 0]], "0 and 1; got -1"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], "agent 2 has none"),
        ([[0, 1, 0], [1, 0, 1]], r"\(N, N\)"),
    ],
)
def test_bad_adjacency_is_refused(matrix: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph_from_adjacency(np.array(matrix))
    with pytest.raises(ValueError, match=message):
        graph_from_adjacency(sparse.csr_array(np.array(matrix)))
