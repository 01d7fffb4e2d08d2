"""What a rule may look at: each observation numbers the entry of the rule's table an agent reads.

A rule is a table of offload probabilities; an observation maps joint states to entries. The
paper's rule looks at the own queue; the others bound what looking further could bring
[MF sec. 3, Fig. 9b].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.joint_states import state_index

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Observation:
    """Entries of a table.

    Attributes
    ----------
    entries : callable
        ``(system, states (E, N), levels (E,)) -> (E, N) int``.
    size : callable
        ``size(system)``: length of the table.
    """

    entries: Callable[[System, Indices, Indices], Indices]
    size: Callable[[System], int]


def own_state() -> Observation:
    """Entry z_i: the paper's rule zeta(z) [MF sec. 1.3.2]."""

    def entries(system: System, states: Indices, levels: Indices) -> Indices:
        del system, levels
        return states

    return Observation(entries, lambda system: system.buffer + 1)


def own_state_and_level() -> Observation:
    """Entry (level, z_i): the agent also knows the current arrival rate."""

    def entries(system: System, states: Indices, levels: Indices) -> Indices:
        return levels[:, None] * (system.buffer + 1) + states

    return Observation(entries, lambda system: 2 * (system.buffer + 1))


def own_state_and_neighbours() -> Observation:
    """Entry (z_i, how many neighbours hold 0, 1, ..., B jobs): MF-N [MF sec. 3, Fig. 9b]."""

    def entries(system: System, states: Indices, levels: Indices) -> Indices:
        del levels
        counts = np.stack(
            [
                (system.graph.adjacency @ (states == z).T.astype(np.float64)).T
                for z in range(1, system.buffer + 1)
            ],
            axis=-1,
        ).astype(np.intp)
        base = int(system.graph.degrees.max()) + 1
        return _number(states, counts, base, system.buffer)

    def size(system: System) -> int:
        return int((system.buffer + 1) * (system.graph.degrees.max() + 1) ** system.buffer)

    return Observation(entries, size)


def own_state_and_distribution() -> Observation:
    """Entry (z_i, how many queues hold 0, 1, ..., B jobs): MF-G [MF sec. 3, Fig. 9b]."""

    def entries(system: System, states: Indices, levels: Indices) -> Indices:
        del levels
        everyone = np.stack([(states == z).sum(axis=1) for z in range(1, system.buffer + 1)], -1)
        counts = np.broadcast_to(everyone[:, None, :], (*states.shape, system.buffer))
        return _number(states, counts, system.n + 1, system.buffer)

    return Observation(
        entries, lambda system: (system.buffer + 1) * (system.n + 1) ** system.buffer
    )


def everything() -> Observation:
    """Entry (i, z): every agent its own probability for every joint state; small systems only."""

    def entries(system: System, states: Indices, levels: Indices) -> Indices:
        del levels
        joint = state_index(states, system.buffer)[:, None]
        return np.asarray(np.arange(system.n) * (system.buffer + 1) ** system.n + joint)

    return Observation(entries, lambda system: int(system.n * (system.buffer + 1) ** system.n))


def _number(states: Indices, counts: Indices, base: int, buffer: int) -> Indices:
    """Mixed-radix number of the own state and the counts of states 1..B."""
    places = base ** np.arange(buffer)
    return np.asarray(states * base**buffer + counts @ places)
