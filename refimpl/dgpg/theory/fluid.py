"""Divisible jobs: the state is a smooth function of the policies [DG-PG App. E].

Agent i sends the fraction ``pi_i(k)`` of its work ``w_i`` to server k; nothing is random. Then
alignment does lift to the parameters, which is what the proof of Lemma E.1 needs::

    |grad_i J| >= w_i min_k pi_i(k) |P grad_x r|,    P: projection onto sums of zero
    |P grad_x r| |x - xr| >= <grad_x r, xr - x>
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linear_models.categorical import probabilities
from linear_models.params import Array

Floats = NDArray[np.float64]


def fluid_state(logits: Array, work: Floats) -> Array:
    """Return the load (K,) that fractions of divisible jobs make, logits (N, K), work (N,)."""
    state: Array = work @ probabilities(logits)
    return state


def fluid_gradient(logits: Floats, work: Floats, state_gradient: Floats) -> Floats:
    """Return the gradient (N, K) of a function of the state by the chain rule.

    ``w_i (diag pi_i - pi_i pi_i^T) grad_x``.
    """
    policies = probabilities(logits)
    centred = state_gradient - (policies @ state_gradient)[:, None]
    gradient: Floats = work[:, None] * policies * centred
    return gradient


def two_sided_gradient(state: Floats, reference: Floats, above: float, below: float) -> Floats:
    """Return the state gradient of ``-1/2 sum_k w_k (x_k - xr_k)^2``, ``w`` by the side.

    Strictly aligned with the reference [DG-PG eq. 5], and another function than the deviation.
    """
    excess = state - reference
    return -np.where(excess >= 0.0, above, below) * excess


def domination_constant(logits: Floats, work: Floats, least_weight: float) -> float:
    """Return c such that ``|grad J| >= c |x - xr|`` for weights of at least ``least_weight``.

    ``sqrt(sum_i (w_i min pi_i)^2) least_weight``: the smallest eigenvalue of ``diag pi - pi pi^T``
    on sums of zero is at least ``min pi``.
    """
    least = work * probabilities(logits).min(axis=-1)
    return float(np.sqrt((least**2).sum()) * least_weight)


def expected_carried_total(first: Array, remaining: Floats) -> Array:
    """Return the work left from a unit job placed on server 0 with probability ``first``.

    ``remaining`` (2,): what each server has left of it. Its derivative is zero only for equally
    fast servers: the total load, and with it the reference, depends on earlier placements.
    """
    return np.asarray(first * remaining[0] + (1.0 - first) * remaining[1])


def frozen_reference_error(
    logits: Floats, work: Floats, remaining: Floats, capacity: Floats
) -> tuple[Floats, Floats]:
    """Return G's gradient with the reference frozen, and what is left out [DG-PG eq. 4].

    The state is what is left of the placed work, ``x_k = remaining_k sum_i w_i pi_i(k)``; the
    reference ``C / sum C * sum_k x_k`` moves with the total [DG-PG eq. 4]. The part left out is
    ``<x - xr, C> / sum C`` times the gradient of the total: zero if capacities are equal, because
    the deviation sums to zero, or servers equally fast, because the total is then conserved. (With
    the deviation weighted by 1 / C, as in the imbalance, it would be zero always.)

    Returns
    -------
    frozen, left_out : (N, K) float
    """
    state = remaining * fluid_state(logits, work)
    share = capacity / capacity.sum()
    excess = state - share * state.sum()
    frozen = fluid_gradient(logits, work, remaining * excess)
    total = fluid_gradient(logits, work, remaining)
    return frozen, -float(excess @ share) * total


def fluid_deviation(logits: Array, work: Floats, remaining: Floats, capacity: Floats) -> Array:
    """Return half the squared distance of the state left from its proportional reference."""
    state = remaining * fluid_state(logits, work)
    excess = state - capacity / capacity.sum() * state.sum()
    return np.asarray(0.5 * (excess * excess).sum())


def rises_along_ray(performance: Callable[[Floats], float], x: Floats, reference: Floats) -> float:
    """Return the least increase of performance over 64 steps from a state to the reference.

    Not negative for an aligned performance [DG-PG eq. 5]: its derivative along the ray is
    ``<grad J(x_t), xr - x_t> / (1 - t)``. So the reference is at least as good as every state of
    a star-shaped set, that is, a global maximum.
    """
    along = [performance(x + t * (reference - x)) for t in np.linspace(0.0, 1.0, 65)]
    return float(np.diff(along).min())
