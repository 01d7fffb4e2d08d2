"""Policies of one device as tables ``policy[s, a]``, rows summing to 1 [DCC sec. 5].

Heuristics and exact reference policies; what learning produces has the same form. A joint policy
is a sequence of N such tables.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP, deterministic, finite_mdp
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.device import (
    N_ACTIONS,
    OFFLOAD,
    PROCESS,
    WAIT,
    Device,
    state_components,
    state_shape,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def without_offloading(mdp: FiniteMDP, crowded: int = OFFLOAD) -> FiniteMDP:
    """Return the same process with the crowded action disallowed in every state.

    Raises
    ------
    ValueError
        If a state would be left without an action.
    """
    allowed = mdp.allowed.copy()
    allowed[:, crowded] = False
    stuck = np.flatnonzero(~allowed.any(axis=1))
    if stuck.size:
        raise ValueError(f"mdp must allow another action than {crowded}; state {stuck[0]} has none")
    return finite_mdp(mdp.transitions, mdp.cost, mdp.gamma, mdp.start, allowed)


def optimal(mdp: FiniteMDP) -> Floats:
    """Optimal deterministic policy, (S, A); ties go to the action with the lowest number."""
    return deterministic(policy_iteration(mdp).actions, mdp.n_actions)


def never_offload(mdp: FiniteMDP, crowded: int = OFFLOAD) -> Floats:
    """Best policy that never offloads, (S, A), the baseline of the plots [DCC sec. 5.1]."""
    return optimal(without_offloading(mdp, crowded))


def constant_action(n_states: int, action: int) -> Floats:
    """Policy that plays one action everywhere, (S, A).

    Raises
    ------
    ValueError
        If ``action`` is not one of WAIT, PROCESS, OFFLOAD.
    """
    return deterministic(np.full(n_states, action), N_ACTIONS)


def always_offload(n_states: int) -> Floats:
    """Policy that offloads in every slot, (S, A)."""
    return constant_action(n_states, OFFLOAD)


def uniform_random(mdp: FiniteMDP) -> Floats:
    """Policy that plays all allowed actions with equal probability, (S, A)."""
    return np.asarray(mdp.allowed / mdp.allowed.sum(axis=1, keepdims=True))


def process_at(device: Device, age: int, level: int) -> Floats:
    """Process when the age is at least ``age`` and the battery at least ``level``, else wait.

    Returns
    -------
    (S, A) float

    Raises
    ------
    ValueError
        If ``age`` is not in 1..max_aoi + 1 or ``level`` not in 0..battery + 1 (one more than the
        largest means never).
    """
    for name, value, low, high in (
        ("age", age, 1, device.max_aoi + 1),
        ("level", level, 0, device.battery + 1),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} must be in {low}..{high}; got {value}")
    ages, levels, _, _ = state_components(device, np.arange(np.prod(state_shape(device))))
    ready = (ages >= age) & (levels >= level)
    return deterministic(np.where(ready, PROCESS, WAIT), N_ACTIONS)


def mixed_with_offloading(policy: ArrayLike, probability: float) -> Floats:
    """Offload with ``probability`` whatever the state, otherwise follow ``policy``, (S, A).

    Raises
    ------
    ValueError
        If ``probability`` is not in [0, 1].
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability must be in [0, 1]; got {probability}")
    table = (1.0 - probability) * np.asarray(policy, dtype=np.float64)
    table[:, OFFLOAD] += probability
    return table


def sampler(policy: ArrayLike) -> Callable[[Ints, np.random.Generator], Ints]:
    """Return ``act(states, rng)`` that draws an action for each state from ``policy`` (S, A).

    Raises
    ------
    ValueError
        If a row of ``policy`` is not a distribution.
    """
    table = np.asarray(policy, dtype=np.float64)
    if table.ndim != 2 or (table < 0.0).any() or not np.allclose(table.sum(axis=1), 1.0):
        raise ValueError(f"policy must have rows that are distributions; got {policy!r}")
    upper = np.cumsum(table, axis=1)[:, :-1]

    def act(states: Ints, rng: np.random.Generator) -> Ints:
        draws = rng.random(np.shape(states))
        return np.asarray((draws[..., None] >= upper[states]).sum(axis=-1), dtype=np.int64)

    return act
