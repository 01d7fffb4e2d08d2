"""The ready-made ways to solve a constrained or an unconstrained MDP exactly.

Each takes the plain arrays and does what its user would write: assemble, call, read the value.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from benchmarks.dcc.instances import Instance
from benchmarks.machine import installed

Solver = Callable[[Instance, float], float]


def with_linprog(instance: Instance, budget: float, method: str) -> float:
    """Least cost by SciPy."""
    flow, count = _program(instance)
    result = linprog(
        instance.cost.ravel(), count, [budget], flow, instance.start, (0, None), method=method
    )
    return float(result.fun)


def with_cvxpy(instance: Instance, budget: float, solver: str) -> float:
    """Least cost by CVXPY, model built anew."""
    cvxpy = importlib.import_module("cvxpy")
    flow, count = _program(instance)
    x = cvxpy.Variable(flow.shape[1], nonneg=True)
    rows = [flow @ x == instance.start, count @ x <= budget]
    problem = cvxpy.Problem(cvxpy.Minimize(instance.cost.ravel() @ x), rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem.solve(solver=solver)
    return float(problem.value)


def constrained_solvers(
    installed: Callable[[str], str | None] = installed,
) -> tuple[Mapping[str, Solver], Mapping[str, str]]:
    """Solvers that are installed, and why the others are skipped."""
    table: dict[str, tuple[tuple[str, ...], Solver]] = {
        "scipy linprog highs": ((), partial(with_linprog, method="highs")),
        "scipy linprog highs-ipm": ((), partial(with_linprog, method="highs-ipm")),
        "cvxpy CLARABEL": (("cvxpy", "clarabel"), partial(with_cvxpy, solver="CLARABEL")),
        "cvxpy ECOS": (("cvxpy", "ecos"), partial(with_cvxpy, solver="ECOS")),
    }
    missing = {
        name: [package for package in packages if not installed(package)]
        for name, (packages, _) in table.items()
    }
    present = {name: solve for name, (_, solve) in table.items() if not missing[name]}
    skipped = {name: f"{', '.join(m)} not installed" for name, m in missing.items() if m}
    return present, skipped


def quantecon_process(instance: Instance) -> Any:
    """QuantEcon's ``DiscreteDP`` (a maximiser) in its sparse state-action form."""
    markov = importlib.import_module("quantecon.markov")
    n_states, n_actions = instance.cost.shape
    states = np.repeat(np.arange(n_states), n_actions)
    actions = np.tile(np.arange(n_actions), n_states)
    rewards = -instance.cost.ravel()
    matrix = sp.csr_matrix(instance.transitions)
    return markov.DiscreteDP(rewards, matrix, instance.gamma, states, actions)


def _program(instance: Instance) -> tuple[sp.csr_array, sp.csr_array]:
    """Flow matrix (S, S*A) of the occupancy program, and its count row (1, S*A)."""
    n_states, n_actions = instance.cost.shape
    pairs = np.arange(n_states * n_actions)
    leaving = sp.csr_array(
        (np.ones(pairs.size), (pairs // n_actions, pairs)), shape=(n_states, pairs.size)
    )
    flow = sp.csr_array(leaving - instance.gamma * instance.transitions.T)
    return flow, sp.csr_array(instance.count.reshape(1, -1))
