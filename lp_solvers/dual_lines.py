"""Deterministic policies as lines: the dual function of one constraint, cut by cut.

Price the constraint with a multiplier ``y``. A policy with expected discounted cost ``C`` and
expected discounted count ``D`` then costs ``C + y D``: a line in ``y``. The least priced cost

    h(y) = min over policies of  C + y D

is the lower envelope of finitely many lines, concave and piecewise linear. One factorisation gives
``C``, ``D`` and the visits of all states, so a policy is a cheap exact cut.

Where two lines cross they are equally good. Either nothing beats them there, and ``h`` has its
kink exactly at the crossing, or one step of policy iteration from the better of the two *in every
state* finds a line strictly below.

Tie tolerance. Advantages of an action within the rounding error of its computation,
``lp_solvers.value_iteration.rounding``, count as zero; a policy all of whose advantages do is then
within (that error) / ``(1 - gamma)`` of optimal, and levels within that are the same level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP, bellman_q, greedy, with_cost, with_fewer_actions
from lp_solvers.policy_factor import factor_actions
from lp_solvers.policy_iteration import advantages, policy_iteration
from lp_solvers.value_iteration import cheapest, rounding, sweep

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Sweeps of value iteration between two factorisations: together they cost less than one.
N_SWEEPS = 10


@dataclass(frozen=True, eq=False)
class Line:
    """An evaluated deterministic policy.

    Attributes
    ----------
    actions : (S,) int
        The policy.
    values : (S, 2) float
        Its expected discounted cost and count from every state.
    visits : (S,) float
        Discounted expected visits from the start distribution.
    cost, count : float
        Cost and count from the start distribution: ``C`` and ``D``.
    """

    actions: Indices
    values: Floats
    visits: Floats
    cost: float
    count: float

    def at(self, multiplier: float) -> float:
        """Priced cost ``C + multiplier * D``."""
        return self.cost + multiplier * self.count

    def values_at(self, multiplier: float) -> Floats:
        """Priced cost from every state, (S,)."""
        return np.asarray(self.values[:, 0] + multiplier * self.values[:, 1])


@dataclass(frozen=True, eq=False)
class PricedMDP:
    """A process with one cost to be priced, (S, A)."""

    mdp: FiniteMDP
    constraint_cost: Floats

    @cached_property
    def both(self) -> Floats:
        """Cost and constrained cost of every pair, (S*A, 2)."""
        return np.stack([self.mdp.cost.ravel(), self.constraint_cost.ravel()], axis=1)

    @property
    def counting(self) -> FiniteMDP:
        """Process with the constrained cost as its only cost."""
        return with_cost(self.mdp, self.constraint_cost)

    def at(self, multiplier: float) -> FiniteMDP:
        """Process with cost ``cost + multiplier * constraint_cost``."""
        return with_cost(self.mdp, self.mdp.cost + multiplier * self.constraint_cost)

    def line(self, actions: Indices) -> Line:
        """Evaluate a policy: one factorisation."""
        pairs = np.arange(self.mdp.n_states) * self.mdp.n_actions + actions
        factor = factor_actions(self.mdp.ordered_flow, actions)
        values = factor.values(self.both[pairs])
        cost, count = (float(total) for total in self.mdp.start @ values)
        visits = np.maximum(factor.visits(self.mdp.start), 0.0)
        return Line(actions, values, visits, cost, count)

    @cached_property
    def count_tolerance(self) -> float:
        """Difference of counts that rounding explains."""
        largest = float(np.abs(self.constraint_cost).max()) / (1.0 - self.mdp.gamma)
        return rounding(self.counting, largest) / (1.0 - self.mdp.gamma)

    def cheapest_line(self, start: Indices | None = None) -> Line:
        """Among the policies of least cost, one of least count."""
        return self.line(_least(self.mdp, self.counting, start))

    def sparing_line(self, start: Indices | None = None) -> Line:
        """Among the policies of least count, one of least cost."""
        return self.line(_least(self.counting, self.mdp, start))


def crossing(left: Line, right: Line) -> float:
    """Multiplier >= 0 at which two lines are equal; ``left`` has the larger count."""
    return max(0.0, (right.cost - left.cost) / (left.count - right.count))


def lower_line(
    problem: PricedMDP, multiplier: float, value: Floats, level: float
) -> tuple[Line | None, Floats]:
    """Find a policy with priced cost below ``level``, or prove that there is none.

    Parameters
    ----------
    problem : PricedMDP
        The process and the price's cost.
    multiplier : float
        The price.
    value : (S,) float
        Priced values of a policy, or the minimum of several in every state.
    level : float
        Priced cost from the start to be beaten.

    Returns
    -------
    Line or None
        A line lower than ``level`` at ``multiplier`` beyond rounding, or None: ``level`` is
        optimal.
    (S,) float
        The priced values reached; optimal in every state if the line is None.
    """
    mdp = problem.at(multiplier)
    while True:
        tie = rounding(mdp, float(np.abs(value).max()))
        slack = tie / (1.0 - mdp.gamma)
        optimal = cheapest(advantages(mdp, value)).min() >= -tie
        if optimal and mdp.start @ value >= level - slack:
            return None, value
        # An optimal value below the level only needs its policy; else sweep before evaluating.
        line = problem.line(swept(mdp, value, 0 if optimal else N_SWEEPS))
        if line.at(multiplier) < level - slack:
            return line, value
        lowered = np.minimum(value, line.values_at(multiplier))
        if not lowered.sum() < value.sum():
            return None, value
        value = lowered


def lowest_line(problem: PricedMDP, multiplier: float, value: Floats, level: float) -> Line | None:
    """Find an optimal line at ``multiplier`` if it is below ``level``; arguments as there."""
    best = None
    while True:
        line, value = lower_line(problem, multiplier, value, level)
        if line is None:
            return best
        best, level = line, line.at(multiplier)
        value = np.minimum(value, line.values_at(multiplier))


def swept(mdp: FiniteMDP, value: Floats, n_sweeps: int) -> Indices:
    """Actions greedy after some sweeps of value iteration, (S,)."""
    for _ in range(n_sweeps):
        value = sweep(mdp, value)
    return greedy(bellman_q(mdp, value))


def tied_actions(mdp: FiniteMDP, value: Floats) -> NDArray[np.bool_]:
    """Actions as good as the best within rounding, (S, A), given optimal values (S,)."""
    table = advantages(mdp, value)
    tied = table <= rounding(mdp, float(np.abs(value).max()))
    tied[np.arange(len(value)), greedy(table)] = True
    return tied


def _least(first: FiniteMDP, second: FiniteMDP, start: Indices | None) -> Indices:
    """Minimise the cost of ``first``, then among its optima the cost of ``second``."""
    best = policy_iteration(first, start)
    remaining = with_fewer_actions(second, tied_actions(first, best.value))
    allowed = remaining.allowed[np.arange(len(best.actions)), best.actions].all()
    return policy_iteration(remaining, best.actions if allowed else None).actions
