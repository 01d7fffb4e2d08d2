"""What a node sees of its graph within a few steps: the statistics of local limits [MF sec. 1.3.1].

A sequence of graphs converges locally if the ball around a uniformly drawn node converges in law.
Of a ball we keep how many nodes there are at each distance and how many edges join them, which
tells trees from non-trees and is all that differs between the paper's topologies.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from linear_models.validation import check_count
from refimpl.meanfield.model.graph import Graph

Ints = NDArray[np.int64]


def ball_profiles(graph: Graph, radius: int) -> Ints:
    """Nodes at each distance 0..radius, then edges within the ball, for every node as centre.

    Returns
    -------
    (N, radius + 2) int
        The ball is a tree where its edges are one fewer than its nodes.

    Raises
    ------
    ValueError
        If ``radius`` is not positive.
    """
    check_count("radius", radius)
    adjacency = graph.adjacency
    step = adjacency + sparse.eye_array(graph.n, format="csr")
    within = sparse.eye_array(graph.n, format="csr")
    sizes = [np.ones(graph.n, dtype=np.int64)]
    for _ in range(radius):
        within = (within @ step).sign()
        sizes.append(np.diff(within.indptr).astype(np.int64))
    ends = (within @ adjacency).multiply(within).sum(axis=1)
    spheres = [sizes[0], *(after - before for before, after in pairwise(sizes))]
    return np.stack([*spheres, np.rint(np.asarray(ends) / 2).astype(np.int64)], axis=1)


def neighbour_degree_counts(graph: Graph, degree: int) -> Ints:
    """How many neighbours of each node have this degree, (N,)."""
    has = (graph.degrees == degree).astype(np.float64)
    return np.asarray(np.rint(graph.adjacency @ has), dtype=np.int64)
