"""Specifies what nodes see within a few steps, against distances computed one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from refimpl.meanfield.model.balls import ball_profiles, neighbour_degree_counts
from refimpl.meanfield.model.topologies import bethe, complete, ring, star, torus
from tests.meanfield.strategies import graphs


@given(graphs(), st.integers(1, 4))
def test_profiles_are_counts_by_distance(graph, radius) -> None:
    far = shortest_path(graph.adjacency, unweighted=True)
    table = graph.adjacency.toarray()
    for centre, profile in enumerate(ball_profiles(graph, radius)):
        spheres = [(far[centre] == r).sum() for r in range(radius + 1)]
        inside = far[centre] <= radius
        assert profile.tolist() == [*spheres, table[np.ix_(inside, inside)].sum() / 2]


@given(graphs())
def test_neighbours_of_a_degree_are_counted(graph) -> None:
    for degree in (1, 2, 3):
        counts = neighbour_degree_counts(graph, degree)
        for i in range(graph.n):
            assert counts[i] == (graph.degrees[graph.neighbours_of(i)] == degree).sum()


def test_profiles_by_hand() -> None:
    assert {tuple(row) for row in ball_profiles(ring(9), 2)} == {(1, 2, 2, 4)}
    assert {tuple(row) for row in ball_profiles(torus(6), 1)} == {(1, 4, 4)}
    assert {tuple(row) for row in ball_profiles(complete(4), 2)} == {(1, 3, 0, 6)}
    assert ball_profiles(star(3), 2).tolist() == [[1, 3, 0, 3]] + 3 * [[1, 1, 2, 3]]
    assert ball_profiles(bethe(3), 2)[0].tolist() == [1, 3, 6, 9]


def test_a_ball_has_a_radius() -> None:
    with pytest.raises(ValueError, match=r"radius must be .*got 0"):
        ball_profiles(ring(5), 0)
