"""The optimal value as a function of the budget, exactly.

``V(b) = min { cost of a policy : its count is at most b }`` is convex, non-increasing and piecewise
linear: the lower-left boundary of the points (count, cost) that policies can reach, whose vertices
are deterministic policies. Its slopes are minus the optimal multipliers.

Take the two ends (least cost, then least count; least count, then least cost). At the multiplier
where the lines of two known vertices cross, either nothing is better, and the edge between them
belongs to the curve, or the optimal policy there is a vertex between them. So every edge is proved
by an optimality check and no vertex is missed: one that were could improve the value by no more
than the tie tolerance of :mod:`lp_solvers.dual_lines`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.certificate import TOLERANCE
from lp_solvers.dual_lines import Line, PricedMDP, crossing, lowest_line
from lp_solvers.errors import DegenerateError, FarkasRay, InfeasibleError
from lp_solvers.finite_mdp import FiniteMDP, pair_array
from lp_solvers.value_iteration import rounding

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BudgetCurve:
    """Optimal value over the budget; left of ``minimum_budget`` no policy exists.

    Attributes
    ----------
    budgets : (K,) float
        Counts of the vertices, increasing. The first is the least count of any policy, the last
        the least count of an unconstrained optimum; right of it the curve is flat.
    values : (K,) float
        Values at the vertices, decreasing.
    actions : (K, S) int
        A deterministic policy that is optimal at each vertex. Between two vertices the mixture of
        their occupancies is optimal.
    tolerance : float
        Difference of budgets that rounding explains; within it a budget is at a vertex.
    shortfall : float
        A budget is infeasible if it is further below ``minimum_budget`` than this; what falls
        short by less cannot be proved infeasible, and counts as ``minimum_budget``.
    ray : FarkasRay
        Proof of infeasibility on the left of the curve, the same for every budget there.
    """

    budgets: Floats
    values: Floats
    actions: NDArray[np.intp]
    tolerance: float = field(repr=False)
    shortfall: float = field(repr=False)
    ray: FarkasRay = field(repr=False)

    @property
    def minimum_budget(self) -> float:
        """Least expected discounted count of any policy."""
        return float(self.budgets[0])

    @property
    def slopes(self) -> Floats:
        """Slopes between neighbouring vertices, (K - 1,), negative and increasing."""
        steps: Floats = np.diff(self.values) / np.diff(self.budgets)
        return steps

    def value(self, budget: ArrayLike) -> Floats:
        """Optimal value at every budget, any shape.

        Raises
        ------
        ValueError
            If a budget is NaN.
        InfeasibleError
            If a budget is below ``minimum_budget``.
        """
        return np.asarray(np.interp(self._feasible(budget), self.budgets, self.values))

    def slopes_at(self, budget: ArrayLike) -> tuple[Floats, Floats]:
        """Left and right derivative at every budget, any shape; equal except at vertices.

        At ``minimum_budget`` the left one is ``-inf``: there is nothing on its left. At the last
        vertex and beyond the right one is 0.

        Raises
        ------
        ValueError, InfeasibleError
            As :meth:`value`.
        """
        b = self._feasible(budget)
        all_slopes = np.concatenate([[-np.inf], self.slopes, [0.0]])
        left = np.searchsorted(self.budgets, b - self.tolerance, side="left")
        right = np.searchsorted(self.budgets, b + self.tolerance, side="right")
        return np.asarray(all_slopes[left]), np.asarray(all_slopes[right])

    def multiplier_interval(self, budget: ArrayLike) -> tuple[Floats, Floats]:
        """Smallest and largest optimal multiplier at every budget, any shape.

        They are minus the right and minus the left derivative; the largest is ``inf`` at
        ``minimum_budget``.

        Raises
        ------
        ValueError, InfeasibleError
            As :meth:`value`.
        """
        left, right = self.slopes_at(budget)
        return -right + 0.0, -left

    def multiplier(self, budget: float) -> float:
        """Return the optimal multiplier at one budget where it is unique.

        Raises
        ------
        DegenerateError
            At a vertex, with the interval of optimal multipliers.
        ValueError, InfeasibleError
            As :meth:`value`.
        """
        low, high = (float(end) for end in self.multiplier_interval(budget))
        if low < high:
            raise DegenerateError(
                f"multiplier must be unique; at budget {budget!r} it is any of [{low}, {high}]",
                (low, high),
            )
        return low

    def _feasible(self, budget: ArrayLike) -> Floats:
        b = np.asarray(budget, dtype=np.float64)
        if np.isnan(b).any():
            raise ValueError(f"budget must be a number; got {budget!r}")
        if b.size and b.min() < self.budgets[0] - self.shortfall:
            raise InfeasibleError(
                f"budget must be at least minimum_budget = {self.budgets[0]!r}; got {b.min()!r}",
                self.ray,
            )
        return np.asarray(np.maximum(b, self.budgets[0]))


def budget_sweep(mdp: FiniteMDP, constraint_cost: ArrayLike) -> BudgetCurve:
    """Compute the whole curve of optimal value over the budget of one constrained cost (S, A).

    Convention: budgets and values are unnormalised discounted sums.

    Raises
    ------
    ValueError
        If ``constraint_cost`` has the wrong shape or is not finite.
    """
    problem = PricedMDP(mdp, pair_array("constraint_cost", constraint_cost, mdp.allowed))
    cheapest = problem.cheapest_line()
    sparing = problem.sparing_line(cheapest.actions)
    lines = _kinks(problem, _frontier(problem, cheapest, sparing))[::-1]
    sizes = np.abs(sparing.values[:, 1])
    scale = max(1.0, float(sizes.max()))
    return BudgetCurve(
        np.array([line.count for line in lines]),
        np.array([line.cost for line in lines]),
        np.array([line.actions for line in lines]),
        problem.count_tolerance,
        TOLERANCE * float(mdp.start @ sizes + abs(sparing.count)) + problem.count_tolerance,
        FarkasRay(np.array([1.0 / scale]), sparing.values[:, 1] / scale),
    )


def _frontier(problem: PricedMDP, cheapest: Line, sparing: Line) -> list[Line]:
    """Policies on the curve from the largest count to the least; every vertex is among them."""
    done, waiting = [cheapest], [(cheapest, sparing)]
    while waiting:
        high, low = waiting.pop()
        between = _between(problem, high, low)
        if between is None:
            done.append(low)
        else:
            waiting += [(between, low), (high, between)]
    return done


def _between(problem: PricedMDP, high: Line, low: Line) -> Line | None:
    """Point of the curve below the chord of two others, or None if the chord is an edge."""
    if high.count - low.count <= problem.count_tolerance:
        return None
    multiplier = crossing(high, low)
    value = np.minimum(high.values_at(multiplier), low.values_at(multiplier))
    return lowest_line(problem, multiplier, value, high.at(multiplier))


def _kinks(problem: PricedMDP, lines: list[Line]) -> list[Line]:
    """Drop coincident points, and points on the chord of their neighbours, up to rounding.

    Of several optima at one multiplier any may have been found, also inside an edge.
    """
    largest = float(np.abs(problem.mdp.cost).max()) / (1.0 - problem.mdp.gamma)
    slack = rounding(problem.mdp, largest) / (1.0 - problem.mdp.gamma)
    kept = lines[:1]
    for line in lines[1:]:
        while len(kept) > 1 and _sag(kept[-2], kept[-1], line) <= slack:
            kept.pop()
        if kept[-1].count - line.count > problem.count_tolerance:
            kept.append(line)
    return kept


def _sag(high: Line, middle: Line, low: Line) -> float:
    """Vertical distance of ``middle`` below the chord from ``high`` to ``low``."""
    share = (middle.count - low.count) / (high.count - low.count)
    return share * high.cost + (1.0 - share) * low.cost - middle.cost
