"""Specifies the families of graphs and what is read off a graph, against graphlib's sorter."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from refimpl.scale.model.workflows import (
    Chain,
    CyclicGraphError,
    Family,
    FewPredecessors,
    ForkJoin,
    Independent,
    Layered,
    check_acyclic,
    hop_counts,
)
from refimpl.shared.seeds import generator
from tests.scale.model.strategies import families, seeds

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=6).map(np.array)


def in_order(edges: np.ndarray) -> list[int]:
    """Return the tasks, each after those it needs.

    Raises
    ------
    CycleError
        If there is no such order.
    """
    needs = {j: np.flatnonzero(edges[:, j]).tolist() for j in range(len(edges))}
    return list(TopologicalSorter(needs).static_order())


def is_acyclic(edges: np.ndarray) -> bool:
    try:
        return bool(in_order(edges))
    except CycleError:
        return False


def longest_ways(edges: np.ndarray) -> list[int]:
    """Edges of the longest way from each task, by a walk from the end."""
    hops = [0] * len(edges)
    for task in reversed(in_order(edges)):
        hops[task] = max((1 + hops[j] for j in np.flatnonzero(edges[task])), default=0)
    return hops


@st.composite
def any_graph(draw: st.DrawFn, acyclic: bool) -> np.ndarray:
    """Three graphs of five tasks, their numbers shuffled."""
    rng = np.random.default_rng(draw(seeds))
    edges = rng.random((3, 5, 5)) < draw(st.floats(0.0, 0.6))
    if acyclic:
        edges = np.triu(edges, 1)
    order = rng.permutation(5)
    return np.asarray(edges[:, order][:, :, order])


@given(families(), sizes, seeds)
def test_edges_lead_upwards_between_tasks_that_exist(family: Family, sizes, seed: int) -> None:
    edges = family(np.random.default_rng(seed), sizes)
    most = int(sizes.max())
    assert edges.shape == (len(sizes), most, most)
    assert edges.dtype == np.bool_
    assert not np.tril(edges).any()
    exists = np.arange(most) < sizes[:, None]
    assert not (edges & ~(exists[:, :, None] & exists[:, None, :])).any()
    check_acyclic(edges)
    assert all(is_acyclic(each) for each in edges)


@given(st.integers(1, 4), sizes, seeds)
def test_few_predecessors_means_one_to_most(most: int, sizes, seed: int) -> None:
    edges = FewPredecessors(most)(np.random.default_rng(seed), sizes)
    for each, size in zip(edges, sizes, strict=True):
        counts = each.sum(axis=0)[:size]
        assert counts[0] == 0
        assert (counts[1:] >= 1).all()
        assert (counts <= np.minimum(most, np.arange(size))).all()


def test_predecessors_are_uniform() -> None:
    """20,000 graphs of four tasks: 1 or 2 of three, each pair and each one alike."""
    edges = FewPredecessors(2)(generator(0, "few"), np.full(20_000, 4))
    last = edges[:, :3, 3]
    counts = np.bincount(last @ [1, 2, 4], minlength=8)
    assert counts[[0, 7]].tolist() == [0, 0]
    probability = 1 / 6
    scale = np.sqrt(20_000 * probability * (1 - probability))
    assert (np.abs(counts[1:7] - 20_000 * probability) / scale < 4).all()


def test_independent_edges_come_with_their_probability() -> None:
    for p in (0.0, 0.3, 1.0):
        edges = Independent(p)(generator(0, "independent"), np.full(2_000, 5))
        share = edges[:, *np.triu_indices(5, 1)].mean(axis=0)
        if p in (0.0, 1.0):
            assert (share == p).all()
        else:
            assert (np.abs(share - p) / np.sqrt(p * (1 - p) / 2_000) < 4).all()


def test_chains_and_forks_by_hand() -> None:
    sizes = np.array([4, 1, 2, 3])
    rng = generator(0)
    chains = Chain()(rng, sizes)
    assert [np.argwhere(each).tolist() for each in chains] == [
        [[0, 1], [1, 2], [2, 3]],
        [],
        [[0, 1]],
        [[0, 1], [1, 2]],
    ]
    forks = ForkJoin()(rng, sizes)
    assert [np.argwhere(each).tolist() for each in forks] == [
        [[0, 1], [0, 2], [1, 3], [2, 3]],
        [],
        [[0, 1]],
        [[0, 1], [1, 2]],
    ]


@given(st.integers(1, 4), sizes, seeds)
def test_layers_depend_on_the_layer_before_only(width: int, sizes, seed: int) -> None:
    edges = Layered(width)(np.random.default_rng(seed), sizes)
    for _, i, j in np.argwhere(edges):
        assert i // width == j // width - 1
    exists = np.arange(edges.shape[1]) < sizes[:, None]
    later = exists & (np.arange(edges.shape[1]) >= width)
    counts = edges.sum(axis=1)
    assert (counts[later] >= 1).all()
    assert (counts[later] <= min(2, width)).all()


@given(any_graph(acyclic=True))
def test_hops_are_the_longest_way_to_the_end(edges: np.ndarray) -> None:
    assert hop_counts(edges).tolist() == [longest_ways(each) for each in edges]
    assert hop_counts(edges[0]).tolist() == longest_ways(edges[0])


@given(any_graph(acyclic=False))
def test_circles_are_found_and_named(edges: np.ndarray) -> None:
    good = [is_acyclic(each) for each in edges]
    if all(good):
        check_acyclic(edges)
        return
    for look in (check_acyclic, hop_counts):
        with pytest.raises(CyclicGraphError, match="edges must have no circle; got ") as caught:
            look(edges)
    circle = [int(task) for task in str(caught.value).split("got ")[1].split(" -> ")]
    first = edges[good.index(False)]
    assert circle[0] == circle[-1]
    assert len(set(circle)) == len(circle) - 1
    assert all(first[i, j] for i, j in pairwise(circle))


def test_a_task_may_not_wait_for_itself() -> None:
    with pytest.raises(CyclicGraphError, match=r"got 1 -> 1$"):
        check_acyclic(np.diag([False, True]))


@pytest.mark.parametrize(
    ("family", "argument", "message"),
    [
        (FewPredecessors, 0, "most must be an integer >= 1; got 0"),
        (Layered, 0, "width must be an integer >= 1; got 0"),
        (Independent, 1.5, r"probability must be in \[0, 1\]; got 1.5"),
        (Independent, float("nan"), r"probability must be in \[0, 1\]; got nan"),
    ],
)
def test_families_that_cannot_be_are_refused(family, argument: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        family(argument)


def test_deep_and_wide_families_are_so() -> None:
    """The limitation section asks for more than the paper's shapes: depth n - 1, and depth 2."""
    rng, sizes = generator(0), np.full(50, 8)
    depth = {f: hop_counts(f(rng, sizes)).max(axis=1) for f in (Chain(), ForkJoin(), Layered(2))}
    assert (depth[Chain()] == 7).all()
    assert (depth[ForkJoin()] == 2).all()
    assert (depth[Layered(2)] == 3).all()
    usual = hop_counts(FewPredecessors(2)(rng, sizes)).max(axis=1)
    assert stats.describe(usual).minmax[0] >= 1
    assert usual.max() <= 7
