"""Undirected graphs as sparse neighbour lists [MF sec. 1.1]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from linear_models.validation import check_count

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Graph:
    """Who may send jobs to whom: agent i to its own queue and to those of its neighbours.

    Built by :func:`graph_from_edges` or :func:`graph_from_adjacency`, which check it.

    Attributes
    ----------
    starts : (N + 1,) int
    neighbours : (sum of degrees,) int
        Neighbours of i in increasing order, ``neighbours[starts[i] : starts[i + 1]]``; without i.
    """

    starts: Ints
    neighbours: Ints

    @property
    def n(self) -> int:
        """Number of agents, which is the number of queues."""
        return len(self.starts) - 1

    @cached_property
    def degrees(self) -> Ints:
        """Number of neighbours, (N,)."""
        return np.diff(self.starts)

    def neighbours_of(self, i: int) -> Ints:
        """Neighbours of agent ``i``."""
        return self.neighbours[self.starts[i] : self.starts[i + 1]]

    @cached_property
    def adjacency(self) -> sparse.csr_array:
        """Symmetric (N, N) matrix of zeros and ones."""
        ones = np.ones(len(self.neighbours))
        return sparse.csr_array((ones, self.neighbours, self.starts), shape=(self.n, self.n))

    @cached_property
    def offload_matrix(self) -> sparse.csr_array:
        """Where offloaded jobs go, (N, N): entry (i, j) is ``1 / |N_j|`` if j is a neighbour of i.

        Convention: columns sum to 1; the matrix takes what agents send to what queues get.
        """
        weights = 1.0 / self.degrees[self.neighbours]
        return sparse.csr_array((weights, self.neighbours, self.starts), shape=(self.n, self.n))


def graph_from_edges(n: int, edges: ArrayLike) -> Graph:
    """Graph on agents 0..n-1 from its edges.

    Parameters
    ----------
    n : int
        Number of agents, >= 1.
    edges : (E, 2) int
        Each edge once, in either direction.

    Raises
    ------
    ValueError
        If an end is out of range, an edge joins an agent with itself or is named twice, or an agent
        has no neighbour.
    """
    check_count("n", n)
    pairs = np.asarray(edges)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(f"edges must be an (E, 2) integer array; got {pairs.dtype} {pairs.shape}")
    outside = (pairs < 0) | (pairs >= n)
    if outside.any():
        raise ValueError(f"edges must join agents 0..{n - 1}; got {pairs[outside.any(axis=1)][0]}")
    loops = pairs[:, 0] == pairs[:, 1]
    if loops.any():
        raise ValueError(f"edges must join two different agents; got {pairs[loops][0]}")
    ordered = np.sort(pairs, axis=1)
    codes, counts = np.unique(ordered[:, 0] * n + ordered[:, 1], return_counts=True)
    if (counts > 1).any():
        twice = divmod(int(codes[counts > 1][0]), n)
        raise ValueError(f"edges must be named once; got {twice} {counts.max()} times")
    sources = np.concatenate([pairs[:, 0], pairs[:, 1]]).astype(np.intp)
    targets = np.concatenate([pairs[:, 1], pairs[:, 0]]).astype(np.intp)
    return _checked(n, sources, targets)


def graph_from_adjacency(matrix: ArrayLike | sparse.sparray) -> Graph:
    """Graph from its adjacency matrix, dense or sparse.

    Raises
    ------
    ValueError
        If the matrix is not square, not symmetric, has entries other than 0 and 1, a non-zero
        diagonal, or an empty row.
    """
    table = sparse.coo_array(matrix)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.shape[0] < 1:
        raise ValueError(f"adjacency must have shape (N, N), N >= 1; got {table.shape}")
    table.sum_duplicates()
    table.eliminate_zeros()
    wrong = table.data != 1
    if wrong.any():
        raise ValueError(f"adjacency must have entries 0 and 1; got {table.data[wrong][0]}")
    difference = sparse.coo_array(table.tocsr() - table.tocsr().T)
    difference.eliminate_zeros()
    if difference.nnz:
        i, j = int(difference.row[0]), int(difference.col[0])
        raise ValueError(f"adjacency must be symmetric; entries ({i}, {j}) and ({j}, {i}) differ")
    upper = table.row < table.col
    if 2 * upper.sum() != table.nnz:
        i = int(table.row[table.row == table.col][0])
        raise ValueError(f"adjacency must have a zero diagonal; got 1 at ({i}, {i})")
    sources, targets = table.row.astype(np.intp), table.col.astype(np.intp)
    return _checked(int(table.shape[0]), sources, targets)


def _checked(n: int, sources: Ints, targets: Ints) -> Graph:
    degrees = np.bincount(sources, minlength=n)
    if (degrees == 0).any():
        alone = int(np.flatnonzero(degrees == 0)[0])
        raise ValueError(f"every agent must have a neighbour; agent {alone} has none")
    starts = np.concatenate([[0], np.cumsum(degrees)]).astype(np.intp)
    return Graph(starts, targets[np.lexsort((targets, sources))])
