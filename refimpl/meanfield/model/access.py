"""Which queues an agent can use: its own first, then its neighbours', as rows of equal length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.graph import Graph


@dataclass(frozen=True, eq=False)
class Access:
    """Accessible queues of all agents, ``D`` = largest degree + 1 columns.

    Attributes
    ----------
    queues : (N, D) int
        Own queue in column 0, neighbours in increasing order, then the own queue again as padding.
    present : (N, D) bool
        False on the padding.
    """

    queues: NDArray[np.intp]
    present: NDArray[np.bool_]

    @cached_property
    def columns(self) -> list[tuple[NDArray[np.intp], NDArray[np.bool_] | None]]:
        """Columns of ``queues`` with those of ``present``, or None where all are."""
        pairs = zip(self.queues.T, self.present.T, strict=True)
        return [
            (np.ascontiguousarray(queues), None if present.all() else present)
            for queues, present in pairs
        ]

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """Number of accessible queues of each agent, degree + 1, (N,)."""
        sizes: NDArray[np.intp] = self.present.sum(axis=1)
        return sizes


@lru_cache(maxsize=32)
def accessible(graph: Graph) -> Access:
    """List every agent's accessible queues; memory is N times the largest degree.

    Computed once per graph, which is why the arrays are read-only.
    """
    agents, width = np.arange(graph.n), 1 + int(graph.degrees.max())
    queues = np.repeat(agents[:, None], width, axis=1)
    slot = np.arange(len(graph.neighbours)) - np.repeat(graph.starts[:-1], graph.degrees)
    queues[np.repeat(agents, graph.degrees), 1 + slot] = graph.neighbours
    present = np.arange(width) <= graph.degrees[:, None]
    for array in (queues, present):
        array.setflags(write=False)
    return Access(queues, present)


def received(queues: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Count the agents that send to each queue.

    Parameters
    ----------
    queues : (N, D) int
        As in :class:`Access`.
    columns : (..., N) int
        Column of ``queues`` that each agent chose.

    Returns
    -------
    (..., N) float
    """
    n, width = queues.shape
    targets = queues.take(np.arange(n) * width + columns).reshape(-1, n)
    flat = targets + n * np.arange(len(targets))[:, None]
    counts = np.bincount(flat.ravel(), minlength=flat.size)
    return counts.reshape(columns.shape).astype(np.float64)
