"""Occupancy measures: policies seen as points of a polytope.

The occupancy of a policy is the expected discounted number of times each pair is used,
``x[s, a] = sum_t gamma^t Pr(s_t = s, a_t = a)``. It satisfies, and is characterised by,

    x >= 0,    sum_a x[s', a] - gamma sum_{s, a} P[s, a, s'] x[s, a] = start[s']   for every s',

that is ``x F = start`` with the flow matrix ``F`` of :mod:`lp_solvers.finite_mdp`. Any discounted
cost of the policy is linear in it: ``sum x * cost``. The policy is read back as
``x[s, a] / sum_a x[s, a]``.

Convention: not normalised; the total mass is ``1 / (1 - gamma)``.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from lp_solvers.finite_mdp import EPS, FiniteMDP, checked_policy, policy_factor
from lp_solvers.linear_program import LinearProgram
from lp_solvers.policy_factor import mixed_rows

Floats = NDArray[np.float64]


def occupancy_of_policy(mdp: FiniteMDP, policy: ArrayLike) -> Floats:
    """Occupancy (S, A) of a policy (S, A): discounted expected uses, mass ``1 / (1 - gamma)``."""
    array = checked_policy(mdp, policy)
    return state_visits(mdp, array)[:, None] * array


def state_visits(mdp: FiniteMDP, policy: ArrayLike) -> Floats:
    """Discounted expected visits of every state, (S,), mass ``1 / (1 - gamma)``."""
    return np.maximum(policy_factor(mdp, policy).visits(mdp.start), 0.0)


def policy_from_occupancy(
    x: ArrayLike, allowed: NDArray[np.bool_], default: ArrayLike | None = None
) -> Floats:
    """Policy (S, A) that has occupancy ``x``: ``x[s, a] / sum_a x[s, a]``.

    Negative entries, which a solver may leave by rounding, count as 0. Where a state's mass is
    below ``S * eps`` of the whole it is rounding, not a ratio to be trusted: such a state follows
    ``default``.

    Parameters
    ----------
    x : (S, A) array
        Occupancy, any positive scale.
    allowed : (S, A) bool array
        Allowed actions; mass on others is an error.
    default : (S, A) array, optional
        Policy of states that are never visited; uniform over the allowed actions if omitted.

    Raises
    ------
    ValueError
        If shapes differ, an entry is NaN or infinite, all mass is zero, or a disallowed pair has
        mass.
    """
    mass = np.asarray(x, dtype=np.float64)
    if mass.shape != allowed.shape:
        raise ValueError(f"x must have shape {allowed.shape}; got shape {mass.shape}")
    if not np.isfinite(mass).all() or not mass.max() > 0.0:
        raise ValueError(f"x must be finite with positive mass; got {mass.min()}..{mass.max()}")
    if (mass[~allowed] > 0.0).any():
        raise ValueError(f"x must be 0 at disallowed pairs; got {mass[~allowed].max()}")
    mass = np.maximum(mass, 0.0)
    seen = visited(mass)[:, None]
    total = mass.sum(axis=1, keepdims=True)
    rest = allowed / allowed.sum(axis=1, keepdims=True) if default is None else np.asarray(default)
    return np.where(seen, mass / np.where(seen, total, 1.0), rest)


def visited(x: Floats) -> NDArray[np.bool_]:
    """States whose mass in an occupancy (S, A) is more than rounding, (S,) bool."""
    total = x.sum(axis=1)
    return np.asarray(total > len(total) * EPS * total.sum())


def occupancy_lp(mdp: FiniteMDP) -> LinearProgram:
    """Linear program of the unconstrained MDP: minimise ``cost . x`` over occupancies.

    One variable per *allowed* pair, in the order of ``np.flatnonzero(mdp.allowed)``; one equality
    per state. Its optimum is ``start . V*`` and the duals of the equalities are optimal values
    ``V*`` (exactly on states that can be visited).
    """
    pairs = np.flatnonzero(mdp.allowed)
    empty = sp.csr_array((0, len(pairs)))
    return LinearProgram(
        mdp.cost.ravel()[pairs], empty, np.zeros(0), sp.csr_array(mdp.flow[pairs].T), mdp.start
    )


def occupancy_from_pairs(mdp: FiniteMDP, x: ArrayLike) -> Floats:
    """Table (S, A) of a vector over allowed pairs in the order of :func:`occupancy_lp`."""
    table = np.zeros(mdp.cost.size)
    table[np.flatnonzero(mdp.allowed)] = np.asarray(x, dtype=np.float64)
    return table.reshape(mdp.cost.shape)


def stationary_distribution(mdp: FiniteMDP, policy: ArrayLike) -> Floats:
    """Long-run share of time in every state, (S,), from the start distribution.

    The limit of the running average of the state's law. It is the stationary law if that is
    unique; with several closed classes each gets the probability of ending in it. ``gamma`` plays
    no part.
    """
    array = checked_policy(mdp, policy)
    chain = mixed_rows(mdp.transitions, array)
    _, label = connected_components(chain, directed=True, connection="strong")
    leaves = sp.coo_array(chain)
    open_classes = label[leaves.row[label[leaves.row] != label[leaves.col]]]
    closed = np.setdiff1d(label, open_classes)
    transient = np.flatnonzero(~np.isin(label, closed))
    arrivals = mdp.start + _flow_out_of(chain, transient, mdp.start)
    result = np.zeros(mdp.n_states)
    for name in closed:
        members = np.flatnonzero(label == name)
        result[members] = arrivals[members].sum() * _irreducible_law(chain, members)
    return result


def _flow_out_of(chain: sp.csr_array, transient: NDArray[np.intp], start: Floats) -> Floats:
    """Probability of first entering each state from the transient ones, (S,)."""
    if not len(transient):
        return np.zeros(len(start))
    inside = sp.csc_array(sp.eye_array(len(transient)) - chain[transient][:, transient].T)
    visits = splu(inside).solve(start[transient])
    return np.asarray(visits @ chain[transient])


def _irreducible_law(chain: sp.csr_array, members: NDArray[np.intp]) -> Floats:
    """Stationary law of one closed class: visits between two returns to its first state."""
    law = np.ones(len(members))
    if len(members) > 1:
        rest = chain[members[1:]][:, members[1:]]
        entry = chain[members[:1]][:, members[1:]].toarray().ravel()
        law[1:] = splu(sp.csc_array(sp.eye_array(len(entry)) - rest.T)).solve(entry)
    share: Floats = law / law.sum()
    return share
