"""Limits of growing regular trees: the canopy tree, not the infinite regular tree [MF sec. 2.1].

Half of the nodes of a Bethe lattice of degree 3 are leaves, a quarter are one step above them, and
so on, at every depth. A node drawn at random therefore sees the tree from a height h above the
leaves with probability 2^-(h+1): locally the *canopy tree* with a random root, one infinite path
with finite trees hanging off it. With that limit the trees converge in the local weak sense and
Theorem 1 applies; the infinite regular tree seen from the one central node is not their limit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_count
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import bethe, bethe_size
from refimpl.meanfield.theory.light_cone import root_drops

Floats = NDArray[np.float64]
DEGREE = 3


def layer_sizes(depth: int) -> NDArray[np.intp]:
    """Nodes at distance 0, 1, ..., depth of the centre: 1, 3, 6, 12, ..."""
    check_count("depth", depth)
    return np.array([1] + [DEGREE * (DEGREE - 1) ** k for k in range(depth)], dtype=np.intp)


def layer_drops(system: System, depth: int, rule: ArrayLike, rates: Sequence[float]) -> Floats:
    """Mean drops in the last of ``len(rates)`` epochs from empty, by layer, (depth + 1,).

    Nodes of a layer are alike. ``system`` gives buffer and dt; its graph plays no part.
    """
    tree = System(bethe(depth), system.buffer, system.dt)
    first = np.concatenate([[0], np.cumsum(layer_sizes(depth))[:-1]])
    return np.array([root_drops(tree, int(node), rule, rates) for node in first])


def tree_mean_drops(system: System, depth: int, rule: ArrayLike, rates: Sequence[float]) -> float:
    """Mean over all nodes of the finite tree; as :func:`layer_drops`."""
    sizes = layer_sizes(depth)
    return float(sizes @ layer_drops(system, depth, rule, rates) / bethe_size(depth))


def canopy_mean_drops(system: System, rule: ArrayLike, rates: Sequence[float]) -> float:
    """Mean on the canopy tree: height h above the leaves has probability ``2^-(h+1)``.

    Nodes more than ``len(rates)`` steps above the leaves see no leaf, nor the degree of one.
    """
    heights = len(rates) + 1
    # Deep enough that the layers up to ``heights`` do not see beyond the centre either.
    by_height = layer_drops(system, 2 * heights, rule, rates)[::-1][: heights + 1]
    chances = 0.5 ** (np.arange(heights + 1) + 1.0)
    chances[-1] *= 2.0
    return float(chances @ by_height)


def regular_tree_drops(system: System, rule: ArrayLike, rates: Sequence[float]) -> float:
    """Mean drops at the root of the infinite regular tree: no leaf reaches it in that time."""
    tree = System(bethe(len(rates) + 1), system.buffer, system.dt)
    return root_drops(tree, 0, rule, rates)
