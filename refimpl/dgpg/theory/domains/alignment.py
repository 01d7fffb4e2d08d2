"""Whether walking towards the reference improves a cost [DG-PG eq. 5]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers import highs
from lp_solvers.linear_program import LinearProgram, linear_program

Floats = NDArray[np.float64]
Gradient = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Alignment:
    """What an alignment check found.

    Attributes
    ----------
    worst : float
        Largest ``<grad cost(x), xr - x>``; above 0 the assumption fails.
    state : (m,) array
        Where.
    share : float
        Share of the states at which it fails by more than rounding.
    """

    worst: float
    state: Floats
    share: float


def slope_towards(gradient: Gradient, state: Floats, reference: Floats) -> float:
    """Return ``<grad cost(x), xr - x>`` [DG-PG eq. 5].

    Convention: of a cost, so negative where walking towards the reference improves it; the paper
    states the same of the objective, with the opposite sign.

    Raises
    ------
    ValueError
        If the reference or the gradient does not have the shape of the state.
    """
    slopes = gradient(state)
    for name, values in (("reference", reference), ("gradient", slopes)):
        if values.shape != state.shape:
            raise ValueError(f"{name} must have shape {state.shape}; got {values.shape}")
    return float((slopes * (reference - state)).sum())


def check_alignment(gradient: Gradient, states: Floats, reference: Floats) -> Alignment:
    """Check the alignment assumption at given states [DG-PG eq. 5].

    Parameters
    ----------
    gradient : callable
        Gradient of the cost.
    states : (S, m) array
        States x.
    reference : (m,) array
        xr.

    Raises
    ------
    ValueError
        If there is no state, or as :func:`slope_towards`.
    """
    if states.ndim != 2 or not len(states):
        raise ValueError(f"states must have shape (S, m) with S >= 1; got {states.shape}")
    slopes = np.array([slope_towards(gradient, state, reference) for state in states])
    sizes = np.array([np.abs(gradient(state)) @ np.abs(reference - state) for state in states])
    worst = int(slopes.argmax())
    return Alignment(float(slopes[worst]), states[worst], float(np.mean(slopes > 1e-9 * sizes)))


def segment(start: Floats, end: Floats, n: int = 201) -> Floats:
    """Return ``n`` points from ``start`` to ``end``, (n, m).

    If a cost is lower at ``start`` than at the reference ``end``, it must rise somewhere on the
    way, and there the assumption fails: so it makes the reference a global minimiser.
    """
    return start + np.linspace(0.0, 1.0, n)[:, None] * (end - start)


def feasible_states(constraints: LinearProgram, n: int, rng: np.random.Generator) -> Floats:
    """Draw ``n`` points (n, m) between random pairs of random vertices of the feasible set.

    The vertices are optima for random costs; the set must be bounded.
    """
    costs = rng.normal(size=(8, constraints.n_variables))
    corners = np.stack([highs.solve(_with_cost(constraints, cost)).x for cost in costs])
    weights = rng.dirichlet(np.full(len(corners), 0.5), size=n)
    return np.asarray(weights @ corners)


def _with_cost(lp: LinearProgram, cost: Floats) -> LinearProgram:
    return linear_program(cost, lp.A_ub, lp.b_ub, lp.A_eq, lp.b_eq)
