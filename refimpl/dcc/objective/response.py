"""Exact responses of devices to any budget and any crowd, by look-up [DCC eq. 12, Prop. 3].

Offloading costs ``d(1 + others)`` each time, so the approximate cost of a policy is its local cost
plus ``d(1 + others)`` times its discounted count. Minimise in two stages, first over policies with
a given count, then over the count ``b``:

    V_i(theta_i, others) = min { W_i(b) + d(1 + others) b  :  b <= theta_i / (1 - gamma) },

where ``W_i`` is the local value as a function of a budget on the discounted count: convex,
non-increasing, piecewise linear, and *free of congestion, of the others and of theta*. One budget
sweep per device thus answers every question about it: value, optimal counts, multipliers and both
one-sided derivatives are interpolations.

Convention: ``budgets`` and ``others`` are frequencies; ``counts`` are discounted counts. Where an
optimum is not unique an interval is given. With free offloading (``d = 0``) optima may offload
more than they need; counts beyond the least optimal one are left out, because no one-sided
derivative depends on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.budget_sweep import BudgetCurve, budget_sweep
from lp_solvers.finite_mdp import FiniteMDP, deterministic
from lp_solvers.occupancy import occupancy_of_policy, policy_from_occupancy
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.exact import offload_cost
from refimpl.dcc.objective.local import checked_budgets

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ResponseCurves:
    """Local values of N devices as functions of their discounted counts.

    Attributes
    ----------
    counts : (N, K) float
        Breakpoints of each device's curve, from 0 to the least count of its free optimum; shorter
        curves are padded with their last point.
    values : (N, K) float
        Least local cost with at most that count.
    tolerance : (N,) float
        Difference of counts that rounding explains; within it a budget is at a breakpoint.
    gamma : float
        Discount factor, common to all devices.
    """

    counts: Floats
    values: Floats
    tolerance: Floats
    gamma: float

    @property
    def n_devices(self) -> int:
        """Number of devices N."""
        return len(self.counts)

    @property
    def slopes(self) -> Floats:
        """Slopes of the segments, (N, K-1), increasing and negative; 0 on padding."""
        width = np.diff(self.counts, axis=1)
        rise = np.diff(self.values, axis=1)
        return np.asarray(np.where(width > 0.0, rise, 0.0) / np.where(width > 0.0, width, 1.0))

    @property
    def useful_budgets(self) -> Floats:
        """Budgets beyond which a device gains nothing even if offloading is free, (N,)."""
        return np.asarray(self.counts[:, -1] * (1.0 - self.gamma))


@dataclass(frozen=True, eq=False)
class Responses:
    """Exact answers of N devices at one vector of budgets; intervals as (low, high) pairs.

    Attributes
    ----------
    values : (N,) float
        V_i, optimal discounted approximate cost.
    counts : pair of (N,) float
        Least and largest optimal discounted count.
    multipliers : pair of (N,) float
        Least and largest optimal multiplier; ``inf`` at budget 0.
    local : pair of (N,) float
        Left and right derivative of V_i by the own budget, ``-multiplier / (1 - gamma)``.
    coupling : pair of (N,) float
        Left and right derivative of V_i by the others' budgets, ``d'(1 + others) * count``.
    """

    values: Floats
    counts: tuple[Floats, Floats]
    multipliers: tuple[Floats, Floats]
    local: tuple[Floats, Floats]
    coupling: tuple[Floats, Floats]


def local_budget_curve(mdp: FiniteMDP) -> BudgetCurve:
    """Exact curve W of one device: least local cost against discounted offloading count."""
    return budget_sweep(mdp, offload_cost(mdp))


def response_curves(curves: Sequence[BudgetCurve], gamma: float) -> ResponseCurves:
    """Stack the curves of N devices with a common discount factor.

    Raises
    ------
    ValueError
        If there is no curve, ``gamma`` is outside [0, 1), or a device cannot do without offloading.
    """
    if not curves:
        raise ValueError("curves must hold at least one device; got none")
    if not 0.0 <= gamma < 1.0:
        raise ValueError(f"gamma must be in [0, 1); got {gamma}")
    for i, curve in enumerate(curves):
        if curve.minimum_budget > curve.tolerance:
            raise ValueError(f"curves must start at count 0; curve {i} at {curve.minimum_budget}")
    size = max(2, *(len(curve.budgets) for curve in curves))
    counts = np.array([_padded(curve.budgets, size) for curve in curves])
    counts[:, 0] = 0.0
    return ResponseCurves(
        counts,
        np.array([_padded(curve.values, size) for curve in curves]),
        np.array([curve.tolerance for curve in curves]),
        gamma,
    )


def respond(
    curves: ResponseCurves, budgets: ArrayLike, others: ArrayLike, congestion: Congestion
) -> Responses:
    """Values, multipliers and one-sided derivatives of all devices [DCC eq. 12] [DCC Fig. 6].

    Parameters
    ----------
    curves : ResponseCurves
        Of N devices.
    budgets : (N,) array
        theta_i, in [0, 1].
    others : (N,) array
        theta_{-i}; normally :func:`~refimpl.dcc.objective.local.others_of` the budgets, but any
        numbers >= 0 (that is what finite differences perturb).
    congestion : Congestion
        Penalty d.

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.
    """
    theta, crowd = checked_budgets(budgets), 1.0 + np.asarray(others, dtype=np.float64)
    if not theta.shape == crowd.shape == (curves.n_devices,):
        raise ValueError(
            f"budgets and others must have shape ({curves.n_devices},); "
            f"got {theta.shape} and {crowd.shape}"
        )
    price, rest = congestion.penalty(crowd), 1.0 - curves.gamma
    limit = theta / rest
    slopes = curves.slopes + price[:, None]  # of W(b) + d b
    free = (
        _at(curves.counts, (slopes < 0.0).sum(axis=1)),
        _at(curves.counts, (slopes <= 0.0).sum(axis=1)),
    )
    counts = np.minimum(limit, free[0]), np.minimum(limit, free[1])
    multipliers = _multipliers(curves, slopes, limit)
    slope = congestion.derivative(crowd)
    return Responses(
        values=_interpolate(curves, counts[0]) + price * counts[0],
        counts=counts,
        multipliers=multipliers,
        local=(-multipliers[1] / rest, -multipliers[0] / rest),
        coupling=(slope * counts[1], slope * counts[0]),
    )


def _padded(points: Floats, size: int) -> Floats:
    return np.pad(points, (0, size - len(points)), mode="edge")


def _multipliers(curves: ResponseCurves, slopes: Floats, limit: Floats) -> tuple[Floats, Floats]:
    """Interval ``[-right slope, -left slope]`` of the priced curve at ``limit``, cut at 0."""
    counts, near = curves.counts, curves.tolerance[:, None]
    right = (counts[:, 1:] <= limit[:, None] + near).sum(axis=1)
    left = (counts < limit[:, None] - near).sum(axis=1) - 1
    padded = np.concatenate([slopes, np.zeros((len(slopes), 1))], axis=1)  # flat beyond the end
    low = np.maximum(0.0, -_at(padded, right))
    high = np.where(left < 0, np.inf, np.maximum(0.0, -_at(padded, np.maximum(left, 0))))
    return low, high


def optimal_policy(mdp: FiniteMDP, curve: BudgetCurve, count: float) -> Floats:
    """Policy (S, A) of least local cost with at most a given discounted count.

    On an edge of the curve it mixes the occupancies of the two policies at its ends, which differ
    in one state, or in more if there are ties.

    Parameters
    ----------
    mdp : FiniteMDP
        The device.
    curve : BudgetCurve
        Its :func:`local_budget_curve`.
    count : float
        Discounted count; beyond the curve, the last vertex.

    Raises
    ------
    ValueError
        If ``count`` is negative or NaN.
    """
    if not count >= 0.0:
        raise ValueError(f"count must be >= 0; got {count}")
    right = int(np.searchsorted(curve.budgets, count))
    ends = [deterministic(curve.actions[k], mdp.n_actions) for k in _ends(curve, right)]
    if len(ends) == 1:
        return ends[0]
    share = (count - curve.budgets[right - 1]) / np.diff(curve.budgets)[right - 1]
    low, high = (occupancy_of_policy(mdp, policy) for policy in ends)
    return policy_from_occupancy((1.0 - share) * low + share * high, mdp.allowed, ends[0])


def _ends(curve: BudgetCurve, right: int) -> tuple[int, ...]:
    """Vertices at the ends of the edge on whose right end is ``right``; one outside the curve."""
    last = len(curve.budgets) - 1
    return (min(right, last),) if right in (0, last + 1) else (right - 1, right)


def _interpolate(curves: ResponseCurves, counts: Floats) -> Floats:
    """Local values at counts within the curves, (N,)."""
    segment = np.clip(
        (curves.counts <= counts[:, None]).sum(axis=1) - 1, 0, curves.counts.shape[1] - 2
    )
    start = _at(curves.counts, segment)
    return _at(curves.values, segment) + _at(curves.slopes, segment) * (counts - start)


def _at(table: Floats, columns: Indices) -> Floats:
    """Entry ``columns[i]`` of each row ``i``."""
    return np.asarray(np.take_along_axis(table, columns[:, None], axis=1)[:, 0])
