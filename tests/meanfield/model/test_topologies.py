"""Specifies the topologies: sizes, degrees, symmetries, and the law of the random one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components, shortest_path

from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.topologies import (
    PRINTED_SIZES,
    bethe,
    bethe_size,
    complete,
    configuration_model,
    cube_connected_cycles,
    cube_connected_cycles_size,
    path,
    ring,
    star,
    torus,
    torus_size,
)
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import binomial_z_score

SIZES = {
    "torus": torus_size,
    "cube_connected_cycles": cube_connected_cycles_size,
    "bethe": bethe_size,
}


def distances(graph: Graph) -> np.ndarray:
    return shortest_path(graph.adjacency, unweighted=True)


def spheres(graph: Graph) -> set[tuple[int, ...]]:
    """Numbers of nodes at every distance, seen from every node."""
    return {tuple(np.bincount(row.astype(int))) for row in distances(graph)}


def edges(graph: Graph) -> set[tuple[int, int]]:
    matrix = graph.adjacency.tocoo()
    return {(int(i), int(j)) for i, j in zip(*matrix.coords, strict=True)}


def is_bipartite(graph: Graph) -> bool:
    parity = distances(graph)[0] % 2
    return all(parity[i] != parity[j] for i, j in edges(graph))


def is_symmetry(graph: Graph, image: np.ndarray) -> bool:
    """Whether the permutation ``image`` of the nodes maps edges to edges."""
    assert sorted(image) == list(range(graph.n))
    return {(int(image[i]), int(image[j])) for i, j in edges(graph)} == edges(graph)


@given(st.integers(3, 40))
def test_a_ring_is_two_regular_and_turns(n: int) -> None:
    graph = ring(n)
    assert graph.n == n
    assert set(graph.degrees) == {2}
    assert distances(graph).max() == n // 2
    assert is_bipartite(graph) == (n % 2 == 0)
    assert is_symmetry(graph, (np.arange(n) + 1) % n)
    assert sorted(graph.neighbours_of(0)) == [1, n - 1]


@given(st.integers(3, 8))
def test_a_torus_is_four_regular_and_shifts_both_ways(side: int) -> None:
    graph = torus(side)
    row, column = np.divmod(np.arange(side**2), side)
    assert graph.n == torus_size(side) == side**2
    assert set(graph.degrees) == {4}
    assert distances(graph).max() == 2 * (side // 2)
    assert is_bipartite(graph) == (side % 2 == 0)
    assert is_symmetry(graph, (row + 1) % side * side + column)
    assert is_symmetry(graph, row * side + (column + 1) % side)
    assert is_symmetry(graph, column * side + row)


@given(st.integers(3, 6))
def test_cube_connected_cycles_are_three_regular_whatever_the_order(order: int) -> None:
    graph = cube_connected_cycles(order)
    corner, place = np.divmod(np.arange(graph.n), order)
    turned = sum(((corner >> k) & 1) << ((k + 1) % order) for k in range(order))
    assert graph.n == cube_connected_cycles_size(order) == order * 2**order
    assert set(graph.degrees) == {3}
    # Diameter: 6 for order 3, else 2 k + floor(k/2) - 2 (Friš, Havel, Liebl, 1997).
    assert distances(graph).max() == (6 if order == 3 else 2 * order + order // 2 - 2)
    assert is_bipartite(graph) == (order % 2 == 0)
    assert is_symmetry(graph, turned * order + (place + 1) % order)
    for bit in range(order):
        assert is_symmetry(graph, (corner ^ (1 << bit)) * order + place)


def test_the_wire_of_a_place_leads_to_the_corner_with_that_bit_flipped() -> None:
    assert set(cube_connected_cycles(4).neighbours_of(5 * 4 + 1)) == {20, 22, 7 * 4 + 1}


@given(st.integers(1, 5), st.integers(2, 5))
def test_a_bethe_tree_is_a_tree_whose_leaves_are_all_as_deep(depth: int, degree: int) -> None:
    graph = bethe(depth, degree)
    far = distances(graph)[0].astype(int)
    assert graph.n == bethe_size(depth, degree)
    assert graph.degrees.sum() == 2 * (graph.n - 1)
    assert far.max() == depth
    assert np.all(np.diff(far) >= 0)
    assert set(graph.degrees[far < depth]) == {degree}
    assert set(graph.degrees[far == depth]) == {1}
    levels = [1, *(degree * (degree - 1) ** (o - 1) for o in range(1, depth + 1))]
    assert np.bincount(far).tolist() == levels


@given(st.integers(2, 20))
def test_paths_stars_and_complete_graphs(n: int) -> None:
    line, sun, full = path(n), star(n - 1), complete(n)
    assert line.n == sun.n == full.n == n
    assert distances(line)[0].tolist() == list(range(n))
    assert sun.degrees.tolist() == [n - 1] + [1] * (n - 1)
    assert np.array_equal(full.adjacency.toarray(), 1 - np.eye(n))


def test_vertex_transitive_graphs_look_alike_from_everywhere() -> None:
    for graph in (ring(9), torus(5), cube_connected_cycles(4), complete(5)):
        assert len(spheres(graph)) == 1
    assert len(spheres(path(5))) == 3


def test_printed_sizes_that_are_slips_are_exactly_three() -> None:
    for row in PRINTED_SIZES:
        assert row.size == SIZES[row.topology](row.parameter)
    slips = [
        (row.parameter, row.printed, row.size) for row in PRINTED_SIZES if row.printed != row.size
    ]
    assert slips == [(11, 111, 121), (100, 100, 10_000), (5, 125, 160)]
    assert [cube_connected_cycles_size(k) for k in (8, 9, 10)].count(4608) == 1


@given(st.integers(5, 60), st.integers(0, 2**32 - 1))
def test_configuration_models_are_simple_with_the_degrees_asked_for(n: int, seed: int) -> None:
    graph = configuration_model(n, np.random.default_rng(seed))
    assert graph.n == n
    assert set(graph.degrees) <= {2, 3}
    assert graph.degrees.sum() % 2 == 0
    matrix = graph.adjacency.toarray()
    assert matrix.max() == 1
    assert matrix.trace() == 0


@given(st.integers(0, 2**32 - 1))
def test_the_same_seed_gives_the_same_graph(seed: int) -> None:
    one, two = (configuration_model(30, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(one.neighbours, two.neighbours)
    assert np.array_equal(one.starts, two.starts)


def test_degrees_are_those_of_independent_coins_given_an_even_sum() -> None:
    # Number of threes among 8: binomial given that it is even, mass 2^-7 C(8, k); 4000 graphs.
    rng, trials = generator(1, "configuration-degrees"), 4000
    threes = Counter(int(configuration_model(8, rng).degrees.sum()) - 16 for _ in range(trials))
    masses = {0: 1, 2: 28, 4: 70, 6: 28, 8: 1}
    assert set(threes) <= set(masses)
    for k, ways in masses.items():
        assert abs(binomial_z_score(threes[k], trials, ways / 2**7)) < 4


def test_simple_graphs_with_the_same_degrees_are_equally_likely() -> None:
    # Two-regular graphs on 6 labelled nodes: 60 hexagons and 10 pairs of triangles.
    rng, trials = generator(2, "configuration-uniform"), 3500
    drawn = [configuration_model(6, rng, (2,)) for _ in range(trials)]
    labels = Counter(frozenset(edges(graph)) for graph in drawn)
    pairs = sum(connected_components(graph.adjacency)[0] == 2 for graph in drawn)
    assert len(labels) == 70
    assert abs(binomial_z_score(pairs, trials, 10 / 70)) < 4
    excess = sum((count - 50) ** 2 / 50 for count in labels.values())
    assert abs(excess - 69) / np.sqrt(2 * 69) < 4


def test_every_degree_of_a_longer_list_occurs_as_often() -> None:
    degrees = configuration_model(2000, generator(3, "configuration-mix"), (1, 2, 4)).degrees
    for degree in (1, 2, 4):
        assert abs(binomial_z_score(int((degrees == degree).sum()), 2000, 1 / 3)) < 4


def test_the_paper_s_size_is_drawn_in_no_time_and_is_rarely_connected_to_nothing() -> None:
    graph = configuration_model(5001, generator(4, "configuration-large"))
    assert graph.degrees.min() == 2
    assert abs(binomial_z_score(int((graph.degrees == 3).sum()), 5001, 0.5)) < 4


def test_networkx_agrees() -> None:
    nx = pytest.importorskip("networkx")
    pairs = [
        (ring(7), nx.cycle_graph(7)),
        (torus(4), nx.grid_2d_graph(4, 4, periodic=True)),
        (bethe(4, 3), nx.full_rary_tree(2, 31)),
        (path(6), nx.path_graph(6)),
        (star(5), nx.star_graph(5)),
        (complete(5), nx.complete_graph(5)),
        (cube_connected_cycles(3), nx.truncated_cube_graph()),
    ]
    for graph, theirs in pairs:
        ours = nx.from_scipy_sparse_array(graph.adjacency)
        if graph.n == bethe_size(4):  # theirs has a root with two children: graft a third branch
            branch = nx.relabel_nodes(nx.full_rary_tree(2, 15), lambda v: v + 31)
            theirs = nx.compose(theirs, branch)
            theirs.add_edge(0, 31)
        assert nx.is_isomorphic(ours, theirs)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ring(2), "n must be at least 3; got 2"),
        (lambda: path(1), "n must be at least 2; got 1"),
        (lambda: star(0), "n_leaves must be at least 1; got 0"),
        (lambda: complete(1), "n must be at least 2; got 1"),
        (lambda: torus(2), "side must be at least 3; got 2"),
        (lambda: cube_connected_cycles(2), "order must be at least 3; got 2"),
        (lambda: bethe(0), "depth must be at least 1; got 0"),
        (lambda: bethe(2, 1), "degree must be at least 2; got 1"),
        (lambda: bethe_size(-1), "depth must be at least 1; got -1"),
        (lambda: configuration_model(4, generator(0)), r"n must be at least 5 for .*; got 4"),
        (lambda: configuration_model(9, generator(0), ()), "degrees must hold at least one"),
        (lambda: configuration_model(9, generator(0), (0, 2)), "degrees must be at least 1; got 0"),
        (lambda: configuration_model(9, generator(0), (1, 3)), "n must be even .*; got 9"),
        (lambda: configuration_model(40, generator(0), (20,)), "small enough .*got .20,."),
    ],
)
def test_bad_sizes_are_named(build, message) -> None:
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("build", [ring, path, star, complete, torus, cube_connected_cycles, bethe])
def test_sizes_are_integers(build) -> None:
    with pytest.raises(TypeError, match=r"must be an integer; got 4\.5"):
        build(4.5)
