"""How far the approximate congestion is from the true one [DCC Lemma 1, eqs. 17, 18].

An offloading device truly pays ``E d(1 + X)``, ``X`` the number of others that offload in the
same slot; the approximate reward charges ``d(1 + E X)``. For independent Bernoulli offloads and a
convex or concave ``d`` the truth lies between ``d(1 + E X)`` (Jensen) and the chord of ``d`` over
``[1, N]`` at ``1 + E X``. The published formulas (17), (18) are not legible; the bounds here are
the ones their proof sketch leads to, and they are valid.

Both need the offloading probability of device ``j`` to be ``theta_j`` *in every slot*. A policy
whose *discounted average* is ``theta_j`` does not give that, and then even a linear ``d`` has an
error: :func:`repeated_overlap` is the exact case of two devices, :func:`synchronised_pair` its
extreme.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP, checked_policy
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import OFFLOAD

Floats = NDArray[np.float64]


def chord_penalty(mean_others: ArrayLike, n_others: int, congestion: Congestion) -> Floats:
    """Largest expected penalty that convexity leaves possible [DCC eq. 17].

    ``d(1) + m (d(1 + n) - d(1)) / n``: the chord of ``d`` over ``[1, 1 + n]`` at ``1 + m``. A
    convex ``d`` lies below its chord, so ``E d(1 + X) <= chord``; a concave one above.

    Parameters
    ----------
    mean_others : array
        ``m = E X``, expected number of other offloaders, in [0, n_others].
    n_others : int
        Number of other devices, at least 1.
    congestion : Congestion
        Penalty d, convex or concave.

    Raises
    ------
    ValueError
        If ``n_others`` is not positive or ``mean_others`` is outside [0, n_others].
    """
    mean = np.asarray(mean_others, dtype=np.float64)
    if n_others < 1:
        raise ValueError(f"n_others must be at least 1; got {n_others}")
    if not ((mean >= 0.0) & (mean <= n_others)).all():
        raise ValueError(f"mean_others must lie in [0, {n_others}]; got {mean}")
    first = congestion.penalty(1.0)
    return np.asarray(first + mean * (congestion.penalty(1.0 + n_others) - first) / n_others)


def penalty_gap_bound(mean_others: ArrayLike, n_others: int, congestion: Congestion) -> Floats:
    """Bound of ``|E d(1 + X) - d(1 + E X)|``, convex or concave d [DCC eq. 18].

    Chord minus function at the mean, 0 for linear ``d``; arguments as :func:`chord_penalty`.
    """
    chord = chord_penalty(mean_others, n_others, congestion)
    return np.asarray(
        np.abs(chord - congestion.penalty(1.0 + np.asarray(mean_others, dtype=np.float64)))
    )


def curvature_gap_bound(others: ArrayLike, curvature: float) -> float:
    """Second bound of the same gap: ``sup|d''| Var(X) / 2`` by Taylor's formula.

    Much tighter than the chord when the crowd is large, because it grows with the variance of the
    count and not with its range.

    Parameters
    ----------
    others : (n,) array
        Offloading probabilities of the others, independent.
    curvature : float
        ``sup |d''|`` over the attainable crowd.
    """
    p = np.asarray(others, dtype=np.float64)
    return float(0.5 * curvature * np.sum(p * (1.0 - p)))


def approximation_bound(budgets: ArrayLike, congestion: Congestion, gamma: float) -> Floats:
    """Bound on each device's discounted error, (N,) cost units [DCC Lemma 1].

    ``theta_i / (1 - gamma)`` offloads, each off by at most :func:`penalty_gap_bound`.

    Convention: valid when device ``j`` offloads with probability ``budgets[j]`` in every slot,
    independently of the others; with discounted-average budgets it is not a bound.

    Raises
    ------
    ValueError
        If there are fewer than two budgets or one is outside [0, 1].
    """
    theta = np.asarray(budgets, dtype=np.float64)
    if theta.ndim != 1 or theta.size < 2 or not ((theta >= 0.0) & (theta <= 1.0)).all():
        raise ValueError(f"budgets must be at least two numbers in [0, 1]; got {theta}")
    # rounding must not push the sum of the others outside [0, N - 1]
    others = np.clip(theta.sum() - theta, 0.0, theta.size - 1.0)
    return theta / (1.0 - gamma) * penalty_gap_bound(others, theta.size - 1, congestion)


def repeated_overlap(
    first: tuple[FiniteMDP, ArrayLike], second: tuple[FiniteMDP, ArrayLike]
) -> float:
    """Exact ``sum_t gamma^t p_1(t) p_2(t)`` of two independent devices on fixed policies.

    With ``p_i(t)`` the offloading probabilities this is the discounted number of simultaneous
    offloads: the true linear congestion (kappa = 1) of either device of a pair. The outer product
    of the two state laws obeys ``X = start_1 start_2' + gamma K_1' X K_2``, a linear equation.

    Parameters
    ----------
    first, second : (FiniteMDP, (S, A) policy)
        Same discount; start laws are those of the MDPs.

    Raises
    ------
    ValueError
        If the discounts differ.
    """
    if first[0].gamma != second[0].gamma:
        raise ValueError(f"discounts must agree; got {first[0].gamma} and {second[0].gamma}")
    kernels, uses = zip(*(_chain(mdp, policy) for mdp, policy in (first, second)), strict=True)
    left, right = kernels
    total, scale = np.outer(first[0].start, second[0].start), first[0].gamma
    # doubling: after k rounds ``total`` holds the first 2^k terms of the series
    while scale > np.finfo(float).tiny:
        total = total + scale * left.T @ total @ right
        left, right, scale = left @ left, right @ right, scale * scale
    return float(uses[0] @ total @ uses[1])


def synchronised_pair(gamma: float, period: int = 2) -> tuple[float, float]:
    """Return true and approximate discounted collisions of two devices in lockstep.

    Both offload at t = 0, k, 2k, ... and never between: discounted frequency
    ``theta = (1 - gamma) / (1 - gamma^k)``, true collisions ``1 / (1 - gamma^k)``, approximate
    ``theta^2 / (1 - gamma)``. Their ratio is ``1 / theta``, towards ``k`` as gamma goes to 1.

    Returns
    -------
    true, approximate : float
        Discounted number of slots in which both offload.
    """
    true = 1.0 / (1.0 - gamma**period)
    theta = (1.0 - gamma) * true
    return true, theta**2 / (1.0 - gamma)


def _chain(mdp: FiniteMDP, policy: ArrayLike) -> tuple[Floats, Floats]:
    """State kernel (S, S) and offloading probability (S,) of a policy."""
    table = checked_policy(mdp, policy)
    return np.einsum("sa,sat->st", table, mdp.P), table[:, OFFLOAD]
