"""What a policy does in every joint state of a small system, chance included.

A policy whose arrival shares are a function of the state has one outcome per state. One that draws
targets at the start of the epoch and keeps them (the tie rule of JSQ, random per epoch) has many:
the agents draw independently, and what matters of the draw is only how many target each queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.meanfield.model.arrivals import check_probabilities, offload_shares
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.joint_states import TooLargeError, check_size

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Mixture of arrival shares per joint state.

    Attributes
    ----------
    index : (R,) int
        Row of the joint state.
    weight : (R,) float
        Probability of the outcome given the state.
    shares : (R, N) float
        Arrival rate of each queue per unit of lambda.
    """

    index: Indices
    weight: Floats
    shares: Floats


Choose = Callable[[System, Indices, int], Outcomes]
"""``(system, joint states (S, N), level) -> Outcomes``."""
Options = Callable[[System, Indices], Mask]
"""``(system, joint states (S, N)) -> (S, N, N)`` mask: queue j is an equally likely target of i."""


def certain(shares: ArrayLike) -> Outcomes:
    """One outcome per state, shares (S, N)."""
    table = np.asarray(shares, dtype=np.float64)
    return Outcomes(np.arange(len(table)), np.ones(len(table)), table)


def by_policy(policy: Callable[[System, Indices, np.random.Generator], Floats]) -> Choose:
    """Outcomes of a policy whose shares are a function of the state (its draws are not used).

    Convention: only for policies that split per packet; one that draws targets per epoch needs
    :func:`by_targets`.
    """

    def choose(system: System, states: Indices, level: int) -> Outcomes:
        del level
        return certain(policy(system, states, np.random.default_rng(0)))

    return choose


def by_rule(rule: ArrayLike) -> Choose:
    """Outcomes of an own-state rule: offload with probability ``rule[z_i]`` [MF sec. 1.3.2].

    Parameters
    ----------
    rule : (B + 1,) or (levels, B + 1) float
        Probabilities; the second form knows the current arrival level.

    Raises
    ------
    ValueError
        If an entry is not a probability.
    """
    table = np.asarray(rule, dtype=np.float64)
    check_probabilities("rule", table)

    def choose(system: System, states: Indices, level: int) -> Outcomes:
        mine = table if table.ndim == 1 else table[level]
        return certain(offload_shares(system.graph, mine[states]))

    return choose


def by_targets(options: Options) -> Choose:
    """Outcomes when each agent draws one target for the epoch, uniformly among its options."""

    def choose(system: System, states: Indices, level: int) -> Outcomes:
        del level
        mask = options(system, states)
        n_states, n = states.shape
        chances = 1.0 / mask.sum(axis=2)
        found = Outcomes(np.arange(n_states), np.ones(n_states), np.zeros((n_states, n)))
        for agent in range(n):
            ahead = int(mask[found.index, agent].sum())
            check_size(n, system.buffer, ahead / n_states)
            found = _draw(found, agent, mask, chances)
        return found

    return choose


def accessible(graph: Graph) -> Mask:
    """Which queues j an agent i may use, (N, N): its own and its neighbours'."""
    return np.asarray(graph.adjacency.toarray() != 0) | np.eye(graph.n, dtype=bool)


def any_queue(system: System, states: Indices) -> Mask:
    """Options of RND decided once per epoch: every accessible queue [MF sec. 2.2]."""
    mask = accessible(system.graph)
    return np.broadcast_to(mask, (len(states), *mask.shape))


def shortest_queues(system: System, states: Indices) -> Mask:
    """Options of JSQ with one winner of ties: the shortest accessible queues [MF sec. 2.2]."""
    mask = accessible(system.graph)
    length = np.where(mask, states[:, None, :], system.buffer + 1)
    return np.asarray(length == length.min(axis=2, keepdims=True))


def _draw(found: Outcomes, agent: int, mask: Mask, chances: Floats) -> Outcomes:
    """Split every outcome by the target of one agent, and join equal ones."""
    state, target = np.nonzero(mask[found.index, agent])
    index, shares = found.index[state], found.shares[state]
    shares[np.arange(len(target)), target] += 1.0
    weight = found.weight[state] * chances[index, agent]
    n = shares.shape[1]
    code = index * (n + 1.0) ** n + shares @ (n + 1.0) ** np.arange(n)
    if code.max() >= 2.0**53:
        raise TooLargeError(f"too many outcomes to tell apart: {code.max():.3g} codes")
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return Outcomes(
        index[first], np.asarray(np.bincount(which, weight), dtype=np.float64), shares[first]
    )
