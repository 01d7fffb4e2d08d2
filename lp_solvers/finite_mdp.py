"""Finite Markov decision processes with discounted cost, and their Bellman operators.

Problem. States ``s`` in ``0..S-1``, actions ``a`` in ``0..A-1``, transition probabilities
``P[s, a, s_next]``, cost ``cost[s, a]``, discount ``gamma`` in [0, 1), first state from ``start``.
The value of a policy ``pi[s, a]`` (each row a distribution over the allowed actions) is the
expected discounted cost ``V(s) = E[ sum_t gamma^t cost(s_t, a_t) | s_0 = s ]``.

One matrix carries everything, the *flow matrix* ``F`` (S*A, S) with rows
``F[s*A+a, :] = e_s - gamma P[s, a, :]``:

* policy value: ``F_pi V = cost_pi`` where row ``s`` of ``F_pi`` is ``sum_a pi[s, a] F[s*A+a, :]``;
* advantage of one action: ``cost - F V``, zero or more everywhere exactly at the optimal value;
* occupancy (visits): ``x F = start``, see :mod:`lp_solvers.occupancy`.

Convention: costs are minimised, sums are discounted and not normalised (a constant cost 1 has
value ``1 / (1 - gamma)``). Disallowed actions have no transitions and no cost; they never appear in
policies, occupancies or linear programs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from lp_solvers.policy_factor import (
    OrderedFlow,
    PolicyFactor,
    factor_policy,
    ordered_flow,
)

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class FiniteMDP:
    """A validated finite MDP; build it with :func:`finite_mdp`.

    Attributes
    ----------
    transitions : scipy.sparse.csr_array, (S*A, S)
        Row ``s*A + a`` is the distribution of the next state; empty where ``a`` is disallowed.
    cost : (S, A) float
        Cost per step, minimised; 0 where disallowed.
    gamma : float
        Discount factor in [0, 1).
    start : (S,) float
        Distribution of the first state.
    allowed : (S, A) bool
        Which actions a state offers; at least one each.
    """

    transitions: sp.csr_array
    cost: Floats
    gamma: float
    start: Floats
    allowed: NDArray[np.bool_]

    @property
    def n_states(self) -> int:
        """Number of states S."""
        return int(self.cost.shape[0])

    @property
    def n_actions(self) -> int:
        """Number of actions A (allowed somewhere or not)."""
        return int(self.cost.shape[1])

    @cached_property
    def offered_cost(self) -> Floats:
        """Cost with ``+inf`` where disallowed, (S, A): the table to take minima of."""
        return np.where(self.allowed, self.cost, np.inf)

    @property
    def P(self) -> Floats:
        """Dense transition probabilities, (S, A, S), index order ``P[s, a, s_next]``."""
        dense: Floats = self.transitions.toarray()
        return dense.reshape(self.n_states, self.n_actions, self.n_states)

    @cached_property
    def flow(self) -> sp.csr_array:
        """Flow matrix, (S*A, S): row ``s*A + a`` is ``e_s - gamma P[s, a, :]``, indices sorted."""
        n, k = self.cost.shape
        rows, states = np.arange(n * k), np.repeat(np.arange(n), k)
        identity = sp.csr_array((np.ones(n * k), (rows, states)), shape=(n * k, n))
        flow = sp.csr_array(identity - self.gamma * self.transitions)
        flow.sort_indices()
        return flow

    @cached_property
    def ordered_flow(self) -> OrderedFlow:
        """Flow matrix prepared for factorisation; a function of the transitions alone."""
        return ordered_flow(self.flow)


def finite_mdp(
    P: ArrayLike | sp.sparray | sp.spmatrix,
    cost: ArrayLike,
    gamma: float,
    start: ArrayLike,
    allowed: ArrayLike | None = None,
) -> FiniteMDP:
    """Build and validate a finite MDP.

    Parameters
    ----------
    P : (S, A, S) array or (S*A, S) sparse matrix
        Transition probabilities; rows of disallowed actions are not read.
    cost : (S, A) array
        Cost per step, minimised; entries of disallowed actions are not read.
    gamma : float
        Discount factor in [0, 1).
    start : (S,) array
        Distribution of the first state.
    allowed : (S, A) bool array, optional
        Allowed actions; all of them if omitted.

    Raises
    ------
    ValueError
        If a shape is wrong, the state or action set is empty, a state has no allowed action,
        ``gamma`` is outside [0, 1), a number is NaN or infinite, a probability is negative, or a
        distribution does not sum to 1 up to rounding (``(n + 64)`` machine epsilons for ``n``
        entries: 64 roundings in each entry and ``n`` in their sum).
    """
    costs = np.array(cost, dtype=np.float64)
    if costs.ndim != 2 or 0 in costs.shape:
        raise ValueError(f"cost must have shape (S, A) with S, A >= 1; got shape {costs.shape}")
    mask = _allowed_mask(allowed, costs.shape)
    if not 0.0 <= gamma < 1.0:
        raise ValueError(f"gamma must be in [0, 1); got {gamma!r}")
    costs = pair_array("cost", costs, mask)
    first = np.array(start, dtype=np.float64)
    _check_shape("start", first.shape, costs.shape[:1])
    _check_distributions("start", sp.csr_array(first[None, :]), np.ones(1, dtype=bool))
    rows = _transition_rows(P, mask)
    _check_distributions("P", rows, mask.ravel())
    return FiniteMDP(rows, costs, float(gamma), first, mask)


def with_cost(mdp: FiniteMDP, cost: ArrayLike) -> FiniteMDP:
    """Return the same process with another cost, (S, A); everything else is shared."""
    return _same_process(mdp, pair_array("cost", cost, mdp.allowed), mdp.allowed)


def with_fewer_actions(mdp: FiniteMDP, allowed: ArrayLike) -> FiniteMDP:
    """Return the same process with some actions withdrawn.

    Parameters
    ----------
    mdp : FiniteMDP
        The process.
    allowed : (S, A) bool array
        Actions still allowed: a subset of ``mdp.allowed`` with at least one in every state.

    Raises
    ------
    ValueError
        If it is not such a subset.
    """
    mask = _allowed_mask(allowed, mdp.cost.shape)
    if (mask & ~mdp.allowed).any():
        s, a = (int(i) for i in np.argwhere(mask & ~mdp.allowed)[0])
        raise ValueError(f"allowed must be a subset of the process's; got action {a} at state {s}")
    return _same_process(mdp, mdp.cost, mask)


def pair_array(name: str, value: ArrayLike, allowed: NDArray[np.bool_]) -> Floats:
    """Validate a number per state and action: shape (S, A), finite where allowed, else set to 0.

    Raises
    ------
    ValueError
        If the shape is wrong or an allowed entry is NaN or infinite.
    """
    array = np.array(value, dtype=np.float64)
    _check_shape(name, array.shape, allowed.shape)
    array[~allowed] = 0.0
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        s, a = (int(i) for i in bad[0])
        raise ValueError(f"{name} must be finite; got {array[s, a]} at state {s}, action {a}")
    return array


def deterministic(actions: ArrayLike, n_actions: int) -> Floats:
    """Policy (S, A) that plays ``actions[s]`` in state ``s``.

    Raises
    ------
    ValueError
        If ``actions`` is not a vector of integers in ``0..n_actions-1``.
    """
    chosen = np.asarray(actions)
    if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        raise ValueError(f"actions must be a vector of integers; got {chosen!r}")
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= n_actions):
        raise ValueError(
            f"actions must be in 0..{n_actions - 1}; got {chosen.min()}..{chosen.max()}"
        )
    return np.asarray(np.arange(n_actions) == chosen[:, None], dtype=np.float64)


def checked_policy(mdp: FiniteMDP, policy: ArrayLike) -> Floats:
    """Return ``policy`` as a float array after checking that it is one of ``mdp``.

    Raises
    ------
    ValueError
        If the shape is not (S, A), a row is not a distribution up to rounding, or a disallowed
        action has positive probability.
    """
    array = np.asarray(policy, dtype=np.float64)
    _check_shape("policy", array.shape, mdp.cost.shape)
    _check_distributions("policy", sp.csr_array(array), np.ones(mdp.n_states, dtype=bool))
    bad = np.argwhere((array > 0.0) & ~mdp.allowed)
    if len(bad):
        s, a = (int(i) for i in bad[0])
        raise ValueError(
            f"policy must not play disallowed actions; got probability {array[s, a]} "
            f"at state {s}, action {a}"
        )
    return array


def policy_factor(mdp: FiniteMDP, policy: ArrayLike) -> PolicyFactor:
    """Factorised ``F_pi`` of a stochastic policy (S, A): values and visits from one LU."""
    return factor_policy(mdp.ordered_flow, checked_policy(mdp, policy))


def policy_value(mdp: FiniteMDP, policy: ArrayLike) -> Floats:
    """Value of a policy in every state, (S,), by one sparse linear solve: ``F_pi V = cost_pi``."""
    array = checked_policy(mdp, policy)
    return policy_factor(mdp, array).values(np.sum(array * mdp.cost, axis=1))


def start_value(mdp: FiniteMDP, policy: ArrayLike) -> float:
    """Discounted cost to expect of a policy from the start distribution: ``start . V``."""
    return float(mdp.start @ policy_value(mdp, policy))


def bellman_q(mdp: FiniteMDP, value: ArrayLike) -> Floats:
    """Cost of each action followed by ``value``: ``cost[s, a] + gamma P[s, a, :] . value``, (S, A).

    Disallowed actions get ``+inf``, so a minimum over actions is over allowed ones.
    """
    v = np.asarray(value, dtype=np.float64)
    _check_shape("value", v.shape, mdp.start.shape)
    ahead: Floats = (mdp.transitions @ v).reshape(mdp.cost.shape)
    return mdp.offered_cost + mdp.gamma * ahead


def greedy(q: ArrayLike) -> NDArray[np.intp]:
    """Cheapest action of every state, (S,), of a table ``q`` (S, A); ties go to the first."""
    return np.asarray(np.argmin(np.asarray(q), axis=1), dtype=np.intp)


def _same_process(mdp: FiniteMDP, cost: Floats, allowed: NDArray[np.bool_]) -> FiniteMDP:
    """Variant with the same transitions, which keeps what was computed from them."""
    other = replace(mdp, cost=cost, allowed=allowed)
    for name in ("flow", "ordered_flow"):
        if name in mdp.__dict__:
            other.__dict__[name] = mdp.__dict__[name]
    return other


def _allowed_mask(allowed: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if allowed is None:
        return np.ones(shape, dtype=bool)
    mask = np.array(allowed)
    if mask.shape != shape or mask.dtype != np.bool_:
        raise ValueError(
            f"allowed must be boolean with shape {shape}; got {mask.dtype} with shape {mask.shape}"
        )
    empty = np.flatnonzero(~mask.any(axis=1))
    if len(empty):
        raise ValueError(f"allowed must offer an action in every state; state {empty[0]} has none")
    return mask


def _transition_rows(P: Any, mask: NDArray[np.bool_]) -> sp.csr_array:
    n, k = mask.shape
    if sp.issparse(P):
        _check_shape("P", P.shape, (n * k, n))
        rows = sp.csr_array(P, dtype=np.float64, copy=True)
    else:
        dense = np.asarray(P, dtype=np.float64)
        _check_shape("P", dense.shape, (n, k, n))
        rows = sp.csr_array(dense.reshape(n * k, n))
    rows.sum_duplicates()
    if not mask.all():
        rows.data[~np.repeat(mask.ravel(), np.diff(rows.indptr))] = 0.0
    rows.eliminate_zeros()
    # SuperLU reads 32-bit indices; converting once here saves a conversion per factorisation.
    narrow = (rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int32))
    return sp.csr_array(narrow, shape=rows.shape)


def _check_shape(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if shape != wanted:
        raise ValueError(f"{name} must have shape {wanted}; got shape {shape}")


def _check_distributions(name: str, rows: sp.csr_array, used: NDArray[np.bool_]) -> None:
    bad = np.flatnonzero(~(np.isfinite(rows.data) & (rows.data >= 0.0)))
    if len(bad):
        row = int(np.searchsorted(rows.indptr, bad[0], side="right")) - 1
        raise ValueError(
            f"{name} must be finite and non-negative; got {rows.data[bad[0]]} in row {row}"
        )
    sums = np.asarray(rows.sum(axis=1)).ravel()
    tolerance = (np.diff(rows.indptr) + 64) * EPS
    wrong = np.flatnonzero(used & (np.abs(sums - 1.0) > tolerance))
    if len(wrong):
        raise ValueError(f"{name} must sum to 1; row {wrong[0]} sums to {float(sums[wrong[0]])!r}")
