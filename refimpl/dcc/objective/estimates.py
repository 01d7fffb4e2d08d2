"""Gradient estimates from values of the local problems alone [DCC eq. 15, Prop. 2].

For solvers that return a value but no trustworthy multiplier. Three evaluations per device are
enough: at the point, with the own budget moved, and with the others' sum moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.dcc.objective.local import checked_budgets, others_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ThreeEvaluations:
    """Values at a point and the two difference quotients of every device [DCC Prop. 2].

    Attributes
    ----------
    values : (N,) float
        V_i at the point.
    local, coupling : (N,) float
        Difference quotients by the own budget and by the others' sum, for
        :func:`~refimpl.dcc.objective.coordination.gradient_from_parts`.
    """

    values: Floats
    local: Floats
    coupling: Floats


def three_evaluations(
    evaluate: Callable[[Floats, Floats], Floats],
    budgets: ArrayLike,
    own: ArrayLike,
    crowd: ArrayLike,
) -> ThreeEvaluations:
    """Estimate both derivatives of every device from three values [DCC Prop. 2] [DCC Fig. 5].

    The third point moves the others' sum without moving anybody's budget: that is what makes three
    evaluations per device enough, however many devices there are.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(budgets, others)`` returns V_i of every device, (N,), exactly or learned.
    budgets : (N,) array
        Point theta.
    own, crowd : (N,) arrays
        Perturbations of each device's own budget, ``c Delta_i``, and of its others' sum,
        ``c sum_{j != i} Delta_j``; not zero. One that would leave [0, 1], or [0, N - 1] for the
        others' sum, is reflected.

    Raises
    ------
    ValueError
        If shapes differ, a perturbation is zero or not finite, or both signs of it leave the range.
    """
    theta = checked_budgets(budgets)
    others = others_of(theta)
    own_step = _inside("own", theta, own, 1.0)
    crowd_step = _inside("crowd", others, crowd, max(1.0, theta.size - 1.0))
    values = evaluate(theta, others)
    moved = evaluate(theta + own_step, others)
    crowded = evaluate(theta, others + crowd_step)
    return ThreeEvaluations(values, (moved - values) / own_step, (crowded - values) / crowd_step)


def simultaneous_perturbation(
    value: Callable[[Floats], float], budgets: ArrayLike, width: float, directions: ArrayLike
) -> Floats:
    """Estimate the gradient from two values of V, (N,) [DCC eq. 15].

    ``g_i = (V(theta + c Delta) - V(theta)) / (c Delta_i)``. Its mean over independent directions is
    the gradient up to O(c) where V is smooth, provided that ``E |Delta_i|^-1`` is finite: signs are
    fine, Gaussian directions are not.

    Parameters
    ----------
    value : callable
        V; must be defined at the perturbed point.
    budgets, directions : (N,) arrays
        Point theta and directions Delta, none of them zero.
    width : float
        c > 0.

    Raises
    ------
    ValueError
        If ``width`` is not positive, shapes differ, or a direction is zero.
    """
    theta, delta = np.asarray(budgets, dtype=np.float64), np.asarray(directions, dtype=np.float64)
    if not width > 0.0:
        raise ValueError(f"width must be positive; got {width}")
    if theta.shape != delta.shape or not (np.isfinite(delta) & (delta != 0.0)).all():
        raise ValueError(f"directions must be {theta.size} finite non-zero numbers; got {delta}")
    return np.asarray((value(theta + width * delta) - value(theta)) / (width * delta))


def _inside(name: str, point: Floats, step: ArrayLike, largest: float) -> Floats:
    """Return the steps as given, or reflected where they would leave [0, largest]."""
    moves = np.asarray(step, dtype=np.float64)
    if moves.shape != point.shape or not (np.isfinite(moves) & (moves != 0.0)).all():
        raise ValueError(f"{name} must be {point.size} finite non-zero numbers; got {moves}")
    fits = [(point + sign * moves >= 0.0) & (point + sign * moves <= largest) for sign in (1, -1)]
    stuck = ~(fits[0] | fits[1])
    if stuck.any():
        i = int(np.argmax(stuck))
        raise ValueError(f"{name} must leave {point[i]} in [0, {largest}]; got {moves[i]}")
    return np.where(fits[0], moves, -moves)
