"""Policies with a table of their own for every agent: which accessible queue to use [MF sec. 2.2].

An agent looks at its own queue length and its neighbours', draws one accessible queue and sends all
jobs of the epoch there. What the table holds belongs to one agent on one graph and cannot be
carried to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_shape
from refimpl.meanfield.model.access import accessible, received
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import Policy

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Accessible queues on a regular graph, and how what happens there is numbered.

    Attributes
    ----------
    queues : (N, D) int
        Own queue first, then the neighbours'.
    """

    queues: Ints

    @property
    def n(self) -> int:
        """Number of agents."""
        return len(self.queues)

    @property
    def choices(self) -> int:
        """Accessible queues of every agent, D."""
        return int(self.queues.shape[1])

    def code(self, values: Array, base: int) -> Ints:
        """Give the values (..., N), 0..base-1, of own and neighbours one joint number, (..., N)."""
        joint = values[..., self.queues[:, 0]].astype(np.intp)
        for column in self.queues.T[1:]:
            joint = joint * base + values[..., column]
        return joint

    def received(self, choices: Ints) -> Floats:
        """Count the agents that chose each queue, (..., N) from choices (..., N) in 0..D-1."""
        return received(self.queues, choices)


@lru_cache(maxsize=32)
def neighbourhoods(graph: Graph) -> Neighbourhoods:
    """Neighbourhoods of a regular graph.

    Raises
    ------
    ValueError
        If agents have different numbers of neighbours: their tables would differ in shape.
    """
    degrees = graph.degrees
    if degrees.min() != degrees.max():
        raise ValueError(
            f"graph must be regular; got degrees from {degrees.min()} to {degrees.max()}"
        )
    return Neighbourhoods(accessible(graph).queues)


def softmax_choices(logits: Array, uniforms: Array) -> Ints:
    """Choices (...) drawn from logits (..., D) by inverting the distribution function."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    cumulative = weights.cumsum(axis=-1)
    threshold = uniforms * cumulative[..., -1]
    chosen: Ints = (cumulative[..., :-1] <= threshold[..., None]).sum(axis=-1)
    return chosen


def table_policy(logits: Array) -> Policy:
    """Policy of agents with tables ``logits`` (N, (B + 1)^D, D), drawing once per epoch.

    Raises
    ------
    ValueError
        When called on a system with other agents, buffer or degree than the tables are for.
    """

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        around, base = neighbourhoods(system.graph), system.buffer + 1
        check_shape("logits", logits, (around.n, base**around.choices, around.choices))
        rows = logits[np.arange(around.n), around.code(states, base)]
        return around.received(softmax_choices(rows, rng.random(states.shape)))

    return policy
