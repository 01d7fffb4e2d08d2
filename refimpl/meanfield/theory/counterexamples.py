"""Systems on which a statement of the paper fails, exactly [MF Theorem 1, Corollary 1.1, sec. 1.4].

Discontinuity: on a ring with independent marks, empty or full with probability 1/2, the fraction of
full queues tends to 1/2 but is above it half of the time. A policy that acts on which side it is on
gets, at every finite size, half of one behaviour and half of the other; in the limit only one.

Non-closure: states with the same empirical law but another order have different futures, so the
empirical law is not a state of the mean field system.

Ties: on paths OWN and RND differ at the four outermost queues only, so their limits per queue are
equal; at every finite size one of them is strictly better.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from linear_models.validation import check_count
from refimpl.meanfield.model.arrivals import check_probabilities, offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.meanfield.theory.constant_shares import (
    at_constant_rate,
    constant_share_discounted,
    stationary_drop_rates,
)
from refimpl.meanfield.theory.local_rows import local_rows
from refimpl.shared.bounded_queue import epoch_kernel

Floats = NDArray[np.float64]
Response = Callable[[Floats], Floats]
"""Offload probability of the full queues as a function of the fraction of full queues."""


def majority(fraction: Floats) -> Floats:
    """Offload everything when more than half of the queues are full: discontinuous at 1/2."""
    return (fraction > 0.5).astype(np.float64)


def proportional(fraction: Floats) -> Floats:
    """Offload with the fraction itself as probability: continuous."""
    return np.asarray(fraction, dtype=np.float64)


def marked_ring_drops(system: System, response: Response, rate: float) -> float:
    """Mean drops in the first epoch on a finite ring with random marks [MF Theorem 1].

    Marks are independent, 0 or B with probability 1/2. Given their number the ring is exchangeable:
    the full ones among two neighbours are hypergeometric. Only ``n``, ``buffer`` and ``dt`` of the
    system are used.

    Raises
    ------
    ValueError
        If there are fewer than three queues.
    """
    n = system.n
    if n < 3:
        raise ValueError(f"a ring has at least 3 queues; got {n}")
    full = np.arange(n + 1)
    offload = check_probabilities("response", response(full / n))
    of_full = _two_of(n - 1, np.maximum(full - 1, 0))
    of_empty = _two_of(n - 1, np.minimum(full, n - 1))
    distinct, which = np.unique(offload, return_inverse=True)
    lost_full, lost_empty = (lost[which] for lost in _mark_drops(system, distinct, rate))
    mean = (full * (of_full * lost_full).sum(axis=1)) / n
    mean += ((n - full) * (of_empty * lost_empty).sum(axis=1)) / n
    return float(stats.binom.pmf(full, n, 0.5) @ mean)


def marked_line_drops(system: System, response: Response, rate: float) -> float:
    """Mean drops of the same on the infinite line: fraction 1/2, independent neighbours."""
    offload = response(np.array([0.5]))
    lost_full, lost_empty = _mark_drops(system, offload, rate)
    return float((np.array([0.25, 0.5, 0.25]) @ (lost_full + lost_empty)[0]) / 2)


def next_epoch_drops(system: System, states: ArrayLike, rule: ArrayLike, rate: float) -> float:
    """Mean drops per queue in the epoch that starts from given states (N,) [MF sec. 1.4]."""
    z, table = np.asarray(states, dtype=np.intp), check_probabilities("rule", rule)
    shares = offload_shares(system.graph, table[z])
    return float(local_rows(system, z, rate * shares)[1].mean())


def path_tie_stationary(n: int, rate: float, buffer: int = 5) -> float:
    """RND minus OWN on a path: long-run drops per queue and unit time [MF Corollary 1.1]."""
    system = System(path(_path_size(n)), buffer=buffer)
    rnd = stationary_drop_rates(system, _random_shares(system), rate)
    return float((rnd - stationary_drop_rates(system, np.ones(n), rate)).mean())


def path_tie_discounted(n: int, gamma: float, dt: float, rate: float | None = None) -> float:
    """RND minus OWN on a path: discounted drops per queue from empty [MF Corollary 1.1].

    Parameters
    ----------
    n : int
        At least 2.
    gamma : float
        Discount per epoch.
    dt : float
        Length of an epoch.
    rate : float, optional
        A constant arrival rate; by default the paper's two levels.
    """
    system = System(path(_path_size(n)), dt=dt)
    system = system if rate is None else at_constant_rate(system, rate)
    rnd = constant_share_discounted(system, _random_shares(system), gamma)
    return float((rnd - constant_share_discounted(system, np.ones(n), gamma)).mean())


def _mark_drops(system: System, offload: Floats, rate: float) -> tuple[Floats, Floats]:
    """Mean drops of a full and an empty queue, (K, 3): by offload and number of full neighbours."""
    received = np.outer(offload, np.arange(3) / 2.0)
    rates = rate * np.stack([1.0 - offload[:, None] + received, 1.0 + received])
    drops = epoch_kernel(rates, 1.0, system.buffer, system.dt).expected_drops
    return drops[0, ..., -1], drops[1, ..., 0]


def _two_of(n: int, marked: NDArray[np.int_]) -> Floats:
    """Law of the number of marked ones among two drawn from n, (K, 3)."""
    rest = n - marked
    pairs = [rest * (rest - 1), 2 * marked * rest, marked * (marked - 1)]
    return np.asarray(np.column_stack(pairs) / (n * (n - 1.0)))


def _random_shares(system: System) -> Floats:
    empty = np.zeros((1, system.n), dtype=np.intp)
    return np.asarray(random_per_packet(system, empty, np.random.default_rng(0))[0])


def _path_size(n: int) -> int:
    check_count("n", n)
    if n < 2:
        raise ValueError(f"n must be at least 2 for a path; got {n}")
    return n
