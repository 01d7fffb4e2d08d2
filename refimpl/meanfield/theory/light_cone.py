"""Light cones: the exact law of one queue in a graph of any size [MF sec. 1.4.1].

Under an own-state rule the state of queue i after an epoch depends on the states of i and its
neighbours before it, and on nothing else. So the state after t epochs depends on the start of the
nodes at distance at most t: a ball. Its law is carried inward, from the ball of radius t at time 0
to that of radius t - 1 at time 1, down to the node itself; nodes outside never enter. Whatever two
graphs look like further away, the laws agree exactly; on rings with 2 t + 1 nodes the ball does not
even meet itself, so the law is that of the infinite line.

Everything is conditional on the path of common arrival rates, which all nodes share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.meanfield.model.arrivals import check_probabilities, offload_shares
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.joint_states import check_size, joint_states, state_index
from refimpl.meanfield.theory.local_rows import local_rows
from refimpl.meanfield.theory.product_kernel import product_kernel

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class BallLaw:
    """Joint law of the queues of a ball.

    Attributes
    ----------
    nodes : (M,) int
        The ball, in order of distance from its centre.
    states : (S, M) int
        Joint states with positive probability.
    law : (S,) float
        Their probabilities.
    """

    nodes: Indices
    states: Indices
    law: Floats


def ball(graph: Graph, centre: int, radius: int) -> Indices:
    """Nodes at distance at most ``radius``, nearest first."""
    found = [int(centre)]
    shell = {int(centre)}
    for _ in range(radius):
        near = {int(j) for i in shell for j in graph.neighbours_of(i)} - set(found)
        found += sorted(near)
        shell = near
    return np.array(found, dtype=np.intp)


def root_law(
    system: System,
    centre: int,
    rules: ArrayLike,
    rates: Sequence[float],
    start: ArrayLike | None = None,
) -> Floats:
    """Law of one queue after some epochs on a graph of any size [MF Theorem 1] [MF eq. A.1].

    Parameters
    ----------
    system : System
        Its graph must look like the one meant up to distance ``t + 1`` of the centre (degrees of
        the outermost senders count); further away nothing matters.
    centre : int
        The node.
    rules : (T, B + 1) or (B + 1,) float
        Offload probability by own state, per epoch or the same in all.
    rates : sequence of T floats
        Common arrival rate in each epoch.
    start : (B + 1,) or (N, B + 1) float, optional
        Law of each queue at time 0, independent; empty if omitted.

    Raises
    ------
    TooLargeError
        If the ball is too large.
    ValueError
        If a rule or the start is not made of probabilities.
    """
    carried = carry_inward(system, centre, 0, rules, rates, start)
    count = np.bincount(carried.states[:, 0], carried.law, minlength=system.buffer + 1)
    return np.asarray(count, dtype=np.float64)


def root_drops(
    system: System,
    centre: int,
    rules: ArrayLike,
    rates: Sequence[float],
    start: ArrayLike | None = None,
) -> float:
    """Mean drops of one queue in the last of ``len(rates)`` epochs; as :func:`root_law`."""
    table = _rules(rules, len(rates))
    carried = carry_inward(system, centre, 1, table[:-1], rates[:-1], start)
    shares = _shares(system, carried, table[-1], 1)
    inner = _restricted(system, carried.nodes[:1])
    _, drops = local_rows(inner, carried.states[:, :1], rates[-1] * shares)
    return float(carried.law @ drops[:, 0])


def carry_inward(
    system: System,
    centre: int,
    radius: int,
    rules: ArrayLike,
    rates: Sequence[float],
    start: ArrayLike | None = None,
) -> BallLaw:
    """Joint law of the ball of ``radius`` after ``len(rates)`` epochs; as :func:`root_law`."""
    epochs = len(rates)
    table = _rules(rules, epochs)
    outer = [ball(system.graph, centre, radius + epochs - t) for t in range(epochs + 1)]
    here = _start(system, outer[0], start)
    for rule, rate, nodes in zip(table, rates, outer[1:], strict=True):
        shares = _shares(system, here, rule, len(nodes))
        inner = _restricted(system, nodes)
        check_size(len(nodes), system.buffer, len(here.law) / (system.buffer + 1.0) ** len(nodes))
        rows, _ = local_rows(inner, here.states[:, : len(nodes)], rate * shares)
        everything = np.arange(len(here.law))
        kernel = product_kernel(rows, everything, np.ones(len(everything)))
        states = joint_states(len(nodes), system.buffer)
        here = BallLaw(nodes, states, kernel.forward(here.law))
    return here


def ring_law(
    system: System,
    rules: ArrayLike,
    rates: Sequence[float],
    start: ArrayLike | None = None,
) -> Floats:
    """Joint law of all queues after ``len(rates)`` epochs, ((B + 1)^N,); nothing left out.

    The counterpart of :func:`root_law` on a small whole graph.

    Raises
    ------
    TooLargeError
        If the graph is too large.
    """
    states = joint_states(system.n, system.buffer)
    law = np.zeros(len(states))
    begin = _start(system, np.arange(system.n), start)
    law[state_index(begin.states, system.buffer)] = begin.law
    for rule, rate in zip(_rules(rules, len(rates)), rates, strict=True):
        rows, _ = local_rows(system, states, rate * offload_shares(system.graph, rule[states]))
        law = product_kernel(rows, np.arange(len(law)), np.ones(len(law))).forward(law)
    return law


def _rules(rules: ArrayLike, epochs: int) -> Floats:
    table = check_probabilities("rules", rules)
    return np.broadcast_to(table, (epochs, table.shape[-1]))


def _start(system: System, nodes: Indices, start: ArrayLike | None) -> BallLaw:
    """Independent queues; only states that can occur are kept."""
    if start is None:
        return BallLaw(nodes, np.zeros((1, len(nodes)), dtype=np.intp), np.ones(1))
    given = check_probabilities("start", start)
    if given.shape not in ((system.buffer + 1,), (system.n, system.buffer + 1)):
        raise ValueError(
            f"start must have shape ({system.buffer + 1},) or ({system.n}, {system.buffer + 1}); "
            f"got {given.shape}"
        )
    laws = np.broadcast_to(given, (system.n, system.buffer + 1))[nodes]
    occurs = [np.flatnonzero(law) for law in laws]
    count = float(np.prod([float(len(o)) for o in occurs]))
    check_size(1, 1, count * len(nodes))
    picked = np.indices([len(o) for o in occurs]).reshape(len(nodes), -1)
    states = np.array([o[p] for o, p in zip(occurs, picked, strict=True)]).T
    chances = np.prod([law[z] for law, z in zip(laws, states.T, strict=True)], axis=0)
    return BallLaw(nodes, states, chances)


def _shares(system: System, here: BallLaw, rule: Floats, n_inner: int) -> Floats:
    """Arrival shares of the first ``n_inner`` nodes, whose neighbours are all in the ball."""
    received = system.graph.offload_matrix[here.nodes[:n_inner]][:, here.nodes]
    offload = rule[here.states]
    return np.asarray(1.0 - offload[:, :n_inner] + (received @ offload.T).T)


def _restricted(system: System, nodes: Indices) -> _Queues:
    return _Queues(system.buffer, system.dt, system.services[nodes])


@dataclass(frozen=True, eq=False)
class _Queues:
    """Some of a system's queues, as far as :func:`local_rows` needs them."""

    buffer: int
    dt: float
    services: Floats

    @property
    def speeds(self) -> tuple[Floats, Indices]:
        values, index = np.unique(self.services, return_inverse=True)
        return values, index.reshape(-1)
