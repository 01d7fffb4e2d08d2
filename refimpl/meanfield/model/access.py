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
    present = graph.accessible < graph.n
    queues = np.where(present, graph.accessible, np.arange(graph.n)[:, None])
    for array in (queues, present):
        array.setflags(write=False)
    return Access(queues, present)
