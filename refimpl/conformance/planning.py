"""Case of exact planning: a constrained Markov decision process."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.budget_sweep import BudgetCurve, budget_sweep
from lp_solvers.constrained_mdp import CMDPSolution, ConstrainedMDP, constrained_mdp, priced
from lp_solvers.finite_mdp import bellman_q, finite_mdp
from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw

Floats = NDArray[np.float64]

# How far an instance stays from having several answers: a hundred times the tolerance or more.
MARGIN = 1e-3


def _instance(draw: Draw) -> Arrays:
    """Random process with a budget between two breakpoints of the value, or beyond the last.

    Redrawn, which is rare, until the optimum is unique: ties would make several answers right.
    """
    n, k = draw.size(4), draw.size(3)
    gamma = draw.choice((0.5, 0.0, 0.9, 0.95))
    rng = draw.generator()
    while True:
        inputs = _candidate(rng, n, k, gamma)
        cmdp = _problem(**inputs)
        if is_unique(cmdp, lagrangian.solve(cmdp)):
            return inputs


def _candidate(rng: np.random.Generator, n: int, k: int, gamma: float) -> Arrays:
    """Small integer weights and one-digit costs: readable, every state visited."""
    arrays: Arrays = {
        "P": _distributions(rng, (n, k, n)),
        "cost": rng.integers(0, 100, (n, k)) / 10,
        "constraint_cost": rng.integers(0, 11, (n, k)) / 10,
    }
    start = _distributions(rng, (n,))
    mdp = finite_mdp(arrays["P"], arrays["cost"], gamma, start)
    budget = _budget_off_the_breakpoints(budget_sweep(mdp, arrays["constraint_cost"]), rng)
    return {**arrays, "budget": budget, "gamma": gamma, "start": start}


def _distributions(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    weights = rng.integers(1, 10, shape)
    probabilities: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return probabilities


def _budget_off_the_breakpoints(curve: BudgetCurve, rng: np.random.Generator) -> float:
    """In the middle half of an edge of the value, or beyond the last breakpoint."""
    points = np.append(curve.budgets, curve.budgets[-1] + 1)
    edge = int(rng.integers(len(points) - 1))
    return float(points[edge] + rng.uniform(0.25, 0.75) * (points[edge + 1] - points[edge]))


def is_unique(cmdp: ConstrainedMDP, solution: CMDPSolution, margin: float = MARGIN) -> bool:
    """Whether a solution of a constrained MDP with one budget is the only one, by ``margin``.

    Strict complementarity at a vertex with as many positive occupancies as binding rows: then no
    other occupancy and no other multiplier is optimal.
    """
    slack = float(cmdp.budgets[0] - solution.constraint_values[0])
    binding = abs(slack) < margin
    reduced = bellman_q(priced(cmdp, solution.multipliers), solution.state_values)
    reduced = reduced - solution.state_values[:, None]
    used = solution.occupancy > margin
    return bool(
        used.sum() == cmdp.mdp.n_states + binding
        and (reduced[~used] > margin).all()
        and (solution.multipliers[0] > margin) == binding
    )


def _problem(P: Any, cost: Any, gamma: float, start: Any, **constraint: Any) -> ConstrainedMDP:
    mdp = finite_mdp(P, cost, gamma, start)
    return constrained_mdp(mdp, constraint["constraint_cost"], constraint["budget"])


def _solution(**inputs: Any) -> Arrays:
    solution = lagrangian.solve(_problem(**inputs))
    return {
        "value": solution.value,
        "multiplier": float(solution.multipliers[0]),
        "occupancy": solution.occupancy,
    }


CMDP = Case(
    name="cmdp",
    title="constrained Markov decision process: value, multiplier and occupancy of the optimum",
    equation="min <cost, y> over y >= 0 with sum_a y(s', a) - gamma sum_{s,a} P(s, a, s') y(s, a) "
    "= start(s') and <constraint_cost, y> <= budget",
    inputs=(
        Field("P", "S x A x S", "P[s, a, s_next], transition probabilities"),
        Field("cost", "S x A", "cost per step, minimised"),
        Field("constraint_cost", "S x A", "constrained cost per step"),
        Field("budget", "scalar", "bound on its expected discounted sum, not normalised"),
        Field("gamma", "scalar", "discount factor"),
        Field("start", "S", "distribution of the first state"),
    ),
    outputs=(
        Field("value", "scalar", "least expected discounted cost, not normalised"),
        Field("multiplier", "scalar", ">= 0, minus the derivative of value by budget"),
        Field("occupancy", "S x A", "expected discounted visits, total 1 / (1 - gamma)"),
    ),
    generate=_instance,
    reference=_solution,
    tolerance=1e-5,  # what an interior-point solver reaches
)

CASES = (CMDP,)
