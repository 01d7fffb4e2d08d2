"""The exact solver of the outer loop: every constrained problem by look-up on its budget curve.

One budget sweep per kind of device answers all questions about values, counts and multipliers; the
policy at a count between two vertices mixes their occupancies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lp_solvers.budget_sweep import BudgetCurve
from lp_solvers.finite_mdp import FiniteMDP, deterministic
from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.device import N_ACTIONS
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.response import (
    ResponseCurves,
    local_budget_curve,
    respond,
    response_curves,
)
from refimpl.dcc.train.coordination import Solution, Solver
from refimpl.dcc.train.population import Population

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class ExactDevices:
    """Budget curves of all rows, and the policies that lie on them.

    Parameters
    ----------
    curves : ResponseCurves
        Of all ``R`` devices.
    kinds : (R,) int
        Kind of every row.
    vertices : (K, V, S, A) float
        Occupancies of the deterministic policies at the vertices of each kind's curve, padded with
        the last one.
    """

    curves: ResponseCurves
    kinds: NDArray[np.int64]
    vertices: Floats

    def by_game(self, n_devices: int) -> list[ResponseCurves]:
        """Curves of each game of ``n_devices`` rows."""
        starts = range(0, len(self.kinds), n_devices)
        return [_rows(self.curves, slice(i, i + n_devices)) for i in starts]

    def local_values(self, counts: Floats) -> Floats:
        """Least local cost of every row with at most ``counts`` offloads, (R,)."""
        table = zip(counts, self.curves.counts, self.curves.values, strict=True)
        return np.array([np.interp(*row) for row in table])

    def policies(self, counts: Floats) -> Floats:
        """Policies (R, S, A) that attain those values."""
        before = (self.curves.counts <= counts[:, None]).sum(axis=1) - 1
        k = np.minimum(before, self.curves.counts.shape[1] - 2)
        low, high = (_at(self.curves.counts, k + i) for i in (0, 1))
        width = np.where(high > low, high - low, 1.0)
        share = np.clip((counts - low) / width, 0.0, 1.0)[:, None, None]
        visits = (1.0 - share) * self.vertices[self.kinds, k]
        visits += share * self.vertices[self.kinds, k + 1]
        total = visits.sum(axis=-1, keepdims=True)
        uniform = np.full_like(visits, 1.0 / N_ACTIONS)
        return np.asarray(np.divide(visits, total, out=uniform, where=total > 0.0))


def exact_devices(population: Population) -> ExactDevices:
    """Sweep every kind of device once."""
    distinct, kinds = population.kinds
    mdps = [device_mdp(device) for device in distinct]
    curves = [local_budget_curve(mdp) for mdp in mdps]
    responses = response_curves([curves[k] for k in kinds], population.gamma)
    size = responses.counts.shape[1]
    vertices = [_vertices(m, c, size) for m, c in zip(mdps, curves, strict=True)]
    return ExactDevices(responses, kinds, np.array(vertices))


def exact(population: Population) -> Solver:
    """Exact values, multipliers and policies; costs no learning steps.

    Convention: at a kink, and at budget 0, the least multiplier is reported: minus the right slope.
    """
    solve = partial(_solve, population=population, devices=exact_devices(population))
    return Solver(solve, 0, "exact")


def _solve(
    budgets: Floats,
    others: Floats,
    rng: np.random.Generator,
    carry: Arrays,
    population: Population,
    devices: ExactDevices,
) -> Solution:
    del rng, carry
    points = [
        respond(devices.curves, b.ravel(), o.ravel(), population.congestion)
        for b, o in zip(budgets, others, strict=True)
    ]
    counts = np.array([p.counts[0] for p in points])
    return Solution(
        np.array([p.values for p in points]).reshape(budgets.shape),
        np.array([p.multipliers[0] for p in points]).reshape(budgets.shape),
        (1.0 - population.gamma) * counts.reshape(budgets.shape),
        np.array([devices.policies(c) for c in counts]),
        {},
    )


def _vertices(mdp: FiniteMDP, curve: BudgetCurve, size: int) -> Floats:
    """Occupancies at the vertices of one curve, (size, S, A), padded with the last."""
    found = [occupancy_of_policy(mdp, deterministic(a, N_ACTIONS)) for a in curve.actions]
    return np.array(found + found[-1:] * (size - len(found)))


def _rows(curves: ResponseCurves, rows: slice) -> ResponseCurves:
    return replace(
        curves,
        counts=curves.counts[rows],
        values=curves.values[rows],
        tolerance=curves.tolerance[rows],
    )


def _at(table: Floats, columns: NDArray[np.int64]) -> Floats:
    """Entry ``columns[i]`` of each row ``i``."""
    return np.take_along_axis(table, columns[:, None], axis=1)[:, 0]
