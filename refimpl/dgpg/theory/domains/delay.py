"""Queueing delay: the optimum is the square-root rule, not equal utilisation [DG-PG App. C.1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lp_solvers.convex_program import ConvexProgram, SeparableCost
from lp_solvers.linear_program import linear_program

Floats = NDArray[np.float64]


def jobs_in_system(load: Floats, rates: Floats) -> float:
    """Return ``sum x / (mu - x)``, the mean number of jobs in M/M/1 queues [DG-PG App. C.1].

    Total delay per unit of time, by Little's law; infinite if a queue is overloaded.

    Parameters
    ----------
    load : (N,) array
        Arrival rates x.
    rates : (N,) array
        Service rates mu.
    """
    if not (load < rates).all():
        return np.inf
    return float((load / (rates - load)).sum())


def jobs_gradient(load: Floats, rates: Floats) -> Floats:
    """Return the gradient ``mu / (mu - x)^2`` of :func:`jobs_in_system`, (N,)."""
    return np.asarray(rates / (rates - load) ** 2)


def least_delay(rates: Floats, total: float) -> Floats:
    """Return the loads of least total delay, the square-root rule [DG-PG App. C.1].

    ``mu_n - x_n = sqrt(mu_n) (sum mu - W) / sum sqrt(mu)`` over the queues in use; a queue is in
    use if its slowness ``1 / mu_n`` is below the common price.

    Raises
    ------
    ValueError
        If a rate is not positive or the total is not in [0, sum of rates).
    """
    _check(rates, total)
    order = np.argsort(-rates)
    roots = np.sqrt(rates[order])
    spare = (np.cumsum(rates[order]) - total) / np.cumsum(roots)
    # The slowest of the first k queues gets work exactly if its root exceeds the common ratio.
    n_used = int(np.flatnonzero(roots > spare).max(initial=0)) + 1
    load = np.zeros(rates.size)
    load[order[:n_used]] = rates[order[:n_used]] - roots[:n_used] * spare[n_used - 1]
    return np.maximum(load, 0.0)


def delay_program(rates: Floats, total: float) -> ConvexProgram:
    """Least delay as a convex program: ``sum mu / (mu - x)``, which is N above the delay.

    Raises
    ------
    ValueError
        As :func:`least_delay`.
    """
    _check(rates, total)
    conserved = linear_program(np.zeros(rates.size), A_eq=np.ones((1, rates.size)), b_eq=[total])
    return ConvexProgram(conserved, SeparableCost(barrier=rates, ceiling=rates))


def _check(rates: Floats, total: float) -> None:
    if not (rates.size and (rates > 0).all()):
        raise ValueError(f"rates must be > 0; got {rates}")
    if not 0 <= total < rates.sum():
        raise ValueError(f"total must be in [0, {rates.sum()}), the sum of rates; got {total}")
