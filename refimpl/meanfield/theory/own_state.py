"""The best rule of a small system, exactly: what an own-state rule can reach and what it misses.

The gradient is exact, so a quasi-Newton method on the box [0, 1]^M ends at a stationary point to
rounding. That it is the global optimum is not proven; several starts that end at the same value
make it likely.

On a regular graph a constant added to all offload probabilities changes nothing: ``1 - p_i`` falls
by as much as the mean of the neighbours rises. OWN = RND is the case of constant rules. A best
own-state rule is then only determined up to a constant, within [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from refimpl.meanfield.objective.exact import ExactObjective

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Optimum:
    """Stationary point of the expected drops in the box of probabilities.

    Attributes
    ----------
    table : (M,) float
        Offload probabilities by entry of the observation.
    value : float
        Expected drops per queue.
    residual : float
        Largest entry of the projected gradient: 0 exactly at a stationary point.
    """

    table: Floats
    value: float
    residual: float


def optimal_table(
    objective: ExactObjective, start: ArrayLike | None = None, tolerance: float = 1e-13
) -> Optimum:
    """Descend to a best table from ``start``, by default one half everywhere.

    Ends when a step lowers the value by less than ``tolerance``, relatively.

    Raises
    ------
    TooLargeError
        If the system is too large.
    """
    first = np.full(objective.size, 0.5) if start is None else np.asarray(start, dtype=np.float64)
    found = minimize(
        objective.value_and_gradient,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * objective.size,
        options={"ftol": tolerance, "gtol": 1e-9, "maxiter": 1000},
    )
    table = np.clip(found.x, 0.0, 1.0)
    value, gradient = objective.value_and_gradient(table)
    return Optimum(table, value, float(np.abs(projected_gradient(table, gradient)).max()))


def projected_gradient(table: Floats, gradient: Floats, edge: float = 0.0) -> Floats:
    """Gradient without the parts that push out of the box ``[edge, 1 - edge]``."""
    stuck = ((table <= edge) & (gradient > 0)) | ((table >= 1.0 - edge) & (gradient < 0))
    return np.where(stuck, 0.0, gradient)
