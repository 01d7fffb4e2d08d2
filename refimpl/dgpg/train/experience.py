"""What an episode leaves for the update."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Experience:
    """T steps of E rollouts, and n samples of active agents in order of step, rollout, agent.

    Attributes
    ----------
    n_agents : int
        N; at most so many are active in a step.
    shared : (T, E, S) float
        Shared part of the observations.
    rewards, potentials : (T, E) float
    rows : (n,) int
        ``t * E + e`` of each sample.
    own : (n, n_own) float
        Demand, scaled, and what else the settings give an agent.
    agent, actions : (n,) int
    log_probs : (n,) float
        Of the policy that acted.
    coefficients : (n,) float
        Guidance coefficients less their baseline.
    """

    n_agents: int
    shared: Array
    rewards: Floats
    potentials: Floats
    rows: Ints
    own: Array
    agent: Ints
    actions: Ints
    log_probs: Array
    coefficients: Floats

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def states(self) -> Array:
        """Shared parts (T * E, S), one row per step and rollout."""
        return self.shared.reshape(-1, self.shared.shape[-1])
