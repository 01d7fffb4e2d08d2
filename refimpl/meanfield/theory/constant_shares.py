"""Policies that look at nothing: queues of any number, exactly [MF sec. 2.2].

Under OWN, RND per packet, or any fixed split, the arrival share of a queue never changes. Given the
path of arrival levels the queues are then independent, each a chain on (level, jobs), and two
policies with the same shares have the same joint law of everything. Queues with the same share and
service rate are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_count, check_fraction, check_shape
from refimpl.meanfield.model.system import System
from refimpl.shared.bounded_queue import epoch_kernel, stationary_law
from refimpl.shared.markov_chains import check_rates

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class QueueChains:
    """Chains of the distinct queues on (level, jobs).

    Attributes
    ----------
    kernels : (2, K, B + 1, B + 1) float
        Epoch transitions by level.
    drops : (2, K, B + 1) float
        Expected drops of an epoch by level and jobs at its start.
    which : (N,) int
        Which of the K chains each queue is.
    """

    kernels: Floats
    drops: Floats
    which: NDArray[np.intp]


def queue_chains(system: System, shares: ArrayLike) -> QueueChains:
    """Chains of queues with constant arrival shares (N,).

    Raises
    ------
    ValueError
        If the shares do not have shape (N,), or one is negative or NaN.
    """
    table = check_rates("shares", shares)
    check_shape("shares", table, (system.n,))
    # Shares that are the same sums in another order count as one.
    pairs = np.column_stack([np.round(table, 14), system.services])
    distinct, which = np.unique(pairs, axis=0, return_inverse=True)
    rates = np.outer(system.modulation.rates, distinct[:, 0])
    kernel = epoch_kernel(rates, distinct[:, 1], system.buffer, system.dt)
    return QueueChains(kernel.transitions, kernel.expected_drops, which.ravel())


def constant_share_drops(system: System, shares: ArrayLike, epochs: int) -> Floats:
    """Mean drops of every queue in every epoch from empty queues, (T, N).

    Examples
    --------
    OWN on any graph, ten epochs of length 5:

    >>> from refimpl.meanfield.model.topologies import ring
    >>> drops = constant_share_drops(System(ring(101), dt=5.0), np.ones(101), 10)
    >>> round(float(drops.mean(axis=1).sum()), 3)
    3.514
    """
    check_count("epochs", epochs)
    chains = queue_chains(system, shares)
    law = np.zeros(chains.drops.shape)
    law[:, :, 0] = np.asarray(system.modulation.start)[:, None]
    path = []
    for _ in range(epochs):
        path.append((law * chains.drops).sum(axis=(0, 2)))
        moved = np.einsum("lkz,lkzy->lky", law, chains.kernels)
        law = np.einsum("lm,lky->mky", system.modulation.transitions, moved)
    return np.asarray(np.array(path)[:, chains.which])


def constant_share_discounted(system: System, shares: ArrayLike, gamma: float) -> Floats:
    """Value ``E sum_t gamma^t D_i(t)`` of every queue from empty queues, (N,).

    Raises
    ------
    ValueError
        If ``gamma`` is not in [0, 1), or as :func:`queue_chains`.
    """
    check_fraction("gamma", gamma)
    chains = queue_chains(system, shares)
    n_kinds, n = chains.drops.shape[1], system.buffer + 1
    step = np.einsum("lm,lkzy->klzmy", system.modulation.transitions, chains.kernels)
    flow = np.eye(2 * n) - gamma * step.reshape(n_kinds, 2 * n, 2 * n)
    costs = chains.drops.transpose(1, 0, 2).reshape(n_kinds, 2 * n, 1)
    values = np.linalg.solve(flow, costs).reshape(n_kinds, 2, n)
    return np.asarray((values[:, :, 0] @ np.asarray(system.modulation.start))[chains.which])


def stationary_drop_rates(system: System, shares: ArrayLike, rate: float) -> Floats:
    """Long-run drops per unit time of every queue at a constant common rate, (N,).

    Arrivals times the blocking probability of the M/M/1/B queue; does not depend on dt. It is also
    the limit dt -> infinity of any policy's drop rate while it keeps these shares.
    """
    arrivals = rate * check_rates("shares", shares)
    check_shape("shares", arrivals, (system.n,))
    law = stationary_law(arrivals, system.services, system.buffer)
    return np.asarray(arrivals * law[:, -1])


def long_delay_drop_rate(system: System, shares: ArrayLike) -> float:
    """Mean drops per queue and unit time when dt is so long that every level is stationary."""
    levels = zip(system.modulation.stationary, system.modulation.rates, strict=True)
    return float(sum(p * stationary_drop_rates(system, shares, rate).mean() for p, rate in levels))


def at_constant_rate(system: System, rate: float) -> System:
    """Return the system with one arrival level that never changes."""
    steady = replace(system.modulation, rates=(rate, rate), start=(1.0, 0.0), leave=(0.0, 0.0))
    return replace(system, modulation=steady)
