"""The centralised baselines, one game a run, with the same number of steps per agent."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from refimpl.dcc.train import a2c, mappo
from refimpl.dcc.train.population import Population

Arrays = dict[str, NDArray[Any]]

POINTS = 20
"""Points of a learning curve, or as many as the number of updates allows."""


def train_mappo(
    population: Population, steps: int, seed: int, checkpoint: Path | str | None
) -> Arrays:
    """Learning curve of MAPPO as published, for ``steps`` slots [DCC Fig. 11].

    Raises
    ------
    ValueError
        If the population is not a single game.
    """
    _check_single(population)
    settings = mappo.PUBLISHED.settings
    schedule = _schedule(steps, settings.n_envs * settings.n_steps)
    return mappo.mappo(
        population.devices, population.congestion, settings, schedule, seed, checkpoint
    )


def train_a2c(
    population: Population, steps: int, seed: int, checkpoint: Path | str | None
) -> Arrays:
    """Learning curve of centralised A2C as published, for ``steps`` slots [DCC Fig. 12].

    Raises
    ------
    ValueError
        If the population is not a single game.
    """
    _check_single(population)
    settings = a2c.PUBLISHED.settings
    schedule = _schedule(steps, settings.n_envs * settings.update.n_steps)
    return a2c.centralised_a2c(
        population.devices, population.congestion, settings, schedule, seed, checkpoint
    )


def _check_single(population: Population) -> None:
    if population.n_games != 1:
        raise ValueError(f"population must be one game; got {population.n_games}")


def _schedule(steps: int, per_update: int) -> tuple[int, int]:
    """Return the updates in ``steps``, at least one, and a number of points that divides them."""
    updates = max(1, steps // per_update)
    return updates, math.gcd(updates, POINTS)
