"""Workflows: directed acyclic graphs of tasks, and families to draw them from [SCALE sec. 3.1].

``edges[..., i, j]`` says that task j needs task i done. Every family numbers tasks so that edges
lead upwards; graphs from elsewhere need not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class CyclicGraphError(ValueError):
    """Tasks that wait for each other in a circle."""


class Family(Protocol):
    """How edges are drawn."""

    def __call__(self, rng: np.random.Generator, sizes: Ints) -> Bools:
        """Return edges (K, V, V) of K graphs with ``sizes`` (K,) tasks; V is the largest size."""


@dataclass(frozen=True)
class FewPredecessors:
    """Every task but the first needs one to ``most`` earlier ones, uniform [SCALE sec. 3.1].

    With ``most = 1`` a random tree. The paper does not say how it draws edges.
    """

    most: int = 2

    def __post_init__(self) -> None:
        check_count("most", self.most)

    def __call__(self, rng: np.random.Generator, sizes: Ints) -> Bools:
        """Return edges (K, V, V)."""
        edges = _no_edges(sizes)
        for task in range(1, edges.shape[1]):
            count = rng.integers(1, self.most + 1, len(sizes))
            # Random ranks: the first ``count`` of them are distinct predecessors.
            ranks = rng.random((len(sizes), task)).argsort(axis=1).argsort(axis=1)
            edges[:, :task, task] = ranks < count[:, None]
        return edges & _exist(sizes)


@dataclass(frozen=True)
class Independent:
    """Every pair of tasks is an edge with the same probability."""

    probability: float

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be in [0, 1]; got {self.probability}")

    def __call__(self, rng: np.random.Generator, sizes: Ints) -> Bools:
        """Return edges (K, V, V)."""
        edges = _no_edges(sizes)
        drawn = rng.random(edges.shape) < self.probability
        return np.triu(drawn, 1) & _exist(sizes)


@dataclass(frozen=True)
class Chain:
    """Every task needs the one before: as deep as can be."""

    def __call__(self, rng: np.random.Generator, sizes: Ints) -> Bools:
        """Return edges (K, V, V)."""
        del rng
        edges = _no_edges(sizes)
        return (edges | np.eye(edges.shape[1], k=1, dtype=bool)) & _exist(sizes)


@dataclass(frozen=True)
class ForkJoin:
    """The first task feeds all between, which feed the last: as wide as can be."""

    def __call__(self, rng: np.random.Generator, sizes: Ints) -> Bools:
        """Return edges (K, V, V)."""
        del rng
        edges = _no_edges(sizes)
        edges[:, 0, 1:] = True
        last = np.arange(edges.shape[1]) == sizes[:, None] - 1
        edges[:, :-1] |= last[:, None, :]
        # With more than two tasks the first reaches the last only through the others.
        edges[:, 0] &= ~(last & (sizes > 2)[:, None])
        return np.triu(edges, 1) & _exist(sizes)


@dataclass(frozen=True)
class Layered:
    """Layers of ``width`` tasks; each task needs one or two of the layer before."""

    width: int

    def __post_init__(self) -> None:
        check_count("width", self.width)

    def __call__(self, rng: np.random.Generator, sizes: Ints) -> Bools:
        """Return edges (K, V, V)."""
        edges = _no_edges(sizes)
        for task in range(self.width, edges.shape[1]):
            first = (task // self.width - 1) * self.width
            ranks = rng.random((len(sizes), self.width)).argsort(axis=1).argsort(axis=1)
            count = rng.integers(1, 3, len(sizes))
            edges[:, first : first + self.width, task] = ranks < count[:, None]
        return edges & _exist(sizes)


def hop_counts(edges: Bools) -> Ints:
    """Return the most edges from every task to the end of its workflow [SCALE sec. 4.1].

    Parameters
    ----------
    edges : (..., V, V) bool

    Returns
    -------
    (..., V) int

    Raises
    ------
    CyclicGraphError
        If tasks wait for each other.
    """
    hops = np.zeros(edges.shape[:-1], np.int64)
    for _ in range(edges.shape[-1]):
        further = (edges * (1 + hops[..., None, :])).max(axis=-1, initial=0)
        if np.array_equal(further, hops):
            return hops
        hops = further
    check_acyclic(edges)
    return hops


def check_acyclic(edges: Bools) -> None:
    """Require that no task waits for itself.

    Raises
    ------
    CyclicGraphError
        Naming the tasks of a circle.
    """
    waiting = np.ones(edges.shape[:-1], bool)
    for _ in range(edges.shape[-1]):
        waiting &= (edges & waiting[..., :, None]).any(axis=-2)
    if waiting.any():
        graph = tuple(np.argwhere(waiting.any(axis=-1))[0])
        raise CyclicGraphError(f"edges must have no circle; got {_circle(edges[graph])}")


def _circle(edges: Bools) -> str:
    """Walk back from a task on or behind a circle until one comes twice; names count from 0."""
    waiting = np.ones(len(edges), bool)
    for _ in range(len(edges)):
        waiting &= (edges & waiting[:, None]).any(axis=0)
    path = [int(np.flatnonzero(waiting)[0])]
    while path[-1] not in path[:-1]:
        path.append(int(np.flatnonzero(edges[:, path[-1]] & waiting)[0]))
    circle = path[path.index(path[-1]) :]
    return " -> ".join(str(task) for task in reversed(circle))


def _no_edges(sizes: Ints) -> Bools:
    most = int(sizes.max(initial=1))
    return np.zeros((len(sizes), most, most), bool)


def _exist(sizes: Ints) -> Bools:
    """Whether both ends of a pair exist, (K, V, V)."""
    exists = np.arange(int(sizes.max(initial=1))) < sizes[:, None]
    return np.asarray(exists[:, :, None] & exists[:, None, :])
