"""Coordination by budgets: the slow time-scale on any solver [DCC Algorithm 1].

One iteration moves the budgets of all devices one projected step against an estimate of the
gradient of ``sum_i V_i(budget_i, others_i)``. How the constrained problems are solved (exactly or
by learning), how the gradient is estimated (three evaluations or multipliers) and how far to step
are arguments.

Convention: the run solves once at the first budgets and then, in every iteration, at whatever
points the estimate needs and once at the new budgets, so that the last solve is at the last
budgets. With three evaluations that makes ``1 + 5 * 3`` solves, the paper's total number of steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.train.population import Population
from refimpl.dcc.train.record import add_point, empty_curve
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

_PATHS = ("budget_path", "multiplier_path", "own_path", "coupling_path")
_BASE = ("values", "multipliers", "use")


@dataclass(frozen=True)
class Solution:
    """Constrained problems of all devices, solved at ``P`` points.

    Parameters
    ----------
    values, multipliers, use : (P, E, N) float
        Discounted Lagrangian ``V_i`` (not normalised), multiplier, discounted frequency ``J_c``.
    policies : (P, E * N, S, A) float
        Policies.
    carry : dict of arrays
        What the solver wants back for a warm start at the last point; may be empty.
    """

    values: Floats
    multipliers: Floats
    use: Floats
    policies: Floats
    carry: Arrays


@dataclass(frozen=True)
class Solver:
    """How constrained problems are solved.

    Parameters
    ----------
    solve : callable
        ``solve(budgets, others, rng, carry) -> Solution`` with (P, E, N) budgets and others.
    steps : int
        Learning steps per agent that one point costs.
    name : str
        Name that spells out the settings.
    """

    solve: Callable[[Floats, Floats, np.random.Generator, Arrays], Solution]
    steps: int
    name: str


@dataclass(frozen=True)
class Estimate:
    """Gradient of the sum of values, in the two parts of eq. (16), and its price in solves.

    Parameters
    ----------
    own, coupling : (E, N) float
        ``dV_i / dbudget_i`` and ``dV_i / dothers_i``.
    n_solves : int
        Points solved for it.
    """

    own: Floats
    coupling: Floats
    n_solves: int

    @property
    def total(self) -> Floats:
        """``dV/dbudget_i = own_i + sum of the others' coupling`` [DCC eq. 16]."""
        rest: Floats = self.coupling.sum(axis=-1, keepdims=True) - self.coupling
        return self.own + rest


@dataclass(frozen=True)
class Base:
    """Where an estimate is asked for: the solved point of one iteration.

    Parameters
    ----------
    budgets, values, multipliers, use : (E, N) float
    iteration : int
        Counted from 0.
    """

    budgets: Floats
    values: Floats
    multipliers: Floats
    use: Floats
    iteration: int


Ask = Callable[[Floats, Floats], Solution]
Estimator = Callable[[Population, Base, Ask, np.random.Generator], Estimate]
StepRule = Callable[[Floats, Floats, int], Floats]


@dataclass(frozen=True)
class Method:
    """One variant of the algorithm: solver, gradient estimator and step rule.

    ``step_rule(budgets, gradient, iteration)`` returns the next budgets, in [0, 1].
    """

    solver: Solver
    estimator: Estimator
    step_rule: StepRule
    name: str


def coordinate(
    population: Population,
    method: Method,
    first: Floats,
    iterations: int,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Run the outer loop and record the learning curve [DCC Algorithm 1].

    Parameters
    ----------
    population : Population
    method : Method
        With :func:`~refimpl.dcc.train.gradients.three_evaluations` this is Algorithm 2, with
        :func:`~refimpl.dcc.train.gradients.multiplier_substitution` Algorithm 3.
    first : (E, N) float
        First budgets; the paper starts from 0.
    iterations : int
        Constraint updates; the paper makes five.
    seed : int
        Seed of the run.
    checkpoint : path-like, optional
        File to continue from and to write to after every iteration.

    Returns
    -------
    dict
        The curve of :func:`refimpl.dcc.train.record.add_point`, one point before the first update
        and one after each; at the same points ``budget_path`` and ``multiplier_path``; for each
        update ``own_path`` and ``coupling_path``; all (K, E, N). Last state under other keys.
    """
    games, n = population.n_games, population.n_devices
    if first.shape != (games, n) or first.min() < 0.0 or first.max() > 1.0:
        raise ValueError(
            f"first must hold budgets in [0, 1] of shape {(games, n)}; got shape {first.shape} "
            f"with values in [{first.min()}, {first.max()}]"
        )
    start = {**empty_curve(games), **dict.fromkeys(_PATHS, np.zeros((0, games, n)))}
    start |= {"budgets": first, "solves": np.zeros((), dtype=np.int64)}
    label = {
        "method": method.name,
        "population": population.label,
        "first": hashlib.sha256(np.ascontiguousarray(first).tobytes()).hexdigest(),
        "seed": seed,
    }
    stage = partial(_stage, population=population, method=method, seed=seed)
    return run_stages(stage, iterations + 1, start, label, checkpoint)


def _stage(k: int, state: Arrays, population: Population, method: Method, seed: int) -> Arrays:
    """Stage 0 solves at the first budgets; stage ``k`` is the ``k``-th update and its solve."""
    if k > 0:
        state = _update(k, state, population, method, seed)
    budgets = state["budgets"]
    points = budgets[None], population.others(budgets)[None]
    rng = generator(seed, "coordination", k, "solve")
    solution = method.solver.solve(*points, rng, _carry(state))
    solves = state["solves"] + 1
    state = add_point(
        state, int(solves) * method.solver.steps, population, solution.policies[0], budgets
    )
    state = _grow(state, budget_path=budgets, multiplier_path=solution.multipliers[0])
    base = {f"base_{name}": getattr(solution, name)[0] for name in _BASE}
    carry = {f"carry_{name}": array for name, array in solution.carry.items()}
    return {**state, **base, **carry, "solves": solves, "policies": solution.policies[0]}


def _update(k: int, state: Arrays, population: Population, method: Method, seed: int) -> Arrays:
    """Estimate the gradient at the solved budgets and take one step."""
    values, multipliers, use = (state[f"base_{name}"] for name in _BASE)
    base = Base(state["budgets"], values, multipliers, use, iteration=k - 1)
    rng = generator(seed, "coordination", k, "estimate")
    carry = _carry(state)
    estimate = method.estimator(
        population, base, lambda b, others: method.solver.solve(b, others, rng, carry), rng
    )
    budgets = method.step_rule(base.budgets, estimate.total, k - 1)
    state = _grow(state, own_path=estimate.own, coupling_path=estimate.coupling)
    return {**state, "budgets": budgets, "solves": state["solves"] + estimate.n_solves}


def _grow(state: Arrays, **points: Floats) -> Arrays:
    grown = {name: np.concatenate([state[name], x[None]]) for name, x in points.items()}
    return {**state, **grown}


def _carry(state: Arrays) -> Arrays:
    prefix = "carry_"
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
