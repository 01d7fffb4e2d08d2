"""What an agent sees beyond what all see: its job; and, ours, how its job would fit every server.

The observation of the paper lists the servers and, separately, the agent's job. Which server suits
the job depends on their *products*: a job that needs cores goes where cores are free. A linear
policy cannot form them and a small network hardly learns to, so it can be given them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from refimpl.dgpg.model.observations import own
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.dgpg.model.workload import mean_demand

ROUNDING = 1e-12
"""Part of the largest cost below which differences between choices are rounding."""

Floats = NDArray[np.float64]
Array = NDArray[np.floating]


@dataclass(frozen=True)
class OwnPart:
    """What is an agent's own in its observation.

    Attributes
    ----------
    features : callable
        ``features(simulation, jobs, dtype) -> (J, n)``.
    size : callable
        ``size(settings) -> n``.
    """

    features: Callable[[Simulation, Jobs, DTypeLike], Array]
    size: Callable[[SystemSettings], int]


def observed_costs(simulation: Simulation, jobs: Jobs) -> Floats:
    """Return what each job adds to the deviation on every server, as far as agents see, (J, N).

    Agents see how many jobs wait but not what these need, so each counts as a job of mean demand;
    in utilisations, exact for that load: ``<x - xr, z> + |z|^2 / 2`` with ``x`` before placement
    [DG-PG eq. 8].
    """
    waiting = simulation.queue_length[..., None] * mean_demand(simulation.settings)
    load, capacity = simulation.used + waiting, simulation.capacity
    mean = load.sum(axis=1, keepdims=True) / capacity.sum(axis=1, keepdims=True)
    excess = load / capacity - mean
    influence = jobs.demand[:, None] / capacity[jobs.rollout]
    costs: Floats = ((excess[jobs.rollout] + 0.5 * influence) * influence).sum(axis=-1)
    return costs


def demand_and_fit(simulation: Simulation, jobs: Jobs, dtype: DTypeLike = np.float64) -> Array:
    """Return the job's demand, and its cost at every server or cluster; ours.

    Costs as :func:`observed_costs` says, the mean over a cluster's servers, less their mean over
    the choices and in units of their deviation over the choices; 0 if all are equal.

    Returns
    -------
    (J, 2 + K) float
    """
    members = simulation.scenario.members
    costs = observed_costs(simulation, jobs)
    flat = members[jobs.rollout].reshape(costs.shape)
    by_choice = np.take_along_axis(costs, flat, axis=1).reshape(len(jobs), *members.shape[1:])
    means = by_choice.mean(axis=-1)
    centred = means - means.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    unequal = spread > ROUNDING * np.abs(means).max(axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=unequal)
    return np.concatenate([own(simulation, jobs), scaled], axis=1).astype(dtype)


def _two(settings: SystemSettings) -> int:
    del settings
    return 2


def _two_and_choices(settings: SystemSettings) -> int:
    return 2 + settings.n_clusters


DEMAND = OwnPart(own, _two)
"""The job's demand of cores and memory [DG-PG App. H.2]."""

DEMAND_AND_FIT = OwnPart(demand_and_fit, _two_and_choices)
"""And what it would cost at every choice; ours."""
