"""Best budgets, exactly: coordinate minimisation with a certificate [DCC eq. 4].

At an optimum no budget is left unused (a slack one charges the others for nothing), so minimise
over discounted counts ``b`` instead of budgets ``theta = (1 - gamma) b``:

    F(b) = sum_i [ W_i(b_i) + d(1 + (1 - gamma) sum_{j != i} b_j) b_i ].

One coordinate at a time this is a convex piecewise linear function plus a smooth one, which is
convex (concave) if ``d`` is: the minimum is found by bisection over breakpoints and one root (by
comparing breakpoints). Updates never raise F, which is V with all budgets used, and a point that
no update lowers is stationary for V in the sense that matters at kinks: 0 lies between the left
and right derivative of every coordinate. Neither function is convex (the coupling is bilinear, and
a device that meets a larger crowd may leave budget unused), so this is a local optimum: another
start, or a far point on one coordinate, may be better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.objective.coordination import objective, one_sided_derivatives
from refimpl.dcc.objective.local import checked_budgets, others_of
from refimpl.dcc.objective.response import ResponseCurves, respond

Floats = NDArray[np.float64]
Slope = Callable[[float], float]

STATIONARY = 1e-9
"""Largest violation of stationarity accepted, relative to the size of the derivatives' parts."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """Stationary budgets and the proof.

    Attributes
    ----------
    budgets : (N,) float
        theta.
    value : float
        V(theta).
    left, right : (N,) float
        One-sided derivatives of V by each budget; 0 lies between them, up to ``residual``.
    residual : float
        Largest distance of 0 from an interval [left, right]; 0 at a kink.
    trace : (n_sweeps + 1,) float
        V at the start and after every sweep over the counts, non-increasing.
    """

    budgets: Floats
    value: float
    left: Floats
    right: Floats
    residual: float
    trace: Floats

    @property
    def kinks(self) -> NDArray[np.bool_]:
        """Coordinates whose optimum is on a kink or the boundary, (N,)."""
        return self.left < self.right - STATIONARY


class NotStationaryError(ArithmeticError):
    """The sweeps ended before a stationary point was reached."""


def optimise_budgets(
    curves: ResponseCurves,
    congestion: Congestion,
    budgets: ArrayLike | None = None,
    max_sweeps: int = 1000,
) -> Optimum:
    """Minimise V over the budgets by exact minimisation over one count at a time [DCC eq. 4].

    Parameters
    ----------
    curves : ResponseCurves
        Of N devices.
    congestion : Congestion
        Penalty d, of one curvature.
    budgets : (N,) array, optional
        Start; the paper's 0 if omitted. Different starts may end in different optima.
    max_sweeps : int
        Largest number of sweeps over all coordinates.

    Raises
    ------
    ValueError
        If ``budgets`` is not a point of [0, 1]^N.
    NotStationaryError
        If ``max_sweeps`` sweeps do not suffice.
    """
    rest = 1.0 - curves.gamma
    theta = np.zeros(curves.n_devices) if budgets is None else checked_budgets(budgets)
    trace = [objective(curves, theta, congestion)]
    minimum = _concave_coordinate if congestion.curvature < 0 else _convex_coordinate
    for _ in range(max_sweeps):
        # Giving back unused budget first makes every sweep lower V itself, not only F.
        counts = respond(curves, theta, others_of(theta), congestion).counts[0]
        for i in range(curves.n_devices):
            counts[i] = minimum(curves, counts, i, congestion)
        before, theta = theta, np.minimum(counts * rest, 1.0)
        trace.append(objective(curves, theta, congestion))
        if np.abs(theta - before).max() <= rest * float(curves.tolerance.max()):
            break
    optimum = certify(curves, congestion, theta, np.array(trace))
    scale = max(1.0, float(np.abs(curves.slopes).max()) / rest)
    if optimum.residual > STATIONARY * scale:
        raise NotStationaryError(
            f"max_sweeps = {max_sweeps} must suffice for a stationary point; "
            f"residual {optimum.residual:.3g}"
        )
    return optimum


def certify(
    curves: ResponseCurves, congestion: Congestion, budgets: ArrayLike, trace: Floats
) -> Optimum:
    """Evaluate V, its one-sided derivatives and the distance from stationarity at any budgets."""
    theta = checked_budgets(budgets)
    left, right = one_sided_derivatives(curves, theta, congestion)
    residual = float(np.maximum(np.maximum(left, -right), 0.0).max())
    value = objective(curves, theta, congestion)
    return Optimum(theta, value, left, right, residual, trace)


def best_common_budget(curves: ResponseCurves, n_devices: int, congestion: Congestion) -> float:
    """Best budget that ``n_devices`` equal devices can have in common (convex d only).

    ``curves`` holds the one device. The common problem is convex, so this is its global optimum;
    different budgets for equal devices may still be better.

    Raises
    ------
    ValueError
        If ``curves`` is not of one device, ``n_devices`` is less than 1, or d is concave.
    """
    if curves.n_devices != 1:
        raise ValueError(f"curves must be of one device; got {curves.n_devices}")
    if n_devices < 1:
        raise ValueError(f"n_devices must be at least 1; got {n_devices}")
    if congestion.curvature < 0:
        raise ValueError("congestion must be convex; got curvature -1")
    rest = 1.0 - curves.gamma
    crowding = rest * (n_devices - 1)

    def slope(count: float) -> float:
        crowd = 1.0 + crowding * count
        marginal = crowding * count * congestion.derivative(crowd)
        return float(congestion.penalty(crowd) + marginal)

    return min(1.0, rest * _convex_minimum(curves.counts[0], curves.slopes[0], slope))


def _convex_coordinate(
    curves: ResponseCurves, counts: Floats, i: int, congestion: Congestion
) -> float:
    """Minimiser of F over count ``i``, for convex d."""
    rest = 1.0 - curves.gamma
    others = np.delete(counts, i)
    crowds = 1.0 + rest * np.maximum(others.sum() - others, 0.0)  # without device i
    own = float(congestion.penalty(1.0 + rest * others.sum()))

    def slope(count: float) -> float:
        return own + rest * float(others @ congestion.derivative(crowds + rest * count))

    return _convex_minimum(curves.counts[i], curves.slopes[i], slope)


def _convex_minimum(counts: Floats, slopes: Floats, slope: Slope) -> float:
    """Minimise a piecewise linear convex function plus a smooth one with increasing derivative.

    Bisection for the first breakpoint from which the sum does not fall any more; the minimum is
    there, or at the root on the segment before.
    """
    rising = np.append(slopes, 0.0)
    low, high = 0, len(counts) - 1
    while low < high:
        middle = (low + high) // 2
        if rising[middle] + slope(float(counts[middle])) >= 0.0:
            high = middle
        else:
            low = middle + 1
    at = float(counts[high])
    if high == 0 or rising[high - 1] + slope(at) <= 0.0:
        return at
    edge = float(rising[high - 1])
    return float(
        brentq(lambda x: edge + slope(x), float(counts[high - 1]), at, xtol=1e-15 * at, rtol=1e-15)
    )


def _concave_coordinate(
    curves: ResponseCurves, counts: Floats, i: int, congestion: Congestion
) -> float:
    """Minimiser of F over count ``i``, for concave d: one of the breakpoints."""
    rest = 1.0 - curves.gamma
    others = np.delete(counts, i)
    crowds = 1.0 + rest * np.maximum(others.sum() - others, 0.0)
    candidates = curves.counts[i]
    own = float(congestion.penalty(1.0 + rest * others.sum())) * candidates
    paid = congestion.penalty(crowds + rest * candidates[:, None]) @ others
    return float(candidates[np.argmin(curves.values[i] + own + paid)])
