"""Solvers for the outer loop: tabular Q-learning, cold or continued, and exact programs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.simulator import repeat
from refimpl.dcc.train.constrained_q import Learned, Task, learn
from refimpl.dcc.train.coordination import Solution, Solver
from refimpl.dcc.train.evaluation import policy_values
from refimpl.dcc.train.population import Population
from refimpl.dcc.train.settings import QSettings

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]


def cold(population: Population, settings: QSettings) -> Solver:
    """Q-learning that starts afresh at every point."""
    return Solver(
        partial(_solve_cold, population=population, settings=settings),
        settings.steps,
        f"q-learning, cold, {settings!r}",
    )


def continued(population: Population, settings: QSettings) -> Solver:
    """Q-learning that continues from the tables and multipliers of the last base point."""
    return Solver(
        partial(_solve_continued, population=population, settings=settings),
        settings.steps,
        f"q-learning, continued, {settings!r}",
    )


def _solve_cold(
    budgets: Floats,
    others: Floats,
    rng: np.random.Generator,
    carry: Arrays,
    population: Population,
    settings: QSettings,
) -> Solution:
    del carry
    task = _task(population, budgets, others)
    return _solution(population, task, learn(task, settings, rng), budgets.shape)


def _solve_continued(
    budgets: Floats,
    others: Floats,
    rng: np.random.Generator,
    carry: Arrays,
    population: Population,
    settings: QSettings,
) -> Solution:
    task = _task(population, budgets, others)
    start = None
    if carry:
        q = np.concatenate([carry["q"]] * len(budgets))
        start = Learned(q, np.tile(carry["multipliers"], len(budgets)), q)
    learned = learn(task, settings, rng, start)
    solution = _solution(population, task, learned, budgets.shape)
    rows = population.batch.n_rows
    carried = {"q": learned.q[-rows:], "multipliers": learned.multipliers[-rows:]}
    return replace(solution, carry=carried)


def _task(population: Population, budgets: Floats, others: Floats) -> Task:
    penalties = population.congestion.penalty(1.0 + others)
    batch = repeat(population.batch, len(budgets))
    return Task(batch, np.ravel(penalties), np.ravel(budgets))


def _solution(
    population: Population, task: Task, learned: Learned, shape: tuple[int, ...]
) -> Solution:
    """Evaluate learned policies exactly, on the model that they were learned without."""
    n_points, rows = shape[0], population.batch.n_rows
    policies = learned.policies.reshape(n_points, rows, *learned.policies.shape[1:])
    parts = [policy_values(population.model, p) for p in policies]
    local = np.concatenate([cost for cost, _ in parts])
    use = np.concatenate([used for _, used in parts])
    scale = 1.0 / (1.0 - population.gamma)
    paid = task.penalties * use + learned.multipliers * (use - task.budgets)
    values = local + scale * paid
    return Solution(
        values.reshape(shape), learned.multipliers.reshape(shape), use.reshape(shape), policies, {}
    )
