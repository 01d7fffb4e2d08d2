from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.topologies import path, torus
from refimpl.meanfield.objective.credit import light_cone_credit, shells, total_credit
from tests.meanfield.strategies import graphs


def distances(graph: Graph) -> np.ndarray:
    """All distances by breadth-first search from every node; -1 where there is no path."""
    found = np.full((graph.n, graph.n), -1)
    for root in range(graph.n):
        found[root, root] = 0
        queue = [root]
        for node in queue:
            for near in graph.neighbours_of(node):
                if found[root, near] < 0:
                    found[root, near] = found[root, node] + 1
                    queue.append(near)
    return found


@given(graphs(), st.integers(0, 6))
def test_shells_mark_the_distances(graph: Graph, radius: int) -> None:
    apart = distances(graph)
    found = shells(graph, radius)
    assert len(found) == min(radius, apart.max()) + 1
    for distance, shell in enumerate(found):
        np.testing.assert_array_equal(shell.toarray(), (apart == distance).astype(float))


@given(graphs(), st.integers(1, 5), st.one_of(st.none(), st.integers(1, 5)), st.integers(0, 99))
def test_credit_is_the_sum_over_the_light_cone(
    graph: Graph, epochs: int, lags: int | None, seed: int
) -> None:
    drops = np.random.default_rng(seed).normal(size=(epochs, 2, graph.n))
    apart, reach = distances(graph), epochs if lags is None else lags
    found = light_cone_credit(graph, drops, lags)
    for t in range(epochs):
        expected = np.zeros((2, graph.n))
        for s in range(t + 1, min(t + reach, epochs - 1) + 1):
            near = (apart >= 0) & (apart <= s - t)
            expected += drops[s] @ near.T
        np.testing.assert_allclose(found[t], expected, atol=1e-12)


def test_everything_is_credited_naively_and_a_cone_that_covers_the_graph_does_too() -> None:
    drops = np.random.default_rng(0).random((5, 3, 2))
    np.testing.assert_allclose(
        light_cone_credit(path(2), drops), np.broadcast_to(total_credit(path(2), drops), (5, 3, 2))
    )
    assert not total_credit(path(2), drops)[-1].any()


def test_a_torus_has_four_times_r_nodes_at_distance_r() -> None:
    counts = [int(shell.sum(axis=1)[0]) for shell in shells(torus(11), 4)]
    assert counts == [1, 4, 8, 12, 16]
