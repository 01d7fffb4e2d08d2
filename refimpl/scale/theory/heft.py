"""HEFT, the list heuristic that the paper names, on an instance known beforehand [SCALE sec. 2].

Tasks in the order of their *upward rank*, the longest way to the end in mean run times, each on the
server where it ends first, in a gap between earlier ones if there is room. Moving data takes no
time here, as in the paper's system.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from refimpl.scale.model.workflows import hop_counts
from refimpl.scale.theory.exact import Instance, Schedule

Floats = NDArray[np.float64]
Slots = list[tuple[float, float]]
"""Busy intervals of a server, in order of time."""


def upward_rank(instance: Instance) -> Floats:
    """Return the longest way to the end (M,) in run times averaged over the servers that fit."""
    mean = np.where(instance.fits, instance.run_time, 0.0).sum(axis=1) / instance.fits.sum(axis=1)
    rank = np.zeros(len(mean))
    for task in np.argsort(hop_counts(instance.edges), kind="stable"):
        rank[task] = mean[task] + rank[instance.edges[task]].max(initial=0.0)
    return rank


def heft(instance: Instance) -> Schedule:
    """Return HEFT's schedule; the effort counts comparisons of times [SCALE sec. 2].

    For every task and server one per predecessor, one for the arrival and one per busy interval
    passed while looking for a gap.
    """
    tasks, servers = instance.fits.shape
    slots: list[Slots] = [[] for _ in range(servers)]
    server, start = np.zeros(tasks, np.int64), np.zeros(tasks)
    finish, effort = np.zeros(tasks), 0
    run_time = instance.run_time
    # Hop counts break ties of rank that rounding leaves between a task and its successor.
    for task in np.lexsort((-hop_counts(instance.edges), -upward_rank(instance))):
        before = np.flatnonzero(instance.edges[:, task])
        best = (math.inf, math.inf, 0)
        for j in range(servers):
            ready = max([float(instance.arrival[task]), *finish[before].tolist()])
            begun, passed = _first_gap(slots[j], ready, float(run_time[task, j]))
            effort += 1 + len(before) + passed
            best = min(best, (begun + float(run_time[task, j]), begun, j))
        finish[task], start[task], server[task] = best
        slots[best[2]] = sorted([*slots[best[2]], (best[1], best[0])])
    mean = float((finish - instance.arrival).mean())
    return Schedule(server, start, finish, mean, effort)


def _first_gap(slots: Slots, ready: float, length: float) -> tuple[float, int]:
    """Return when a task of this length can start, and how many intervals were passed."""
    begun = ready
    for passed, (start, end) in enumerate(slots):
        if begun + length <= start:
            return begun, passed
        begun = max(begun, end)
    return begun, len(slots)
