"""Learning curves: what every method reports after so many learning steps, in one format."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.train.population import Population

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

CURVE_KEYS = ("steps", "cost", "local", "congestion", "use", "violation")


def empty_curve(n_games: int) -> Arrays:
    """Curve without a point; keys :data:`CURVE_KEYS`, see :func:`add_point`."""
    curve: Arrays = {key: np.zeros((0, n_games)) for key in CURVE_KEYS[1:]}
    return {"steps": np.zeros(0, dtype=np.int64), **curve}


def add_point(
    curve: Arrays,
    steps: int,
    population: Population,
    policies: Floats,
    budgets: Floats | None = None,
) -> Arrays:
    """Curve with one more point: product policies evaluated exactly on the true joint game.

    Parameters
    ----------
    curve : dict
        Curve so far; other keys are passed through.
    steps : int
        Learning steps per agent so far.
    policies : (E * N, S, A) float
        Policies of all devices, game by game.
    budgets : (E, N) float, optional
        Budgets the policies were meant to keep; no budget means no violation.

    Returns
    -------
    dict
        ``steps`` (K,); and, each (K, E): ``cost`` true joint discounted cost per agent, its parts
        ``local`` and ``congestion``, ``use`` mean discounted offloading frequency, ``violation``
        mean of ``max(J_c - budget, 0)`` over the devices.
    """
    joint = population.joint_cost(policies)
    limit = np.ones_like(joint.use) if budgets is None else budgets
    point = {
        "cost": joint.total,
        "local": joint.local,
        "congestion": joint.congestion,
        "use": joint.use.mean(axis=1),
        "violation": np.maximum(joint.use - limit, 0.0).mean(axis=1),
    }
    return append_point(curve, steps, point)


def append_point(curve: Arrays, steps: int, point: Arrays) -> Arrays:
    """Curve with one more point whose numbers, (E,) per key of :data:`CURVE_KEYS`, are known."""
    grown = {key: np.concatenate([curve[key], point[key][None]]) for key in CURVE_KEYS[1:]}
    return {**curve, "steps": np.append(curve["steps"], steps), **grown}
