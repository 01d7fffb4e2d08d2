"""The least mean response of a tiny instance: by every schedule, and by an integer program."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from refimpl.scale.theory.exact import Instance


def by_enumeration(instance: Instance) -> float:
    """Every order of tasks and every assignment, each task as early as then possible."""
    tasks, servers = len(instance.work), len(instance.speed)
    best = np.inf
    for order in permutations(range(tasks)):
        for where in product(range(servers), repeat=tasks):
            best = min(best, _mean_response(instance, order, where))
    return best


def _mean_response(instance: Instance, order: tuple[int, ...], where: tuple[int, ...]) -> float:
    free, finish = [0.0] * len(instance.speed), dict[int, float]()
    for task in order:
        server = where[task]
        before = [i for i in range(len(order)) if instance.edges[i, task]]
        if not instance.fits[task, server] or any(i not in finish for i in before):
            return np.inf
        ready = max([instance.arrival[task], *(finish[i] for i in before)])
        finish[task] = max(ready, free[server]) + instance.work[task] / instance.speed[server]
        free[server] = finish[task]
    return float(np.mean([finish[i] - instance.arrival[i] for i in finish]))


def by_integer_program(instance: Instance) -> float:
    """Assignment ``x``, start ``s``, and for each pair who is first if they share a server.

    ``s_j >= s_i + tau_i`` if j needs i; for i < j on one server either that or the reverse, by
    ``y_ij`` and a constant as large as any schedule is long.
    """
    tasks, servers = instance.fits.shape
    pairs = [(i, j) for i in range(tasks) for j in range(i + 1, tasks)]
    run_time = np.where(instance.fits, instance.run_time, 0.0)
    big = float(instance.arrival.max() + run_time.max(axis=1).sum())
    n_x, n = tasks * servers, tasks * servers + tasks + len(pairs)
    rows, low = [], []

    def least(row: np.ndarray, bound: float) -> None:
        rows.append(row)
        low.append(bound)

    def after(i: int, j: int) -> np.ndarray:
        """``s_j - s_i - tau_i``."""
        row = np.zeros(n)
        row[n_x + j] += 1.0
        row[n_x + i] -= 1.0
        row[i * servers : (i + 1) * servers] -= run_time[i]
        return row

    for i in range(tasks):
        for sign in (1.0, -1.0):
            row = np.zeros(n)
            row[i * servers : (i + 1) * servers] = sign
            least(row, sign)
        for j in np.flatnonzero(instance.edges[i]):
            least(after(i, int(j)), 0.0)
    for k, (i, j) in enumerate(pairs):
        for server in range(servers):
            for first, then, sign in ((i, j, -1.0), (j, i, 1.0)):
                row = after(first, then)
                row[n_x + tasks + k] = sign * big
                row[[i * servers + server, j * servers + server]] -= big
                least(row, -2.0 * big - (big if sign < 0 else 0.0))
    cost = np.zeros(n)
    cost[:n_x] = run_time.reshape(-1) / tasks
    cost[n_x : n_x + tasks] = 1.0 / tasks
    bounds = Bounds(
        np.concatenate([np.zeros(n_x), instance.arrival, np.zeros(len(pairs))]),
        np.concatenate([instance.fits.reshape(-1), np.full(tasks, np.inf), np.ones(len(pairs))]),
    )
    whole = np.concatenate([np.ones(n_x), np.zeros(tasks), np.ones(len(pairs))])
    found = milp(
        cost,
        integrality=whole,
        bounds=bounds,
        constraints=LinearConstraint(np.array(rows), np.array(low), np.inf),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0, found.message
    return float(found.fun - instance.arrival.mean())
