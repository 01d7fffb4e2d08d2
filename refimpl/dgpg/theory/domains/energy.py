"""Energy, and the reward that is trained, as costs of a fluid state [DG-PG App. C.1, H.3]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def energy(load: Floats, efficiency: Floats) -> float:
    """Return ``sum_nk x_nk / eta_nk`` [DG-PG App. H.3].

    Parameters
    ----------
    load, efficiency : (N, R) array
    """
    return float((load / efficiency).sum())


def least_energy(capacity: Floats, efficiency: Floats, workload: Floats) -> Floats:
    """Fill the most efficient servers first, one resource at a time [DG-PG App. C.1].

    Parameters
    ----------
    capacity, efficiency : (N, R) array
    workload : (R,) array

    Returns
    -------
    (N, R) array

    Raises
    ------
    ValueError
        If the work does not fit.
    """
    if not (workload <= capacity.sum(axis=0)).all():
        raise ValueError(f"workload must fit into {capacity.sum(axis=0)}; got {workload}")
    order = np.argsort(-efficiency, axis=0, kind="stable")
    room = np.take_along_axis(capacity, order, axis=0)
    before = np.cumsum(room, axis=0) - room
    filled = np.clip(workload - before, 0.0, room)
    load = np.zeros_like(filled)
    np.put_along_axis(load, order, filled, axis=0)
    return load


@dataclass(frozen=True)
class TrainedCost:
    """Fluid version of the reward that is trained, with its sign turned [DG-PG App. H.3].

    Work beyond a server's capacity waits, work within it uses energy:
    ``w_q sum (x - C)^+ / d + w_e sum min(x, C) / eta / sum C``.

    Attributes
    ----------
    capacity, efficiency : (N, R) array
    job_size : (R,) array
        d, work per waiting job.
    queue_weight, energy_weight : float
    """

    capacity: Floats
    efficiency: Floats
    job_size: Floats
    queue_weight: float
    energy_weight: float

    def value(self, load: Floats) -> float:
        """Return the cost of a state (N, R)."""
        waiting = np.maximum(load - self.capacity, 0.0) / self.job_size
        used = np.minimum(load, self.capacity) / self.efficiency / self.capacity.sum()
        return float(self.queue_weight * waiting.sum() + self.energy_weight * used.sum())

    def gradient(self, load: Floats) -> Floats:
        """Return a gradient (N, R); at a full server, that of work still fitting."""
        full = load > self.capacity
        queue = np.where(full, self.queue_weight / self.job_size, 0.0)
        power = np.where(full, 0.0, 1.0 / self.efficiency)
        return np.asarray(queue + self.energy_weight * power / self.capacity.sum())
