"""Tuning of the tabular methods, with grid, budget and games fixed in advance.

Both sides get twelve configurations, a quarter of the full number of learning steps (25 000 per
solve), and the same three games of 20 devices, disjoint from every game that a claim is tested on.
The score is the mean true joint cost per agent over the last four points of the learning curve; the
best configuration is what the presets ``dcc-ours`` and ``iql-tuned`` hold, for all sizes.

* Independent Q-learning: step size (constant 0.05, 0.5/n^0.51, 1/n^0.6) x first value (0, 46)
  x averaged share of the policy (0, 0.5).
* Coordination, multiplier variant, continued solves: step size (the same three) x multiplier rate
  (1, 4) x decay of the outer rate (0.5, 1).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.train.coordination import Method, coordinate
from refimpl.dcc.train.gradients import multiplier_substitution, normalised_step
from refimpl.dcc.train.iql import independent_q, own_cost
from refimpl.dcc.train.population import Population, draw_population
from refimpl.dcc.train.presets import DCC_OURS, IQL_PUBLISHED
from refimpl.dcc.train.settings import QSettings
from refimpl.dcc.train.solvers import continued
from refimpl.ledger import Arrays, Job

N_DEVICES = 20
GAMES = (10_000, 10_001, 10_002)

STEP_SIZES = ((0.05, 0.0), (0.5, 0.51), (1.0, 0.6))
IQL_GRID = tuple(product(STEP_SIZES, (0.0, 46.0), (0.0, 0.5)))
DCC_GRID = tuple(product(STEP_SIZES, (1.0, 4.0), (0.5, 1.0)))


def iql_settings(configuration: int, steps: int) -> QSettings:
    """Return one configuration of :data:`IQL_GRID`, for ``steps`` steps."""
    (size, exponent), q_start, averaged = IQL_GRID[configuration]
    return replace(
        IQL_PUBLISHED.settings,
        steps=steps,
        q_start=q_start,
        step_size=size,
        step_exponent=exponent,
        averaged=averaged,
    )


def dcc_settings(configuration: int, steps: int) -> tuple[QSettings, float]:
    """Return one configuration of :data:`DCC_GRID`: settings and decay of the outer rate."""
    (size, exponent), multiplier_rate, outer_decay = DCC_GRID[configuration]
    settings = replace(
        DCC_OURS.settings,
        steps=steps,
        step_size=size,
        step_exponent=exponent,
        multiplier_rate=multiplier_rate,
    )
    return settings, outer_decay


def tune_iql(
    configuration: int, steps: int, seed: int, checkpoint: Path | str | None = None
) -> Arrays:
    """Learning curve of one configuration of independent Q-learning, ``16 * steps`` steps."""
    settings = iql_settings(configuration, 16 * steps)
    result = independent_q(_games(seed), own_cost, settings, 16, seed, checkpoint)
    return {key: result[key] for key in ("steps", "cost", "use", "violation")}


def tune_dcc(
    configuration: int, steps: int, seed: int, checkpoint: Path | str | None = None
) -> Arrays:
    """Learning curve of one configuration of coordination, 16 solves of ``steps`` steps."""
    settings, outer_decay = dcc_settings(configuration, steps)
    population = _games(seed)
    method = Method(
        continued(population, settings),
        multiplier_substitution,
        normalised_step(1.0, outer_decay),
        f"tuning {configuration}",
    )
    first = np.zeros((population.n_games, population.n_devices))
    result = coordinate(population, method, first, 15, seed, checkpoint)
    return {key: result[key] for key in ("steps", "cost", "use", "violation")}


def jobs(steps: int, seed: int) -> tuple[Job, ...]:
    """All configurations of both methods as jobs."""
    return tuple(
        Job(f"dcc/tuning/{name}/{k}/steps{steps}/seed{seed}", function, (k, steps, seed))
        for name, function, grid in (("iql", tune_iql, IQL_GRID), ("dcc", tune_dcc, DCC_GRID))
        for k in range(len(grid))
    )


def _games(seed: int) -> Population:
    return draw_population(seed, N_DEVICES, GAMES, power_law())
