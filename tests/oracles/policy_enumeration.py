"""Every deterministic policy of a small MDP, evaluated densely one by one.

Slow and independent of the code under test: it uses only the model's numbers (``P``, ``cost``,
``gamma``, ``start``, ``allowed``) and ``numpy.linalg.solve``. The occupancies of all policies are
the convex hull of those of the deterministic ones, so constrained optima follow from the points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from lp_solvers.finite_mdp import FiniteMDP

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Enumeration:
    """All deterministic policies.

    Attributes
    ----------
    actions : (N, S) int
        The policies.
    values : (N, S) float
        Value from every state.
    visits : (N, S) float
        Discounted visits of every state from the start.
    costs : (N,) float
        Value from the start.
    counts : (N, m) float
        Constrained values from the start.
    """

    actions: NDArray[np.intp]
    values: Array
    visits: Array
    costs: Array
    counts: Array


def enumerate_policies(mdp: FiniteMDP, constraint_costs: Array | None = None) -> Enumeration:
    """Evaluate every deterministic policy; ``constraint_costs`` is (m, S, A)."""
    extra = np.zeros((0, *mdp.cost.shape)) if constraint_costs is None else constraint_costs
    states, dense = np.arange(mdp.n_states), mdp.P
    actions, values, visits, counts = [], [], [], []
    for chosen in product(*(np.flatnonzero(row) for row in mdp.allowed)):
        a = np.array(chosen)
        matrix = np.eye(mdp.n_states) - mdp.gamma * dense[states, a]
        actions.append(a)
        values.append(np.linalg.solve(matrix, mdp.cost[states, a]))
        visits.append(np.linalg.solve(matrix.T, mdp.start))
        counts.append(extra[:, states, a] @ visits[-1])
    table = np.array(values)
    return Enumeration(
        np.array(actions), table, np.array(visits), table @ mdp.start, np.array(counts)
    )


def constrained_optimum(points: Enumeration, budgets: Array) -> float | None:
    """Least cost of a mixture of deterministic policies within the budgets; None if none is.

    The mixture (drawn once at the start) has the average of their occupancies, and one stationary
    policy has the same.
    """
    result = linprog(
        points.costs,
        points.counts.T,
        budgets,
        np.ones((1, len(points.costs))),
        [1.0],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return float(result.fun) if result.status == 0 else None


def optimum_of_pairs(points: Enumeration, budget: float) -> float:
    """Least cost within one budget, exactly: a mixture of at most two policies is optimal.

    Infinite if no policy meets the budget.
    """
    counts, costs = points.counts[:, 0], points.costs
    within = counts <= budget
    best = float(costs[within].min(initial=np.inf))
    for d, c in zip(counts[within], costs[within], strict=True):
        share = (budget - d) / (counts[~within] - d)
        best = min(best, float((c + share * (costs[~within] - c)).min(initial=np.inf)))
    return best


def lower_hull(points: Enumeration) -> tuple[Array, Array]:
    """Vertices (counts, costs) of the curve of least cost over one budget, counts increasing.

    Counts are rounded to ten decimals so that equal ones compare equal.
    """
    rounded = np.round(points.counts[:, 0], 10)
    order = np.lexsort((points.costs, rounded))
    hull: list[tuple[float, float]] = []
    for d, c in zip(rounded[order], points.costs[order], strict=True):
        if hull and c >= hull[-1][1] - _noise(c):
            continue
        while len(hull) > 1 and _above(hull[-2], hull[-1], (d, c)):
            hull.pop()
        hull.append((d, c))
    return np.array([d for d, _ in hull]), np.array([c for _, c in hull])


def _above(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether ``b`` is on or above the chord from ``a`` to ``c``, up to rounding."""
    share = (b[0] - a[0]) / (c[0] - a[0])
    chord = (1.0 - share) * a[1] + share * c[1]
    return b[1] >= chord - _noise(chord)


def _noise(cost: float) -> float:
    return 1e-11 * (1.0 + abs(cost))
