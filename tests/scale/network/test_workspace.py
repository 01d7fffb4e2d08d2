"""Arrays of a training pass: right sizes, the right ones shared."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.network import workspace
from refimpl.scale.network.workspace import Scratch, Workspace
from tests.scale.network.strategies import SMALL


def spaces(n_samples: int = 3, n_servers: int = 4) -> tuple[Workspace, Workspace]:
    features = np.empty((2, SMALL.width, n_samples))
    scratch = Scratch(SMALL, n_samples, n_servers, features)
    first, second = (Workspace(SMALL, n_servers, f, scratch) for f in features)
    return first, second


def test_heads_write_into_the_factors_of_the_items_gradient() -> None:
    space, _ = spaces()
    assert space.weights.shape == (3, 2 * SMALL.heads * SMALL.layers + 1, 4)
    space.weights[:] = space.vectors[:] = -1
    for number, layer in enumerate(space.layers):
        layer.attention[:], layer.d_scores[:] = 2 * number, 2 * number + 1
        layer.flat_d_mean_items[:], layer.flat_looks[:] = 2 * number, 2 * number + 1
        assert (layer.d_mean_items == 2 * number).all()
        assert (layer.looks == 2 * number + 1).all()
    expected = [0, 0, 1, 1, 2, 2, 3, 3, -1]
    np.testing.assert_array_equal(space.weights[0, :, 0], expected)
    np.testing.assert_array_equal(space.vectors[0, :, 0], expected)


def test_blocks_share_scratch_and_nothing_else() -> None:
    first, second = spaces()
    assert first.scratch is second.scratch
    for name in ("servers", "items", "turned", "weights", "vectors", "task_hidden", "features"):
        assert not np.shares_memory(getattr(first, name), getattr(second, name))
    hidden = first.tiles[0].hidden, second.tiles[0].hidden
    assert not np.shares_memory(*hidden)


def test_tiles_cover_the_servers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "SLAB", 2)
    monkeypatch.setattr(workspace, "TILE", 4)
    space, _ = spaces(3, 3)
    assert [tile.hidden.shape[:2] for tile in space.tiles] == [(2, 2), (2, 2), (1, 1)]
    space.items[:] = 0
    for tile in space.tiles:
        tile.items[:] += 1
    assert (space.items == 1).all()
    assert (space.servers[:, :, 5] == 1).all()
