"""Arrays that a training pass works in, made once for B samples with N servers.

What belongs to the query stands in columns, (features, B): a bias or a mean over the features is
then one operation along memory for all samples. What belongs to the servers stands in rows,
(B, N, features), where every sample has a small matrix of its own. Items are kept both ways,
because two matrices are multiplied fastest as they stand.

The derivative by the items is a sum over heads and layers of a weight per item times a vector:
attention times what comes back through the mean item, score derivative times folded query, and the
same for the pointer. Both factors are collected while passing, in ``weights`` (B, 2 L H + 1, N) and
``vectors`` (B, 2 L H + 1, d), and multiplied once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linear_models.params import Array
from refimpl.scale.network.parameters import FFN_FACTOR, N_FEATURES, Shape

SLAB = 512
"""Servers per product of matrices: OpenBLAS has a faster kernel up to a million multiplications."""
TILE = 4 * SLAB
"""Servers whose hidden units are computed, rectified and used before the next ones."""


class Scratch:
    """Arrays that hold nothing between two steps; all blocks of one size share them."""

    def __init__(self, shape: Shape, n_samples: int, n_servers: int, like: Array) -> None:
        width, hidden, dtype = shape.width, shape.hidden, like.dtype
        tile = min(TILE, n_samples * n_servers)
        self.narrow, self.d_query = np.empty((2, width, n_samples), dtype)
        self.wide, self.d_wide = np.empty((2, FFN_FACTOR * width, n_samples), dtype)
        self.d_hidden, self.d_hidden_2 = np.empty((2, hidden, n_samples), dtype)
        self.hidden_mask = np.empty((hidden, n_samples), bool)
        self.products = np.empty((n_samples, shape.heads, n_servers), dtype)
        self.d_looks = np.empty((n_samples, shape.heads, width), dtype)
        self.d_pointer = np.empty((n_samples, 1, width), dtype)
        self.d_items = np.empty((n_samples, n_servers, width), dtype)
        self.d_server_hidden = np.empty(tile * hidden, dtype)
        self.server_mask = np.empty(tile * hidden, bool)
        self.ones = np.ones(n_samples * n_servers, dtype)
        self.zeros = np.zeros(hidden * max(tile, n_samples), dtype)
        self.first_parts = np.empty((TILE // SLAB, N_FEATURES + 1, hidden), dtype)
        self.second_parts = np.empty((TILE // SLAB, hidden, width), dtype)


@dataclass(frozen=True)
class Tile:
    """Some rows of the servers of all samples in S slabs, (S, R, features) each; views."""

    servers: Array
    items: Array
    d_items: Array
    hidden: Array


class LayerSpace:
    """What one block leaves for the backward pass.

    Attributes
    ----------
    query, seen, middle, last : (d, B) arrays
        The query that came in; the sum after attention, normalised; what it became with gain and
        shift; the sum after the feed-forward network, normalised.
    seen_scale, last_scale : (B,) arrays
        What the sums were multiplied by.
    mean_items : (B, H, d) array
    inner, cdf, thought : (4 d, B) arrays
        Inside of the feed-forward network: before GELU, its distribution function, after it.
    attention, d_scores : (B, H, N) arrays
        Rows of the workspace's ``weights``.
    d_mean_items, looks : (B, H, d) arrays
        Rows of the workspace's ``vectors``; a look is a folded query.
    """

    def __init__(self, shape: Shape, index: int, weights: Array, vectors: Array) -> None:
        n_samples, width, heads = len(weights), shape.width, shape.heads
        dtype = weights.dtype
        self.query, self.seen, self.middle, self.last = np.empty((4, width, n_samples), dtype)
        self.seen_scale, self.last_scale = np.empty((2, n_samples), dtype)
        self.inner, self.cdf, self.thought = np.empty((3, FFN_FACTOR * width, n_samples), dtype)
        self.mean_items = np.empty((n_samples, heads, width), dtype)
        past, middle = 2 * heads * index, 2 * heads * index + heads
        self.attention, self.d_scores = weights[:, past:middle], weights[:, middle:][:, :heads]
        self.d_mean_items, self.looks = vectors[:, past:middle], vectors[:, middle:][:, :heads]
        flat = vectors.reshape(n_samples, -1)
        self.flat_mean_items = self.mean_items.reshape(n_samples, heads * width)
        self.flat_d_mean_items = flat[:, past * width : middle * width]
        self.flat_looks = flat[:, middle * width : (middle + heads) * width]


class Workspace:
    """Arrays for B samples with N servers; ``features`` (d, B) is given, and written to."""

    def __init__(self, shape: Shape, n_servers: int, features: Array, scratch: Scratch) -> None:
        width, hidden, dtype = shape.width, shape.hidden, features.dtype
        n_samples = features.shape[1]
        self.features, self.scratch = features, scratch
        self.present: Array | None = None
        # The last feature is 1: biases are rows of weights.
        self.task = np.ones((N_FEATURES + 1, n_samples), dtype)
        self.servers = np.ones((n_samples, n_servers, N_FEATURES + 1), dtype)
        self.task_hidden, self.critic_1, self.critic_2 = np.empty((3, hidden, n_samples), dtype)
        self.items = np.empty((n_samples, n_servers, width), dtype)
        self.flat_items = self.items.reshape(n_samples, n_servers * width)
        self.turned = np.empty((n_samples, width, n_servers), dtype)
        self.tiles = self._tiles(hidden)
        factors = 2 * shape.heads * shape.layers + 1
        self.weights = np.empty((n_samples, factors, n_servers), dtype)
        self.vectors = np.empty((n_samples, factors, width), dtype)
        self.layers = [
            LayerSpace(shape, k, self.weights, self.vectors) for k in range(shape.layers)
        ]

    def _tiles(self, hidden: int) -> list[Tile]:
        arrays = (self.servers, self.items, self.scratch.d_items)
        rows = [x.reshape(-1, x.shape[2]) for x in arrays]
        tiles = []
        for first in range(0, len(rows[0]), TILE):
            size = min(TILE, len(rows[0]) - first)
            slabs = size // SLAB if size % SLAB == 0 else 1
            cut = slice(first, first + size)
            servers, items, d_items = (x[cut].reshape(slabs, -1, x.shape[1]) for x in rows)
            units = np.empty((slabs, size // slabs, hidden), items.dtype)
            tiles.append(Tile(servers, items, d_items, units))
        return tiles
