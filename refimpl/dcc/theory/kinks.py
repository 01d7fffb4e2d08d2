"""Where the optimal budgets sit, and which way they move with the exponent [DCC Thm. 1, Fig. 4].

``V(theta) = sum_i W_i(theta_i / (1 - gamma)) + theta_i d(1 + theta_{-i}) / (1 - gamma)`` while the
budgets bind: convex piecewise linear pieces plus a smooth coupling. Two exact consequences:

*Kinks.* With a linear penalty the coupling is ``kappa sum_{i != j} theta_i theta_j / (1 - gamma)``,
affine in each budget alone. Off the kinks V is then affine along every axis and has a Hessian with
zero diagonal and positive off-diagonal entries, which is indefinite: no point with two or more
budgets off the kinks is a local minimum unless it is degenerate. Optima therefore sit on kinks,
exactly where the gradient of Theorem 1 does not exist; what holds there is the subgradient
condition, left derivative <= 0 <= right derivative in every budget
(:func:`refimpl.dcc.objective.coordination.one_sided_derivatives`).

*Exponent.* The marginal social cost ``(beta + 1) kappa m^beta`` of ``m`` expected others falls with
``beta`` as long as ``m < exp(-1 / (beta + 1))``: in thin crowds a larger exponent makes offloading
cheaper, not dearer. The true crowd is a whole number, ``0^beta`` and ``1^beta`` do not depend on
``beta`` and larger ones rise: with the true congestion the reversal disappears.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.objective.response import ResponseCurves

Floats = NDArray[np.float64]

LARGEST_ENUMERATION = 100_000


def linear_optimum(curves: ResponseCurves, kappa: float) -> tuple[Floats, float]:
    """Budgets that minimise V globally under a linear penalty, by enumerating kinks [DCC eq. 4].

    V is affine in each budget between two of its breakpoints, so its minimum over the cell of any
    point is at a corner: some choice of breakpoints is globally optimal.

    Returns
    -------
    budgets : (N,) float
    value : float
        ``V(budgets)``, approximate cost of all devices.

    Raises
    ------
    ValueError
        If there are more than 100 000 corners.
    """
    points = [np.unique(row) * (1.0 - curves.gamma) for row in curves.counts]
    n_corners = int(np.prod([float(len(p)) for p in points]))
    if n_corners > LARGEST_ENUMERATION:
        raise ValueError(f"curves must have at most {LARGEST_ENUMERATION} corners; got {n_corners}")
    local = [
        np.interp(p / (1.0 - curves.gamma), counts, values)
        for p, counts, values in zip(points, curves.counts, curves.values, strict=True)
    ]
    corners = np.minimum(1.0, np.array(list(itertools.product(*points))))
    costs = np.array(list(itertools.product(*local))).sum(axis=1)
    crowd = corners.sum(axis=1, keepdims=True) - corners
    penalties = power_law(kappa).penalty(1.0 + np.maximum(crowd, 0.0))
    totals = costs + np.sum(corners * penalties, axis=1) / (1.0 - curves.gamma)
    best = int(np.argmin(totals))
    return corners[best], float(totals[best])


def exponent_threshold(beta: float) -> float:
    """Mean number of others below which a larger exponent lowers the social price [DCC Fig. 4].

    ``exp(-1 / (beta + 1))``, where ``d/dbeta [ (beta + 1) m^beta ] = 0``; the selfish price
    ``m^beta`` turns at 1.

    Raises
    ------
    ValueError
        If ``beta`` is not positive.
    """
    if not beta > 0.0:
        raise ValueError(f"beta must be positive; got {beta}")
    return float(np.exp(-1.0 / (beta + 1.0)))
