"""What is subtracted from a guidance coefficient before it enters the advantage; ours.

A number that does not depend on the job's own action leaves the expected gradient as it is and may
take noise away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.dgpg.objective.guidance import Guidance, Placements

Floats = NDArray[np.float64]
N_RESOURCES = 2
Baseline = Callable[[Guidance, Simulation, Jobs, NDArray[np.floating]], Floats | float]
"""``baseline(guidance, simulation before placement, jobs, probabilities (J, A)) -> (J,)``."""


def no_baseline(
    guidance: Guidance, simulation: Simulation, jobs: Jobs, probabilities: NDArray[np.floating]
) -> float:
    """Coefficients as they are, as in the paper."""
    del guidance, simulation, jobs, probabilities
    return 0.0


def policy_mean(
    guidance: Guidance, simulation: Simulation, jobs: Jobs, probabilities: NDArray[np.floating]
) -> Floats:
    """Mean coefficient over the agent's own distribution of actions.

    Every action's coefficient is that on the state before placement, so none depends on what the
    agent does; a cluster's is the mean of its servers'.
    """
    linear, quadratic = _cluster_terms(guidance, simulation)
    demand = jobs.demand
    mean = np.zeros(len(jobs))
    first = 0
    for e, count in enumerate(jobs.counts):
        rows = slice(first, first + count)
        d = demand[rows]
        weights = probabilities[rows].astype(np.float64)
        mean[rows] = ((weights @ linear[e]) * d + (weights @ quadratic[e]) * d * d).sum(axis=1)
        first += count
    return mean


def _cluster_terms(guidance: Guidance, simulation: Simulation) -> tuple[Floats, Floats]:
    """Differentiate the coefficient by the demand and by its square, (E, K, 2) each.

    All readings are a linear term and possibly a quadratic one, found at plus and minus one unit.
    """
    load, capacity = simulation.load, simulation.capacity
    rollouts, n = simulation.rollouts, simulation.settings.n_servers
    rollout, server = np.repeat(np.arange(rollouts), n), np.tile(np.arange(n), rollouts)
    members = simulation.scenario.members
    terms = np.zeros((2, *members.shape[:2], N_RESOURCES))
    for k in range(N_RESOURCES):
        unit = np.zeros((rollouts * n, N_RESOURCES))
        unit[:, k] = 1
        plus, minus = (
            guidance(load, load, capacity, Placements(rollout, server, sign * unit))
            for sign in (1, -1)
        )
        for i, values in enumerate(((plus - minus) / 2, (plus + minus) / 2)):
            by_server = values.reshape(rollouts, n)
            terms[i, ..., k] = (
                np.take_along_axis(by_server, members.reshape(rollouts, -1), axis=1)
                .reshape(members.shape)
                .mean(axis=-1)
            )
    return terms[0], terms[1]
