"""Policy iteration: exact optimum of a discounted MDP by sparse linear solves.

Evaluate the policy, ``F_pi V = cost_pi``; in every state take an action whose advantage
``cost[s, a] - F[s*A+a, :] V`` is negative; stop when there is none. Without rounding this ends
after finitely many policies because every one is better than the one before.

With rounding two equally good policies could replace each other for ever. Two rules forbid it: an
action is replaced only by one that is better by more than the rounding error of an advantage, and
the iteration ends when the sum of the values no longer falls. Either way no policy is better by
more than rounding: the true optimum is within (that error) / ``(1 - gamma)`` in every state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP, bellman_q, greedy
from lp_solvers.policy_factor import factor_actions
from lp_solvers.value_iteration import rounding, sweep

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# A sweep costs a small fraction of a factorisation, and the policy that is greedy after a few of
# them is nearly always optimal or one step away from it.
N_SWEEPS = 24


@dataclass(frozen=True, eq=False)
class PolicyIterationResult:
    """Optimal deterministic policy.

    Attributes
    ----------
    actions : (S,) int
        Action of every state.
    value : (S,) float
        Value of the policy, from a linear solve: optimal in every state.
    n_evaluations : int
        Number of policies evaluated (factorisations).
    """

    actions: Indices
    value: Floats
    n_evaluations: int


def policy_iteration(mdp: FiniteMDP, start: ArrayLike | None = None) -> PolicyIterationResult:
    """Find an optimal policy, optimal in every state at once.

    Parameters
    ----------
    mdp : FiniteMDP
        The process.
    start : (S,) int, optional
        Actions to begin with (a warm start). If omitted, those greedy after a few sweeps of value
        iteration.

    Raises
    ------
    ValueError
        If ``start`` is not a vector of allowed actions.
    """
    actions = swept_actions(mdp) if start is None else checked_actions(mdp, start)
    value, n_evaluations = actions_value(mdp, actions), 1
    while True:
        better = improved(mdp, actions, value)
        if better is None:
            break
        better_value = actions_value(mdp, better)
        n_evaluations += 1
        if not better_value.sum() < value.sum():
            break
        actions, value = better, better_value
    return PolicyIterationResult(actions, value, n_evaluations)


def swept_actions(mdp: FiniteMDP) -> Indices:
    """Actions greedy after ``N_SWEEPS`` sweeps of value iteration from zero, (S,)."""
    value = np.zeros(mdp.n_states)
    for _ in range(N_SWEEPS):
        value = sweep(mdp, value)
    return greedy(bellman_q(mdp, value))


def actions_value(mdp: FiniteMDP, actions: Indices) -> Floats:
    """Value of a deterministic policy, (S,)."""
    cost = np.take_along_axis(mdp.cost, actions[:, None], axis=1)[:, 0]
    return factor_actions(mdp.ordered_flow, actions).values(cost)


def advantages(mdp: FiniteMDP, value: Floats) -> Floats:
    """Change of cost by taking each action once, ``cost - F V``, (S, A); ``+inf`` if disallowed."""
    change: Floats = mdp.offered_cost - (mdp.flow @ value).reshape(mdp.cost.shape)
    return change


def improved(mdp: FiniteMDP, actions: Indices, value: Floats) -> Indices | None:
    """Best actions where they beat the policy's own beyond rounding; None if nowhere."""
    table = advantages(mdp, value)
    best = greedy(table)
    gain = np.take_along_axis(table, best[:, None], axis=1)[:, 0]
    switch = gain < -rounding(mdp, float(np.abs(value).max()))
    return np.where(switch, best, actions) if switch.any() else None


def checked_actions(mdp: FiniteMDP, actions: ArrayLike) -> Indices:
    """Actions (S,) after checking that every state allows its own.

    Raises
    ------
    ValueError
        If they are not a vector of S integers or one is not allowed.
    """
    array = np.asarray(actions)
    if array.shape != mdp.start.shape or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"actions must be {mdp.n_states} integers; got {actions!r}")
    outside = (array < 0) | (array >= mdp.n_actions)
    refused = outside | ~mdp.allowed[np.arange(len(array)), np.where(outside, 0, array)]
    if refused.any():
        state = int(np.flatnonzero(refused)[0])
        raise ValueError(f"actions must be allowed; got {array[state]} at state {state}")
    return array.astype(np.intp)
