"""What is best when information is old: dt -> infinity, and how fast [MF sec. 3].

When epochs are long, a queue spends nearly all of each in the stationary law of its arrival rate,
and drops at the rate ``phi(r) = r * blocking(r)`` of the M/M/1/B queue. phi is convex, so with
equal servers equal rates are best (Jensen), however they come about: RND on a regular graph, OWN on
any. Where degrees differ RND makes rates unequal and is strictly worse than OWN; where servers
differ equal rates are not the best.

For finite dt the queues forget their start within a few relaxation times; what a rule gains
from the start is a fixed number of jobs per epoch, so its gain per unit time falls as 1 / dt or
faster, and is positive for every dt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.constant_shares import stationary_drop_rates
from refimpl.shared.bounded_queue import epoch_kernel_derivative, stationary_law

Floats = NDArray[np.float64]


def drop_rate_slope(arrivals: ArrayLike, services: ArrayLike, buffer: int) -> Floats:
    """Slope of ``phi(r) = r * blocking(r)``, which is ``blocking * (1 + B - mean jobs)``.

    The stationary law is an exponential family in log r with statistic k, so
    ``d log blocking / d log r = B - E k``.
    """
    law = stationary_law(arrivals, services, buffer)
    mean = law @ np.arange(buffer + 1.0)
    return np.asarray(law[..., -1] * (1.0 + buffer - mean))


def least_slope_increase(rates: ArrayLike, buffer: int, dt: float) -> float:
    """Least increase of d(expected drops)/d(rate) between neighbouring rates, any start state.

    Non-negative means: expected drops of an epoch are convex in the rate on this grid.

    Parameters
    ----------
    rates : (K,) float
        Increasing arrival rates; service rate 1.
    """
    grid = np.asarray(rates, dtype=np.float64)
    if grid.ndim != 1 or grid.size < 2 or not (np.diff(grid) > 0).all():
        raise ValueError(f"rates must be at least two increasing numbers; got {grid}")
    slopes = epoch_kernel_derivative(grid, 1.0, buffer, dt).expected_drops
    return float(np.diff(slopes, axis=0).min())


def best_constant_shares(system: System, rate: float) -> Floats:
    """Shares (N,) of least long-run drop rate when any split of all arrivals is allowed.

    Convex: phi is. Equal marginal drop rates where shares are positive.
    """

    def cost(shares: Floats) -> tuple[float, Floats]:
        total = stationary_drop_rates(system, shares, rate).sum()
        return float(total), rate * drop_rate_slope(rate * shares, system.services, system.buffer)

    found = minimize(
        cost,
        system.n * system.services / system.services.sum(),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, None)] * system.n,
        constraints={
            "type": "eq",
            "fun": lambda shares: shares.sum() - system.n,
            "jac": np.ones_like,
        },
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return np.asarray(found.x)
