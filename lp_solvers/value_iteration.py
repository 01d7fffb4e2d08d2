"""Value iteration: cheap sweeps towards the optimum, and with a bound as an answer of its own.

One sweep replaces ``V(s)`` by ``min_a cost[s, a] + gamma P[s, a, :] . V``. It is a contraction: the
largest error shrinks by ``gamma`` and is at most ``gamma / (1 - gamma)`` times the last change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import EPS, FiniteMDP, bellman_q, greedy

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ValueIterationResult:
    """Approximate optimum.

    Attributes
    ----------
    actions : (S,) int
        Greedy actions with respect to ``value``.
    value : (S,) float
        Within ``error`` of the optimal value in every state.
    error : float
        Guaranteed bound, ``gamma / (1 - gamma)`` times the last change.
    n_sweeps : int
        Number of sweeps done.
    """

    actions: NDArray[np.intp]
    value: Floats
    error: float
    n_sweeps: int


def sweep(mdp: FiniteMDP, value: Floats) -> Floats:
    """One sweep of value iteration, (S,) to (S,)."""
    return cheapest(bellman_q(mdp, value))


def cheapest(table: Floats) -> Floats:
    """Minimum over actions of a table (S, A), (S,).

    Taken action by action: NumPy's reduction along a short last axis is ten times slower.
    """
    return np.asarray(reduce(np.minimum, table.T))


def value_iteration(mdp: FiniteMDP, tolerance: float) -> ValueIterationResult:
    """Sweep until the value is guaranteed to be within ``tolerance`` of optimal in every state.

    Raises
    ------
    ValueError
        If ``tolerance`` is not above the rounding error of the values,
        ``4 n eps max|cost| / (1 - gamma)^2`` with ``n`` entries in the widest transition row.
    """
    largest = float(np.abs(mdp.cost).max()) / (1.0 - mdp.gamma)
    floor = rounding(mdp, largest) / (1.0 - mdp.gamma)
    if not tolerance > floor:
        raise ValueError(f"tolerance must exceed the rounding error {floor:.3g}; got {tolerance!r}")
    value, error, n_sweeps = np.zeros(mdp.n_states), np.inf, 0
    while error > tolerance:
        previous, value = value, sweep(mdp, value)
        n_sweeps += 1
        error = mdp.gamma / (1.0 - mdp.gamma) * float(np.abs(value - previous).max())
    return ValueIterationResult(greedy(bellman_q(mdp, value)), value, error, n_sweeps)


def rounding(mdp: FiniteMDP, largest: float) -> float:
    """Bound of the rounding error of one Bellman update or advantage of values up to ``largest``.

    A product of ``n`` terms errs by at most ``n eps / 2`` of the sum of their sizes, here
    ``max|cost| + (1 + gamma) largest`` or less; the value itself solves a linear system to a
    residual of the same order. Together at most ``4 n eps (max|cost| + largest)``.
    """
    n = int(np.diff(mdp.flow.indptr).max()) + 1
    return 4.0 * n * EPS * (float(np.abs(mdp.cost).max()) + largest)
