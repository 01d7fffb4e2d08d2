"""On which clusters the rollouts of an episode run [DG-PG App. H.1]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refimpl.dgpg.model.scenario import (
    Scenario,
    sample_clusters,
    sample_scenario,
    sample_workload,
)
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.shared.seeds import generator

Scenarios = Callable[[SystemSettings, int, int, int], Scenario]
"""``scenarios(system, rollouts, seed, episode) -> Scenario``."""


def fresh_clusters(system: SystemSettings, rollouts: int, seed: int, episode: int) -> Scenario:
    """Draw the servers of every rollout anew, as the paper does."""
    return sample_scenario(system, rollouts, generator(seed, "dgpg", "scenario", episode))


def fixed_cluster(system: SystemSettings, rollouts: int, seed: int, episode: int) -> Scenario:
    """Draw the servers once per run, the same for all rollouts and episodes."""
    capacity, efficiency = (
        np.repeat(part, rollouts, axis=0)
        for part in sample_clusters(system, 1, generator(seed, "dgpg", "cluster"))
    )
    rng = generator(seed, "dgpg", "scenario", episode)
    return sample_workload(system, capacity, efficiency, rng)
