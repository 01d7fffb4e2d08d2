"""The compared methods, by name, each with the same number of learning steps per agent.

A method is a function ``(population, steps, seed, checkpoint) -> learning curve``; ``steps`` are
those of one constrained solve, and every learning method gets :data:`N_SOLVES` times as many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.experiments.central import train_a2c, train_mappo
from refimpl.dcc.train.coordination import Estimator, Method, Solver, StepRule, coordinate
from refimpl.dcc.train.exact_solver import exact
from refimpl.dcc.train.gradients import (
    multiplier_substitution,
    normalised_step,
    three_evaluations,
)
from refimpl.dcc.train.iql import common_cost, independent_q, own_cost
from refimpl.dcc.train.population import Population
from refimpl.dcc.train.presets import DCC_OURS, DCC_PUBLISHED, IQL_PUBLISHED, IQL_TUNED
from refimpl.dcc.train.settings import QSettings
from refimpl.dcc.train.solvers import cold, continued
from refimpl.dcc.train.tabular import Shaping

Arrays = dict[str, NDArray[Any]]
# (population, steps, seed, checkpoint) -> learning curve
Train = Callable[[Population, int, int, Path | str | None], Arrays]

ITERATIONS = 5
"""Constraint updates with three evaluations each, as in the paper."""

N_SOLVES = 1 + 3 * ITERATIONS
"""Solves per agent in ``ITERATIONS`` updates; every method gets this many times ``steps``."""

published_step = normalised_step(0.25, 1.0)
our_step = normalised_step(1.0, 1.0)
published_differences = three_evaluations(0.05, 0.25)


@dataclass(frozen=True)
class Variant:
    """A variant of coordination: its solver, estimator, step rule and number of updates."""

    solver: Callable[[Population, QSettings], Solver]
    settings: QSettings
    estimator: Estimator
    step_rule: StepRule
    iterations: int


def _exact(population: Population, settings: QSettings) -> Solver:
    del settings
    return exact(population)


VARIANTS: Mapping[str, Variant] = {
    "dcc-published": Variant(
        cold, DCC_PUBLISHED.settings, published_differences, published_step, ITERATIONS
    ),
    "dcc-ours-differences": Variant(
        continued, DCC_OURS.settings, published_differences, our_step, ITERATIONS
    ),
    "dcc-ours": Variant(
        continued, DCC_OURS.settings, multiplier_substitution, our_step, N_SOLVES - 1
    ),
    "dcc-exact-differences": Variant(
        _exact, DCC_PUBLISHED.settings, published_differences, published_step, ITERATIONS
    ),
    "dcc-exact": Variant(
        _exact, DCC_PUBLISHED.settings, multiplier_substitution, our_step, N_SOLVES - 1
    ),
}
"""Coordination as published, ours with the same three evaluations, ours with multipliers, and the
same two loops on exact programs."""

INDEPENDENT: Mapping[str, tuple[Callable[[Population], Shaping], QSettings]] = {
    "iql-published": (own_cost, IQL_PUBLISHED.settings),
    "iql-tuned": (own_cost, IQL_TUNED.settings),
    "iql-common": (common_cost, IQL_PUBLISHED.settings),
}
"""Independent Q-learning: the paper's settings, tuned ones, and with a common reward."""


def coordinated(
    population: Population,
    steps: int,
    seed: int,
    checkpoint: Path | str | None,
    name: str,
    first: float = 0.0,
) -> Arrays:
    """Learning curve of one of :data:`VARIANTS` from equal budgets ``first``."""
    variant = VARIANTS[name]
    settings = variant.settings.with_steps(steps)
    method = Method(
        variant.solver(population, settings),
        variant.estimator,
        variant.step_rule,
        f"{name}, {settings!r}",
    )
    budgets = np.full((population.n_games, population.n_devices), first)
    return coordinate(population, method, budgets, variant.iterations, seed, checkpoint)


def independent(
    population: Population, steps: int, seed: int, checkpoint: Path | str | None, name: str
) -> Arrays:
    """Learning curve of one of :data:`INDEPENDENT`, one point per ``steps``."""
    shaping, settings = INDEPENDENT[name]
    total = settings.with_steps(N_SOLVES * steps)
    return independent_q(population, shaping, total, N_SOLVES, seed, checkpoint)


def central(
    population: Population, steps: int, seed: int, checkpoint: Path | str | None, train: Train
) -> Arrays:
    """Learning curve of a centralised baseline on one game."""
    return train(population, N_SOLVES * steps, seed, checkpoint)


TABULAR: Mapping[str, Train] = {
    **{name: partial(coordinated, name=name) for name in VARIANTS},
    **{name: partial(independent, name=name) for name in INDEPENDENT},
}
"""Methods that train all games side by side."""

CENTRAL: Mapping[str, Train] = {
    "mappo": partial(central, train=train_mappo),
    "a2c": partial(central, train=train_a2c),
}
"""Methods that train one game at a time."""

METHODS: Mapping[str, Train] = {**TABULAR, **CENTRAL}
"""All learning methods by name."""
