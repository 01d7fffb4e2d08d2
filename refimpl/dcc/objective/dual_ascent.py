"""Dual ascent on the multiplier of one device, with exact best responses [DCC sec. 4.3]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.schedules import Schedule
from lp_solvers.finite_mdp import deterministic, with_cost
from lp_solvers.occupancy import occupancy_of_policy, policy_from_occupancy
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.objective.local import (
    LocalProblem,
    approximate_cost,
    multiplier_step,
    shaped_cost,
)

Floats = NDArray[np.float64]


def dual_steps_converge(exponent: float) -> bool:
    """Whether steps ``1 / (k + 1)^exponent`` suit exact dual ascent: to zero, with infinite sum.

    With noisy frequencies the squares must also be summable:
    :func:`linear_models.schedules.robbins_monro`.
    """
    return 0.0 < exponent <= 1.0


@dataclass(frozen=True, eq=False)
class DualAscent:
    """Trace and averaged answer of :func:`dual_ascent`.

    Attributes
    ----------
    multipliers : (K+1,) float
        Multiplier before each step and after the last.
    frequencies : (K,) float
        Offloading frequency of the best response to each multiplier.
    lower_bound : float
        Best value of the dual function met; at most the optimum.
    multiplier : float
        Average of the multipliers, weighted by the step sizes.
    occupancy : (S, A) float
        Average of the best responses' occupancies, weighted by the step sizes.
    policy : (S, A) float
        Policy with that occupancy.
    value, frequency : float
        Its J_r and J_c.
    value_gap, violation : float
        Proven bounds: ``value - optimum <= value_gap`` and ``frequency - budget <= violation``.
    """

    multipliers: Floats
    frequencies: Floats
    lower_bound: float
    multiplier: float
    occupancy: Floats
    policy: Floats
    value: float
    frequency: float
    value_gap: float
    violation: float


def dual_ascent(
    problem: LocalProblem, steps: Schedule, n_steps: int, multiplier: float = 0.0
) -> DualAscent:
    """Solve the local problem by dual ascent with exact best responses [DCC sec. 4.3].

    Each step finds an optimal policy of the shaped cost (policy iteration from the previous one),
    measures its frequency exactly, and moves the multiplier. Best responses are deterministic and
    jump around the budget for ever; the average of their occupancies, weighted by the steps
    ``eta_k``, converges. With ``g_k = J_c - budget`` at step ``k``,

        frequency - budget <= (multiplier_K - multiplier_0) / sum eta,
        value - optimum    <= (multiplier_0^2 - multiplier_K^2 + sum eta^2 g^2)
                              / (2 (1 - gamma) sum eta),

    because every best response prices its excess, ``J_r + multiplier g / (1 - gamma) <= optimum``,
    and a step changes the squared multiplier by at most ``2 eta multiplier g + eta^2 g^2``.

    Parameters
    ----------
    problem : LocalProblem
        The problem.
    steps : callable
        Step size of step ``k = 0, 1, ...``, positive.
    n_steps : int
        Number of steps K >= 1.
    multiplier : float
        First multiplier, >= 0.

    Raises
    ------
    ValueError
        If ``n_steps`` or ``multiplier`` is out of range, or a step is not positive.
    """
    etas = _checked_steps(steps, n_steps)
    if not multiplier >= 0.0:
        raise ValueError(f"multiplier must be >= 0; got {multiplier}")
    mdp, multipliers = problem.mdp, [multiplier]
    frequencies, bounds = [], []
    occupancy = np.zeros(mdp.cost.shape)
    actions = None
    for eta in etas:
        price = multipliers[-1]
        best = policy_iteration(with_cost(mdp, shaped_cost(problem, price)), actions)
        actions = best.actions
        visits = occupancy_of_policy(mdp, deterministic(actions, mdp.n_actions))
        frequencies.append((1.0 - mdp.gamma) * float(visits[:, OFFLOAD].sum()))
        bounds.append(float(mdp.start @ best.value) - price * problem.discounted_budget)
        multipliers.append(multiplier_step(price, frequencies[-1], problem.budget, float(eta)))
        occupancy += eta * visits / etas.sum()
    return _averaged(problem, etas, np.array(multipliers), np.array(frequencies), occupancy, bounds)


def _averaged(
    problem: LocalProblem,
    etas: Floats,
    multipliers: Floats,
    frequencies: Floats,
    occupancy: Floats,
    bounds: list[float],
) -> DualAscent:
    rest, total = 1.0 - problem.mdp.gamma, float(etas.sum())
    moved = float((etas**2) @ (frequencies - problem.budget) ** 2)
    return DualAscent(
        multipliers=multipliers,
        frequencies=frequencies,
        lower_bound=max(bounds),
        multiplier=float(etas @ multipliers[:-1]) / total,
        occupancy=occupancy,
        policy=policy_from_occupancy(occupancy, problem.mdp.allowed),
        value=float((approximate_cost(problem) * occupancy).sum()),
        frequency=rest * float(occupancy[:, OFFLOAD].sum()),
        value_gap=float(multipliers[0] ** 2 - multipliers[-1] ** 2 + moved) / (2 * rest * total),
        violation=float(multipliers[-1] - multipliers[0]) / total,
    )


def _checked_steps(steps: Schedule, n_steps: int) -> Floats:
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1; got {n_steps}")
    etas = np.array([steps(k) for k in range(n_steps)], dtype=np.float64)
    if not (etas > 0.0).all():
        k = int(np.argmin(etas > 0.0))
        raise ValueError(f"steps must be positive; got {etas[k]} at step {k}")
    return etas
