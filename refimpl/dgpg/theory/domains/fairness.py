"""Fairness between servers and fairness between users [DG-PG App. C.1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def jain_index(utilization: Floats) -> float:
    """Return Jain's index ``(sum u)^2 / (n sum u^2)``, 1 if all are equal.

    At a given mean it is a decreasing function of the variance and of nothing else.
    """
    return float(utilization.sum() ** 2 / (utilization.size * (utilization**2).sum()))


def dominant_shares(tasks: Floats, demand: Floats, capacity: Floats) -> Floats:
    """Return every user's largest share of any resource, (U,) [DG-PG App. C.1].

    Parameters
    ----------
    tasks : (U,) array
        Tasks of each user that run.
    demand : (U, R) array
        Of one task.
    capacity : (R,) array
        Of the whole system.
    """
    return np.asarray((tasks[:, None] * demand / capacity).max(axis=1))


def dominant_resource_fair(demand: Floats, capacity: Floats) -> Floats:
    """Tasks (U,) at which all dominant shares are equal and a resource is full [DG-PG App. C.1].

    Raises
    ------
    ValueError
        If a user demands nothing or a capacity is not positive.
    """
    if not (capacity > 0).all():
        raise ValueError(f"capacity must be > 0; got {capacity}")
    per_task = (demand / capacity).max(axis=1)
    if not (per_task > 0).all():
        raise ValueError(f"demand must be positive in some resource; got {demand.tolist()}")
    share = 1.0 / float(((demand / per_task[:, None]).sum(axis=0) / capacity).max())
    return np.asarray(share / per_task)
