"""The graphs on which jobs are passed on, and their sizes [MF sec. 2.1].

Sizes follow from the formulas. Where the paper prints another number beside the same parameter,
the slip is kept as data in :data:`PRINTED_SIZES` and nowhere else.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.graph import Graph, graph_from_edges

Ints = NDArray[np.int64]

MOST_PAIRINGS = 10_000
"""Pairings drawn before :func:`configuration_model` gives up; degrees 2 and 3 need four or five."""


@dataclass(frozen=True)
class PrintedSize:
    """A number of nodes as printed, beside the one that follows from the parameter.

    Attributes
    ----------
    topology, source : str
        What, and where it is printed.
    parameter : int
        Order, side or depth.
    printed, size : int
        Nodes, as printed and by the formula.
    """

    topology: str
    source: str
    parameter: int
    printed: int
    size: int


def ring(n: int) -> Graph:
    """Cycle of ``n >= 3`` nodes, i beside i - 1 and i + 1 [MF sec. 2.1]."""
    nodes = np.arange(_at_least("n", n, 3))
    return _graph(n, (nodes, (nodes + 1) % n))


def path(n: int) -> Graph:
    """Line of ``n >= 2`` nodes in order; the ends have one neighbour [MF sec. 1.2.3]."""
    nodes = np.arange(_at_least("n", n, 2) - 1)
    return _graph(n, (nodes, nodes + 1))


def star(n_leaves: int) -> Graph:
    """Node 0 in the middle of ``n_leaves >= 1`` nodes that know only it."""
    leaves = np.arange(1, _at_least("n_leaves", n_leaves, 1) + 1)
    return _graph(n_leaves + 1, (np.zeros_like(leaves), leaves))


def complete(n: int) -> Graph:
    """All pairs of ``n >= 2`` nodes."""
    return _graph(n, np.triu_indices(_at_least("n", n, 2), 1))


def torus(side: int) -> Graph:
    """Square lattice of ``side >= 3`` rows and columns, wrapped around [MF sec. 2.1].

    Node ``row * side + column`` has four neighbours.
    """
    size = torus_size(side)
    row, column = np.divmod(np.arange(size), side)
    right = row * side + (column + 1) % side
    below = (row + 1) % side * side + column
    return _graph(size, *((np.arange(size), other) for other in (right, below)))


def torus_size(side: int) -> int:
    """Nodes of the torus, ``side^2`` [MF sec. 2.1]."""
    return _at_least("side", side, 3) ** 2


def cube_connected_cycles(order: int) -> Graph:
    """Hypercube of dimension ``order >= 3`` with a cycle in place of each corner [MF sec. 2.1].

    Node ``corner * order + place`` is beside the nodes at ``place - 1`` and ``place + 1`` of its
    own cycle and beside its own place on the cycle of ``corner xor 2^place``.

    Convention: every node has three neighbours, whatever the order; the paper calls the order the
    degree.
    """
    size = cube_connected_cycles_size(order)
    corner, place = np.divmod(np.arange(size), order)
    onward = corner * order + (place + 1) % order
    across = (corner ^ (1 << place)) * order + place
    half = across > np.arange(size)
    return _graph(size, (np.arange(size), onward), (np.arange(size)[half], across[half]))


def cube_connected_cycles_size(order: int) -> int:
    """Nodes of the cube-connected cycles, ``order * 2^order`` [MF sec. 2.1]."""
    return _at_least("order", order, 3) << order


def bethe(depth: int, degree: int = 3) -> Graph:
    """Tree in which all but the leaves have ``degree >= 2`` neighbours [MF sec. 2.1].

    Nodes are numbered level by level from the root, 0, to the leaves, ``depth >= 1`` steps away.
    """
    size = bethe_size(depth, degree)
    child = np.arange(1, size)
    # The root has one child more than the others.
    parent = np.maximum(child - 2, 0) // (degree - 1)
    return _graph(size, (parent, child))


def bethe_size(depth: int, degree: int = 3) -> int:
    """Nodes of the tree, ``1 + sum_{o=1..depth} degree (degree - 1)^(o-1)`` [MF sec. 2.1]."""
    _at_least("depth", depth, 1)
    _at_least("degree", degree, 2)
    levels: list[int] = [degree * (degree - 1) ** (o - 1) for o in range(1, depth + 1)]
    return 1 + sum(levels)


def configuration_model(
    n: int, rng: np.random.Generator, degrees: tuple[int, ...] = (2, 3)
) -> Graph:
    """Random simple graph with independent degrees, uniform given the degrees [MF sec. 2.1].

    Every node draws its degree uniformly from ``degrees``. If the sum is odd, one node, chosen at
    random, draws again until it is even; with one even and one odd degree that is the law of
    independent degrees given an even sum. Half-edges are then paired at random, afresh until there
    is no loop and no double edge, which makes all simple graphs with these degrees equally likely.
    For degrees 2 and 3 a pairing is simple with probability about exp(-1.44) = 0.24 at any size,
    so nothing needs to be repaired.

    Parameters
    ----------
    n : int
        Nodes.
    rng : Generator
    degrees : tuple of int
        Equally likely degrees >= 1.

    Raises
    ------
    ValueError
        If a degree is below 1, ``n`` is too small for every draw to be a simple graph's degrees,
        all degrees and ``n`` are odd, or degrees are so large that no pairing was simple.
    """
    _check_degrees(n, degrees)
    drawn = _even_degrees(n, rng, degrees)
    stubs = np.repeat(np.arange(n), drawn)
    for _ in range(MOST_PAIRINGS):
        ends = np.sort(rng.permutation(stubs).reshape(-1, 2), axis=1)
        keys = np.unique(ends[:, 0] * n + ends[:, 1])
        if keys.size == len(ends) and np.all(ends[:, 0] != ends[:, 1]):
            return _graph(n, (ends[:, 0], ends[:, 1]))
    raise ValueError(
        f"degrees must be small enough for a simple pairing; got {degrees}, "
        f"none in {MOST_PAIRINGS} pairings"
    )


def _even_degrees(n: int, rng: np.random.Generator, degrees: tuple[int, ...]) -> Ints:
    drawn: Ints = rng.choice(np.asarray(degrees, dtype=np.int64), n)
    chosen = rng.integers(n)
    while drawn.sum() % 2:
        drawn[chosen] = rng.choice(degrees)
    return drawn


def _check_degrees(n: int, degrees: tuple[int, ...]) -> None:
    if not degrees:
        raise ValueError("degrees must hold at least one degree; got ()")
    for degree in degrees:
        _at_least("degrees", degree, 1)
    low, high = min(degrees), max(degrees)
    # Zverovich and Zverovich (1992): from here on every sequence with an even sum is a graph's.
    least = max(high + 1, math.ceil((low + high + 1) ** 2 / (4 * low)))
    if _at_least("n", n, 1) < least:
        raise ValueError(f"n must be at least {least} for degrees {degrees}; got {n}")
    if n % 2 and all(degree % 2 for degree in degrees):
        raise ValueError(f"n must be even if all degrees are odd, {degrees}; got {n}")


def _graph(n: int, *pairs: tuple[Ints, Ints]) -> Graph:
    return graph_from_edges(n, np.concatenate([np.column_stack(pair) for pair in pairs]))


def _at_least(name: str, value: int, least: int) -> int:
    try:
        number: int = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer; got {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}; got {value}")
    return number


PRINTED_SIZES = (
    PrintedSize("torus", "sec. 2.3", 11, 111, torus_size(11)),
    PrintedSize("torus", "sec. 3, Fig. 3(a)", 100, 100, torus_size(100)),
    PrintedSize("torus", "sec. 3, Fig. 7(c)", 70, 4900, torus_size(70)),
    PrintedSize("cube_connected_cycles", "sec. 2.3", 5, 125, cube_connected_cycles_size(5)),
    PrintedSize("cube_connected_cycles", "Fig. 7(b)", 9, 4608, cube_connected_cycles_size(9)),
    PrintedSize("bethe", "sec. 2.3", 5, 94, bethe_size(5)),
    PrintedSize("bethe", "sec. 3, Fig. 8", 11, 6142, bethe_size(11)),
)
"""Every size the paper prints together with its parameter; the first, second and fourth are slips.

The order 9 of Fig. 7(b) is not printed: it is the only one with 4608 nodes.
"""
