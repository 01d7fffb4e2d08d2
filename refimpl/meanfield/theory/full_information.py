"""The best that full information can do on a small graph, by dynamic programming [MF sec. 3].

At the start of each epoch one planner sees all queues and the arrival level and chooses how every
agent splits its jobs over the queues it can reach, packet by packet, for the whole epoch. All that
matters is the vector of arrival shares, one per queue. The class optimised: shares on a grid of
multiples of ``1 / parts``, finer ones around equal shares. It holds every rule that sends each
agent's jobs to one queue, so JSQ with one winner too, and split rules as far as the grid allows:
its optimum bounds the gap of a policy to the true optimum from below.

A vector of shares gives one product kernel for all states, so a sweep needs no joint matrix: with V
as a matrix (left by right queues) each grid point is two small matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.joint_chain import reachable_levels
from refimpl.meanfield.theory.joint_states import check_size
from refimpl.meanfield.theory.product_kernel import cut
from refimpl.meanfield.theory.sweeps import Bounds, average_bounds
from refimpl.shared.bounded_queue import epoch_kernel

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Grid points whose costs are in memory together.
CHUNK = 256


def share_grid(graph: Graph, parts: int, finer: int = 1) -> Indices:
    """Feasible arrival shares in units of ``1 / (parts finer)``, (G, N) int.

    Multiples of ``1 / parts``, and within 1/2 of a share of 1 the finer ones too: at long delays
    the best shares are nearly equal.

    By Hall's theorem agents with one unit of jobs each can serve the demands s exactly if no set of
    queues asks for more than the agents that reach it have.

    Raises
    ------
    ValueError
        If ``parts`` or ``finer`` is not a positive integer.
    """
    check_count("parts", parts)
    check_count("finer", finer)
    n, unit = graph.n, parts * finer
    reach = np.asarray(graph.adjacency.toarray() != 0) | np.eye(n, dtype=bool)
    subsets = [list(s) for s in chain.from_iterable(combinations(range(n), k) for k in range(1, n))]
    supply = [int(reach[:, s].any(axis=1).sum()) * unit for s in subsets]
    grid = np.zeros((1, 0), dtype=np.intp)
    for queue in range(n):
        every = np.arange(int(reach[:, queue].sum()) * unit + 1)
        values = every[(every % finer == 0) | (2 * np.abs(every - unit) <= unit)]
        grid = np.column_stack([np.repeat(grid, len(values), axis=0), np.tile(values, len(grid))])
        for subset, has in zip(subsets, supply, strict=True):
            if max(subset) == queue:
                grid = grid[grid[:, subset].sum(axis=1) <= has]
    return np.asarray(grid[grid.sum(axis=1) == n * unit])


@dataclass(frozen=True, eq=False)
class Half:
    """Joint kernels (K, H, H) and drops (K, H) of one half of the queues, per shares of it."""

    kernels: Floats
    drops: Floats


@dataclass(frozen=True, eq=False)
class Planner:
    """Bellman operator of the full-information planner.

    Attributes
    ----------
    halves : tuple of (Half, Half)
        Per level that can occur: left and right queues.
    pairs : (G, 2) int
        Which left and which right half makes each grid point.
    shares : (G, N) float
        The grid.
    switching : (L, L) float
        Level transitions.
    start : (L,) float
        Law of the first level.
    """

    halves: tuple[tuple[Half, Half], ...]
    pairs: Indices
    shares: Floats
    switching: Floats
    start: Floats

    def sweep(self, values: Floats) -> Floats:
        """Least expected cost of this epoch and ``values`` after it, (L, S)."""
        ahead = self.switching @ values
        return np.array([self._level(half, v) for half, v in zip(self.halves, ahead, strict=True)])

    @property
    def n_states(self) -> int:
        """Number S of joint states."""
        left, right = self.halves[0]
        return int(left.drops.shape[1] * right.drops.shape[1])

    def _level(self, halves: tuple[Half, Half], values: Floats) -> Floats:
        left, right = halves
        table = values.reshape(left.drops.shape[1], right.drops.shape[1])
        halfway, transposed = left.kernels @ table, right.kernels.transpose(0, 2, 1)
        best = np.full(table.shape, np.inf)
        for first in range(0, len(self.pairs), CHUNK):
            a, b = self.pairs[first : first + CHUNK].T
            cost = halfway[a] @ transposed[b]
            cost += left.drops[a][:, :, None] + right.drops[b][:, None, :]
            best = np.minimum(best, cost.min(axis=0))
        return np.asarray(best.ravel())


def planner(system: System, parts: int, finer: int = 1) -> Planner:
    """Planner on the grid of :func:`share_grid`.

    Raises
    ------
    TooLargeError
        If the graph is too large.
    """
    check_size(system.n, system.buffer)
    grid = share_grid(system.graph, parts, finer)
    check_size(system.n, system.buffer, len(grid) / (system.buffer + 1.0) ** (system.n / 2))
    levels, half = reachable_levels(system.modulation), cut(system.n)
    queues = [np.arange(half), np.arange(half, system.n)]
    distinct = [np.unique(grid[:, q], axis=0, return_inverse=True) for q in queues]
    halves = [
        tuple(
            _half(system, q, shares / (parts * finer) * system.modulation.rates[level])
            for q, (shares, _) in zip(queues, distinct, strict=True)
        )
        for level in levels
    ]
    return Planner(
        tuple((left, right) for left, right in halves),
        np.column_stack([which.ravel() for _, which in distinct]),
        grid / (parts * finer),
        system.modulation.transitions[np.ix_(levels, levels)],
        np.asarray(system.modulation.start)[levels],
    )


def optimal_drops(system: System, epochs: int, parts: int = 4, finer: int = 1) -> float:
    """Least expected drops per queue over ``epochs`` epochs from empty queues [MF sec. 3].

    Parameters
    ----------
    system : System
        Up to five queues at B = 5.
    epochs : int
        Horizon T.
    parts, finer : int
        Grid of shares, see :func:`share_grid`.
    """
    check_count("epochs", epochs)
    plan = planner(system, parts, finer)
    values = np.zeros((len(plan.start), plan.n_states))
    for _ in range(epochs):
        values = plan.sweep(values)
    return float(plan.start @ values[:, 0])


def optimal_average_drops(system: System, parts: int = 4, tolerance: float = 1e-9) -> Bounds:
    """Least long-run expected drops per queue and epoch, with bounds ``tolerance`` apart."""
    plan = planner(system, parts)
    start = np.zeros((len(plan.start), plan.n_states))
    return average_bounds(plan.sweep, start, tolerance)


def _half(system: System, queues: Indices, rates: Floats) -> Half:
    kernels, drops = np.ones((len(rates), 1, 1)), np.zeros((len(rates), 1))
    for column, queue in enumerate(queues):
        speed = np.full(len(rates), system.services[queue])
        local = epoch_kernel(rates[:, column], speed, system.buffer, system.dt)
        size = kernels.shape[1] * (system.buffer + 1)
        kernels = np.einsum("kab,kcd->kacbd", kernels, local.transitions).reshape(-1, size, size)
        lost = local.expected_drops / system.n
        drops = (drops[:, :, None] + lost[:, None, :]).reshape(-1, size)
    return Half(kernels, drops)
