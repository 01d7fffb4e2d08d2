"""All queues as one Markov chain: Kronecker sums, SciPy's exponential, and plain enumeration.

Slow and independent of how the package does it: no product kernels, no halves, no tables.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.optimize import linprog

from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System

Floats = NDArray[np.float64]
Shares = Callable[[tuple[int, ...], int], Floats]
"""``(joint state, level) -> arrival share of every queue``."""


def all_states(system: System) -> list[tuple[int, ...]]:
    return list(product(range(system.buffer + 1), repeat=system.n))


def queue_generator(arrival: float, service: float, buffer: int) -> Floats:
    q = np.diag(np.full(buffer, arrival), 1) + np.diag(np.full(buffer, service), -1)
    return q - np.diag(q.sum(axis=1))


def joint_generator(system: System, rates: Floats) -> Floats:
    """Kronecker sum of the queues' generators."""
    size = system.buffer + 1
    total = np.zeros((size**system.n, size**system.n))
    for i, rate in enumerate(rates):
        mine = queue_generator(float(rate), float(system.services[i]), system.buffer)
        before, after = np.eye(size**i), np.eye(size ** (system.n - 1 - i))
        total += np.kron(np.kron(before, mine), after)
    return total


def epoch_from(system: System, state: tuple[int, ...], rates: Floats) -> tuple[Floats, Floats]:
    """Next law over joint states, and expected drops of each queue, from one joint state."""
    states = all_states(system)
    n, generator = len(states), joint_generator(system, rates)
    full = np.array([[z == system.buffer for z in s] for s in states]) * rates
    bigger = np.zeros((n + system.n, n + system.n))
    bigger[:n, :n], bigger[:n, n:] = generator, full
    row = linalg.expm(bigger * system.dt)[states.index(state)]
    return row[:n], row[n:]


def dense_chain(system: System, shares: Shares) -> tuple[Floats, Floats]:
    """Transition matrix over (level, joint state) and mean drops per queue, (2 S, 2 S), (2 S,)."""
    states, modulation = all_states(system), system.modulation
    n = len(states)
    matrix, costs = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    for level, rate in enumerate(modulation.rates):
        for k, state in enumerate(states):
            law, drops = epoch_from(system, state, rate * shares(state, level))
            costs[level * n + k] = drops.mean()
            for after in (0, 1):
                chance = modulation.transitions[level, after]
                matrix[level * n + k, after * n : (after + 1) * n] = chance * law
    return matrix, costs


def dense_start(system: System) -> Floats:
    n = (system.buffer + 1) ** system.n
    start = np.zeros(2 * n)
    start[[0, n]] = system.modulation.start
    return start


def total_drops(system: System, shares: Shares, epochs: int) -> float:
    matrix, costs = dense_chain(system, shares)
    law, total = dense_start(system), 0.0
    for _ in range(epochs):
        total += float(law @ costs)
        law = law @ matrix
    return total


def own_state_shares(graph: Graph, rule: Floats) -> Shares:
    """Arrival shares agent by agent, as the text has them."""

    def shares(state: tuple[int, ...], level: int) -> Floats:
        del level
        found = np.zeros(graph.n)
        for i, z in enumerate(state):
            found[i] += 1.0 - rule[z]
            for j in graph.neighbours_of(i):
                found[j] += rule[z] / len(graph.neighbours_of(i))
        return found

    return shares


def least_drop_rate(graph: Graph, buffer: int, rate: float) -> float:
    """Optimal routing with instantaneous information: the linear program over stationary flows.

    Variables: probability of being in a state and using a joint choice of targets. Service rate 1.
    """
    states = list(product(range(buffer + 1), repeat=graph.n))
    reach = [[i, *graph.neighbours_of(i).tolist()] for i in range(graph.n)]
    actions = list(product(*reach))
    balance = np.zeros((len(states), len(states) * len(actions)))
    cost = np.zeros(balance.shape[1])
    for column, (k, targets) in enumerate(product(range(len(states)), actions)):
        z = states[k]
        for j in targets:
            if z[j] == buffer:
                cost[column] += rate / graph.n
            else:
                _flow(balance, states, (k, column), (*z[:j], z[j] + 1, *z[j + 1 :]), rate)
        for j in range(graph.n):
            if z[j] > 0:
                _flow(balance, states, (k, column), (*z[:j], z[j] - 1, *z[j + 1 :]), 1.0)
    equalities = np.vstack([balance, np.ones(balance.shape[1])])
    right = np.append(np.zeros(len(states)), 1.0)
    solved = linprog(cost, A_eq=equalities, b_eq=right, method="highs")
    return float(solved.fun)


def _flow(
    balance: Floats,
    states: list[tuple[int, ...]],
    where: tuple[int, int],
    after: tuple[int, ...],
    rate: float,
) -> None:
    k, column = where
    balance[states.index(after), column] += rate
    balance[k, column] -= rate
