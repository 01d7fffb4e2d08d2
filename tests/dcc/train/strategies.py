"""Small populations and policies for the learners, valid by construction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import N_ACTIONS, DeviceParameters
from refimpl.dcc.train.population import Population
from refimpl.dcc.train.presets import DCC_OURS
from refimpl.dcc.train.settings import QSettings
from tests.dcc.strategies import congestions, seeds

KINDS = (
    DeviceParameters(0, 2, 1, 4, max_aoi=4, battery=3, gamma=0.9),
    DeviceParameters(0, 1, 1, 3, max_aoi=4, battery=3, gamma=0.9),
    DeviceParameters(1, 1, 1, 5, max_aoi=4, battery=3, gamma=0.9),
)

BRIEF = replace(DCC_OURS.settings, steps=400, q_start=20.0, episode=20, block=40)
"""Settings of runs that last a moment."""


@st.composite
def populations(draw: st.DrawFn, max_devices: int = 4, max_games: int = 3) -> Population:
    """A few games of a few devices of three kinds."""
    n, games = draw(st.integers(1, max_devices)), draw(st.integers(1, max_games))
    chosen = draw(st.lists(st.sampled_from(KINDS), min_size=n * games, max_size=n * games))
    return Population(tuple(chosen), n, draw(congestions()))


def random_policies(population: Population, seed: int) -> NDArray[np.float64]:
    """Policies (R, S, A) with random rows, some of them deterministic."""
    rng = np.random.default_rng(seed)
    shape = (len(population.devices), population.batch.n_states)
    policies = rng.dirichlet(np.full(N_ACTIONS, 0.5), shape)
    sure = np.eye(N_ACTIONS)[rng.integers(0, N_ACTIONS, shape)]
    return np.where(rng.random(shape)[..., None] < 0.3, sure, policies)


def random_budgets(population: Population, seed: int) -> NDArray[np.float64]:
    """Budgets (E, N) in [0, 0.4], some of them 0."""
    rng = np.random.default_rng(seed)
    shape = (population.n_games, population.n_devices)
    return np.where(rng.random(shape) < 0.2, 0.0, rng.uniform(0.0, 0.4, shape))


def brief(**changes: float) -> QSettings:
    """:data:`BRIEF` with some fields replaced."""
    return replace(BRIEF, **changes)  # type: ignore[arg-type]


def pair(n_games: int = 1) -> Population:
    """Games of two devices with a linear penalty."""
    return Population(KINDS[:2] * n_games, 2, power_law())


__all__ = [
    "BRIEF",
    "KINDS",
    "brief",
    "pair",
    "populations",
    "random_budgets",
    "random_policies",
    "seeds",
]
