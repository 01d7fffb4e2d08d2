from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import bethe, bethe_size, ring
from refimpl.meanfield.theory.light_cone import root_drops
from refimpl.meanfield.theory.tree_limits import (
    canopy_mean_drops,
    layer_drops,
    layer_sizes,
    regular_tree_drops,
    tree_mean_drops,
)

SYSTEM = System(ring(3), buffer=2, dt=2.0)
RULE, RATES = [0.2, 0.5, 0.9], [0.9, 0.6]


def test_half_of_the_nodes_are_leaves() -> None:
    for depth in (1, 5, 11):
        sizes = layer_sizes(depth)
        assert sizes.sum() == bethe_size(depth)
    assert layer_sizes(5)[-1] == 48
    assert layer_sizes(11)[-1] / bethe_size(11) == pytest.approx(0.5, abs=2e-4)


def test_the_mean_is_that_over_all_nodes() -> None:
    tree = System(bethe(3), 2, 2.0)
    every = np.mean([root_drops(tree, node, RULE, RATES) for node in range(tree.n)])
    assert tree_mean_drops(SYSTEM, 3, RULE, RATES) == pytest.approx(every, rel=1e-12)


def test_trees_tend_to_the_canopy_tree_and_not_to_the_regular_tree() -> None:
    canopy = canopy_mean_drops(SYSTEM, RULE, RATES)
    gaps = [tree_mean_drops(SYSTEM, depth, RULE, RATES) - canopy for depth in (6, 8, 10)]
    # layers near the centre are all that differs; their share is halved by every level
    assert abs(gaps[1] / gaps[0]) == pytest.approx(0.25, abs=0.02)
    assert abs(gaps[2] / gaps[1]) == pytest.approx(0.25, abs=0.02)
    assert abs(regular_tree_drops(SYSTEM, RULE, RATES) - canopy) > 100 * abs(gaps[2])


def test_far_from_leaves_a_node_is_the_root_of_the_regular_tree() -> None:
    by_layer = layer_drops(SYSTEM, 6, RULE, RATES)
    root = regular_tree_drops(SYSTEM, RULE, RATES)
    np.testing.assert_allclose(by_layer[:4], root, rtol=1e-12)
    assert np.abs(by_layer[4:] - root).min() > 1e-6


def test_depth_is_a_count() -> None:
    with pytest.raises(ValueError, match="depth must be an integer >= 1"):
        layer_sizes(0)
