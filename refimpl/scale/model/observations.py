"""What the agent sees: the task and every server [SCALE sec. 4.1.1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from linear_models.params import Array
from refimpl.scale.model.settings import (
    COMPUTE_SCALE,
    MEMORY_SCALE,
    POWER_SCALE,
    SUCCESSOR_SCALE,
)
from refimpl.scale.model.simulator import Simulation

N_FEATURES = 5
"""Features of a task, and of a server."""


@dataclass(frozen=True)
class Observation:
    """State of E episodes as the agent sees it.

    Attributes
    ----------
    task : (E, 5) float
        ``phi``: demand / C_max, memory / M_max, successors / 5, finished share of the workflow,
        output in GB; zeros without a ready task.
    servers : (E, N, 5) float
        ``psi``: capacity / C_max, memory / M_max, seconds to the end of the running task, power /
        400 W, seconds of the transfer from the first predecessor.
    present : (E, N) bool
        Servers that are in the cluster.
    has_task : (E,) bool
    """

    task: Array
    servers: Array
    present: NDArray[np.bool_]
    has_task: NDArray[np.bool_]


def observe(sim: Simulation, dtype: DTypeLike = np.float64) -> Observation:
    """Return what the agent sees now [SCALE sec. 4.1.1]."""
    has_task = sim.task >= 0
    return Observation(
        _task(sim, has_task, dtype), _servers(sim, dtype), sim.present.copy(), has_task
    )


def _task(sim: Simulation, has_task: NDArray[np.bool_], dtype: DTypeLike) -> Array:
    here = sim.rows, sim.task
    workflow = sim.task // sim.n_tasks
    phi = np.empty((len(sim.rows), N_FEATURES), dtype)
    phi[:, 0] = sim.compute[here] / COMPUTE_SCALE
    phi[:, 1] = sim.need[here] / MEMORY_SCALE
    phi[:, 2] = sim.n_successors[here] / SUCCESSOR_SCALE
    # Without a task the last workflow stands in, which may be empty.
    size = np.maximum(sim.scenario.size[sim.rows, workflow], 1)
    phi[:, 3] = sim.finished[sim.rows, workflow] / size
    phi[:, 4] = sim.data[here]
    phi[~has_task] = 0
    return phi


def _servers(sim: Simulation, dtype: DTypeLike) -> Array:
    scenario, busy = sim.scenario, sim.running >= 0
    psi = np.empty((*busy.shape, N_FEATURES), dtype)
    psi[..., 0] = scenario.capacity / COMPUTE_SCALE
    psi[..., 1] = scenario.memory / MEMORY_SCALE
    psi[..., 2] = np.where(busy, sim.busy_until - sim.now[:, None], 0)
    psi[..., 3] = np.where(busy, scenario.busy_power, scenario.idle_power) / POWER_SCALE
    psi[..., 4] = sim.delays()
    return psi
