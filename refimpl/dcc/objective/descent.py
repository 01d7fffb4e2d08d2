"""The slow time-scale: projected steps on the budgets [DCC eq. 14, Theorem 1].

    theta_next = projection on [0, 1]^N of (theta - step * direction(gradient))

How the gradient becomes a direction is not legible in the paper; the three rules here differ a
lot within five iterations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.schedules import Schedule
from refimpl.dcc.objective.local import checked_budgets

Floats = NDArray[np.float64]
Direction = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Descent:
    """Trace of :func:`descend`.

    Attributes
    ----------
    budgets : (K+1, N) float
        Budgets before each step and after the last.
    gradients : (K, N) float
        Gradients used.
    """

    budgets: Floats
    gradients: Floats


def plain(gradient: Floats) -> Floats:
    """Gradient as it is."""
    return gradient


def l1_normalised(gradient: Floats) -> Floats:
    """Gradient scaled down to L1 norm 1 if it is longer: all budgets together move by one step."""
    return gradient / max(1.0, float(np.abs(gradient).sum()))


def clipped(gradient: Floats) -> Floats:
    """Each component cut to [-1, 1]: every budget moves by at most one step."""
    return np.clip(gradient, -1.0, 1.0)


def projected_step(
    budgets: ArrayLike, gradient: ArrayLike, step: float, direction: Direction = plain
) -> Floats:
    """One projected descent step on the budgets, (N,) [DCC eq. 14].

    Raises
    ------
    ValueError
        If the gradient is not finite or has another shape, or ``step`` is negative.
    """
    theta, slope = checked_budgets(budgets), np.asarray(gradient, dtype=np.float64)
    if slope.shape != theta.shape or not np.isfinite(slope).all():
        raise ValueError(f"gradient must be {theta.size} finite numbers; got {slope}")
    if not step >= 0.0:
        raise ValueError(f"step must be >= 0; got {step}")
    return np.clip(theta - step * direction(slope), 0.0, 1.0)


def descend(
    gradient: Callable[[Floats], Floats],
    budgets: ArrayLike,
    steps: Schedule,
    n_steps: int = 5,
    direction: Direction = l1_normalised,
) -> Descent:
    """Take ``n_steps`` projected steps; the paper takes five [DCC eq. 14].

    Parameters
    ----------
    gradient : callable
        ``gradient(budgets)``, exact or estimated.
    budgets : (N,) array
        First budgets; the paper starts from 0.
    steps : callable
        Step size of step k = 0, 1, ...
    n_steps : int
        Number of steps.
    direction : callable
        Rule that turns a gradient into a direction.

    Raises
    ------
    ValueError
        If ``n_steps`` is negative, or as :func:`projected_step`.
    """
    if n_steps < 0:
        raise ValueError(f"n_steps must be >= 0; got {n_steps}")
    trace, slopes = [checked_budgets(budgets)], []
    for k in range(n_steps):
        slopes.append(gradient(trace[-1]))
        trace.append(projected_step(trace[-1], slopes[-1], steps(k), direction))
    return Descent(np.array(trace), np.array(slopes).reshape(n_steps, trace[0].size))


def coordination_steps_converge(step_exponent: float, width_exponent: float) -> bool:
    """Whether power-law steps and widths meet the conditions of the theorem [DCC Theorem 1].

    With steps ``a_k = 1 / (k + 1)^s`` and widths ``c_k = 1 / (k + 1)^w``: ``a_k`` has an infinite
    sum, ``c_k`` goes to zero, ``a_k c_k`` has a finite sum and so has ``(a_k / c_k)^2``.
    """
    s, w = step_exponent, width_exponent
    return 0.0 < s <= 1.0 and w > 0.0 and s + w > 1.0 and 2.0 * (s - w) > 1.0
