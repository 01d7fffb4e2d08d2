"""Exact solution of a constrained MDP with one budget, by cutting planes on its dual.

The dual function ``g(y) = h(y) - y * budget`` (see :mod:`lp_solvers.dual_lines`) is concave and
piecewise linear. Keep two policies, one that exceeds the budget and one that meets it, and the
multiplier at which their lines cross. If no policy beats them there, the crossing is the optimal
multiplier, both policies are optimal at it, and the mixture of their occupancies that meets the
budget exactly is optimal. Otherwise the better policy found replaces one of the two. About ten
factorisations solve problems with thousands of pairs.

Nothing rests on the search: the result carries the certificate of the linear program and a
re-evaluation of its policy, as every other solution does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers.certificate import verify_farkas
from lp_solvers.constrained_mdp import CMDPSolution, ConstrainedMDP, certified_solution, cmdp_lp
from lp_solvers.dual_lines import (
    N_SWEEPS,
    Line,
    PricedMDP,
    crossing,
    lower_line,
    swept,
    tied_actions,
)
from lp_solvers.errors import FarkasRay, InfeasibleError
from lp_solvers.finite_mdp import greedy
from lp_solvers.policy_iteration import advantages, swept_actions
from lp_solvers.value_iteration import rounding

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Bracket:
    """Optimal policies at ``multiplier`` on both sides of the budget, and optimal values there.

    ``left`` is None when an unconstrained optimum meets the budget. A budget that falls short of
    the least count by no more than can be proved is raised to it.
    """

    left: Line | None
    right: Line
    budget: float
    multiplier: float
    value: Floats


def solve(cmdp: ConstrainedMDP) -> CMDPSolution:
    """Solve a constrained MDP with one constraint exactly and fast.

    The policy randomises in at most one state. A budget that does not bind gives multiplier 0 and,
    among the optimal policies, one with the least count. At a budget where the optimal multipliers
    form an interval the smallest is returned.

    Raises
    ------
    ValueError
        If there is not exactly one constraint.
    InfeasibleError
        If no policy meets the budget; the Farkas ray is the least expected count from every state.
    CertificateError
        If the result is not optimal to 1e-9.
    """
    problem = _one_constraint(cmdp)
    found = _search(problem, cmdp)
    slack = _slack_line(problem, found)
    if slack is not None:
        return certified_solution(cmdp, _occupancy(problem, slack), np.zeros(1), slack.values[:, 0])
    occupancy = _tight_occupancy(problem, found)
    return certified_solution(cmdp, occupancy, np.array([found.multiplier]), found.value)


def multiplier_interval(cmdp: ConstrainedMDP) -> tuple[float, float]:
    """All optimal multipliers of a constrained MDP with one constraint: ``[low, high]``.

    ``-high`` and ``-low`` are the left and right derivatives of the value by the budget. The ends
    agree unless the budget is a breakpoint of the value; at the least feasible budget ``high`` is
    infinite.

    Raises
    ------
    ValueError, InfeasibleError
        As :func:`solve`.
    """
    problem = _one_constraint(cmdp)
    found = _search(problem, cmdp)
    slack = _slack_line(problem, found)
    corner = slack or found.right
    if abs(corner.count - found.budget) > problem.count_tolerance:
        # Inside an edge, or right of the last one.
        unique = 0.0 if slack else found.multiplier
        return unique, unique
    return _lower_end(problem, corner), _upper_end(problem, corner)


def _one_constraint(cmdp: ConstrainedMDP) -> PricedMDP:
    if cmdp.n_constraints != 1:
        raise ValueError(f"cmdp must have exactly one constraint; got {cmdp.n_constraints}")
    return PricedMDP(cmdp.mdp, cmdp.constraint_costs[0])


def _search(problem: PricedMDP, cmdp: ConstrainedMDP) -> _Bracket:
    """Narrow a bracket of policies until nothing beats their crossing."""
    budget = float(cmdp.budgets[0])
    first = problem.line(swept_actions(problem.mdp))
    right = first
    if first.count > budget + problem.count_tolerance:
        right = _within_budget(problem, first, cmdp)
        budget = max(budget, right.count)
    limit = budget + problem.count_tolerance
    left = first if first.count > limit else None
    while True:
        multiplier = 0.0 if left is None else crossing(left, right)
        value = right.values_at(multiplier)
        if left is not None:
            value = np.minimum(value, left.values_at(multiplier))
        line, value = lower_line(problem, multiplier, value, right.at(multiplier))
        if line is None:
            return _Bracket(left, right, budget, multiplier, value)
        left, right = (line, right) if line.count > limit else (left, line)


def _within_budget(problem: PricedMDP, first: Line, cmdp: ConstrainedMDP) -> Line:
    """Find a policy that meets the budget, at a high price if that suffices."""
    allowed = problem.mdp.allowed
    spans = np.ptp(problem.mdp.cost[allowed]), np.ptp(problem.constraint_cost[allowed])
    price = float(spans[0] / spans[1]) if min(spans) > 0.0 else 1.0
    line = problem.line(swept(problem.at(price), first.values_at(price), N_SWEEPS))
    if line.count <= cmdp.budgets[0]:
        return line
    least = problem.sparing_line(line.actions)
    scale = max(1.0, float(np.abs(least.values[:, 1]).max()))
    ray = FarkasRay(np.array([1.0 / scale]), least.values[:, 1] / scale)
    if verify_farkas(cmdp_lp(cmdp), ray):
        raise InfeasibleError(
            f"budgets must be at least {least.count!r}, the least expected discounted count; "
            f"got {float(cmdp.budgets[0])!r}",
            ray,
        )
    return least


def _slack_line(problem: PricedMDP, found: _Bracket) -> Line | None:
    """Unconstrained optimum of least count if it meets the budget, else None."""
    if found.left is not None:
        largest = float(np.abs(found.right.values[:, 0]).max())
        noise = rounding(problem.mdp, largest) / (1.0 - problem.mdp.gamma)
        if found.right.cost - found.left.cost > noise:
            return None
    cheapest = problem.cheapest_line(found.right.actions)
    return cheapest if cheapest.count <= found.budget + problem.count_tolerance else None


def _tight_occupancy(problem: PricedMDP, found: _Bracket) -> Floats:
    """Occupancy (S, A) of the optimal mixture that meets the budget exactly."""
    left, right = _one_switch(problem, found) if _n_switches(found) > 1 else _lines(found)
    gap, wanted = left.count - right.count, found.budget - right.count
    share = min(1.0, max(0.0, wanted / gap)) if gap > 0.0 else 0.0
    return share * _occupancy(problem, left) + (1.0 - share) * _occupancy(problem, right)


def _occupancy(problem: PricedMDP, line: Line) -> Floats:
    table = np.zeros(problem.mdp.cost.shape)
    table[np.arange(len(line.visits)), line.actions] = line.visits
    return table


def _n_switches(found: _Bracket) -> int:
    """Count the states in which the mixture of the two policies randomises."""
    left, right = _lines(found)
    both = (left.visits > 0.0) & (right.visits > 0.0)
    return int(np.sum(both & (left.actions != right.actions)))


def _one_switch(problem: PricedMDP, found: _Bracket) -> tuple[Line, Line]:
    """Narrow a degenerate bracket to two policies that differ in one state only.

    Both policies are optimal at the multiplier, so an action of either is tied with the best in
    every state that it visits; elsewhere it is replaced by the best. Then every policy between the
    two is optimal as well, and halving the set of differing states keeps the budget bracketed.
    """
    left, right = _lines(found)
    mdp = problem.at(found.multiplier)
    tied, best = tied_actions(mdp, found.value), greedy(advantages(mdp, found.value))
    states = np.arange(mdp.n_states)
    high, low = (
        problem.line(np.where(tied[states, line.actions], line.actions, best))
        for line in (left, right)
    )
    if not low.count <= found.budget <= high.count:
        # The replacements moved a count across the budget, by rounding: keep what is proved.
        return left, right
    while True:
        differing = np.flatnonzero(high.actions != low.actions)
        if len(differing) <= 1:
            return high, low
        half = differing[: len(differing) // 2]
        actions = high.actions.copy()
        actions[half] = low.actions[half]
        middle = problem.line(actions)
        high, low = (middle, low) if middle.count > found.budget else (high, middle)


def _lines(found: _Bracket) -> tuple[Line, Line]:
    return found.right if found.left is None else found.left, found.right


def _lower_end(problem: PricedMDP, corner: Line) -> float:
    """Least multiplier at which ``corner`` is optimal."""
    other = problem.cheapest_line(corner.actions)
    if other.count - corner.count <= problem.count_tolerance:
        return 0.0
    while True:
        multiplier = crossing(other, corner)
        line = _beat(problem, multiplier, corner, other)
        if line is None:
            return multiplier
        other = line


def _upper_end(problem: PricedMDP, corner: Line) -> float:
    """Largest multiplier at which ``corner`` is optimal; infinite if its count is the least."""
    other = problem.sparing_line(corner.actions)
    if corner.count - other.count <= problem.count_tolerance:
        return np.inf
    while True:
        multiplier = crossing(corner, other)
        line = _beat(problem, multiplier, corner, other)
        if line is None:
            return multiplier
        other = line


def _beat(problem: PricedMDP, multiplier: float, corner: Line, other: Line) -> Line | None:
    value = np.minimum(corner.values_at(multiplier), other.values_at(multiplier))
    return lower_line(problem, multiplier, value, corner.at(multiplier))[0]
