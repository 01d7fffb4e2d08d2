"""Tabular Q-learning of many independent learners at once, one learner per row.

``q[row, s, a]`` is what learner ``row`` believes the expected discounted cost to be of playing
``a`` in state ``s`` and the best action ever after. One step of every learner is

    q[row, s, a] += step * (cost + gamma * min_b q[row, s', b] - q[row, s, a]).

Rows are whatever runs side by side: devices, environments, evaluation points. They never touch
each other's table, so a thousand learners cost a few NumPy calls, not a thousand loops::

    q, counts = full_table(rows, n_states, n_actions, 46.0), zero_counts(rows, n_states, n_actions)
    step_of = 0.5 / np.arange(1, n_steps + 1) ** 0.75         # one power per count, not per visit
    for _ in range(n_steps):
        actions = epsilon_greedy(q, states, epsilon, rng)
        costs, next_states = simulate(states, actions, rng)
        visits = count_visits(counts, states, actions)        # 1, 2, ...
        td_update(q, states, actions, costs, next_states, step_of.take(visits - 1), gamma)
        states = next_states

Loops that are hot and make their own indices use the unchecked :func:`state_costs`,
:func:`pair_indices` and :func:`td_update_at`, of which the others are made.

Convention: costs are MINIMISED. Tables are C-contiguous (rows, S, A) arrays and are changed in
place; flat index ``(row * S + s) * A + a``.
"""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def full_table(rows: int, n_states: int, n_actions: int, value: float) -> Floats:
    """Table (rows, n_states, n_actions) with ``value`` everywhere.

    A value below every true cost is optimistic: each action looks better than it is until tried.

    Raises
    ------
    ValueError
        If a size is not positive or ``value`` is not finite.
    """
    _check_sizes(rows, n_states, n_actions)
    if not math.isfinite(value):
        raise ValueError(f"value must be finite; got {value}")
    return np.full((rows, n_states, n_actions), value, dtype=np.float64)


def zero_counts(rows: int, n_states: int, n_actions: int) -> Ints:
    """Visit counts (rows, n_states, n_actions), all 0.

    Raises
    ------
    ValueError
        If a size is not positive.
    """
    _check_sizes(rows, n_states, n_actions)
    return np.zeros((rows, n_states, n_actions), dtype=np.int64)


def greedy(q: Floats, states: Ints) -> Ints:
    """Cheapest action of each row in its state, (rows,); ties go to the first action.

    Raises
    ------
    ValueError
        If the table is not a C-contiguous (rows, S, A) array or the states do not fit it.
    """
    actions: Ints = _state_costs(q, states, "states").argmin(axis=1)
    return actions


def epsilon_greedy(
    q: Floats, states: Ints, epsilon: float | Floats, rng: np.random.Generator
) -> Ints:
    """Cheapest action, or with probability ``epsilon`` a uniformly random one, (rows,).

    Parameters
    ----------
    q : (rows, S, A) float
    states : (rows,) int
    epsilon : float or (rows,) float
        In [0, 1].
    rng : Generator
        Two uniform numbers per row are drawn, whatever ``epsilon`` is.

    Raises
    ------
    ValueError
        If ``epsilon`` is outside [0, 1], or as :func:`greedy`.
    """
    _check_range("epsilon", epsilon, q.shape[0])
    best = greedy(q, states)
    whether, which = rng.random((2, states.size))
    uniform = (which * q.shape[2]).astype(np.int64)
    return np.where(whether < epsilon, uniform, best)


def count_visits(counts: Ints, states: Ints, actions: Ints) -> Ints:
    """Add one visit per row in place; return how often each row's pair has been visited, (rows,).

    Raises
    ------
    ValueError
        If the table is not a C-contiguous (rows, S, A) array or states or actions do not fit it.
    """
    pairs = _pairs(counts, states, actions)
    flat = counts.reshape(-1)
    visits = flat.take(pairs) + 1
    flat[pairs] = visits
    return visits


def td_update(
    q: Floats,
    states: Ints,
    actions: Ints,
    costs: Floats,
    next_states: Ints,
    step_sizes: float | Floats,
    gamma: float | Floats,
) -> Floats:
    """One Q-learning step of every row, in place; returns the errors.

    Parameters
    ----------
    q : (rows, S, A) float64
        Changed in place.
    states, actions, next_states : (rows,) int
    costs : (rows,) float
        Minimised.
    step_sizes : float or (rows,) float
        In [0, 1].
    gamma : float or (rows,) float
        Discount factor in [0, 1]; 0 in the rows whose task ends with this step.

    Returns
    -------
    (rows,) float
        Temporal-difference errors ``cost + gamma min q' - q`` before the step.

    Raises
    ------
    ValueError
        If a shape or range is wrong, or a cost is NaN or infinite.
    """
    rows = q.shape[0]
    _check_range("step_sizes", step_sizes, rows)
    _check_range("gamma", gamma, rows)
    if np.shape(costs) != (rows,) or not math.isfinite(costs.sum()):
        raise ValueError(f"costs must be {rows} finite numbers; got {costs!r}")
    pairs = _pairs(q, states, actions)
    _check_indices("next_states", next_states, rows, q.shape[1])
    return td_update_at(q, pairs, costs, next_states, step_sizes, gamma)


def state_costs(q: Floats, states: Ints) -> Floats:
    """Look up ``q[row, states[row], :]``, (rows, A); not checked, for innermost loops."""
    rows, n_states, n_actions = q.shape
    return q.reshape(-1, n_actions).take(_offsets(rows, n_states) + states, axis=0)


def pair_indices(table: NDArray[Any], states: Ints, actions: Ints) -> Ints:
    """Flat index of ``table[row, states[row], actions[row]]``, (rows,); not checked either."""
    rows, n_states, n_actions = table.shape
    pairs: Ints = (_offsets(rows, n_states) + states) * n_actions + actions
    return pairs


def td_update_at(
    q: Floats,
    pairs: Ints,
    costs: Floats,
    next_states: Ints,
    step_sizes: float | Floats,
    gamma: float | Floats,
) -> Floats:
    """:func:`td_update` of the entries ``pairs``, see :func:`pair_indices`; not checked either."""
    # Column by column: a reduction over a short last axis is the slowest thing NumPy does.
    best_next = reduce(np.minimum, state_costs(q, next_states).T)
    flat = q.reshape(-1)
    old = flat.take(pairs)
    errors: Floats = costs + gamma * best_next - old
    flat[pairs] = old + step_sizes * errors
    return errors


def _state_costs(q: Floats, states: Ints, name: str) -> Floats:
    _check_table(q)
    _check_indices(name, states, *q.shape[:2])
    return state_costs(q, states)


def _pairs(table: NDArray[Any], states: Ints, actions: Ints) -> Ints:
    _check_table(table)
    rows, n_states, n_actions = table.shape
    _check_indices("states", states, rows, n_states)
    _check_indices("actions", actions, rows, n_actions)
    return pair_indices(table, states, actions)


@lru_cache(maxsize=16)
def _offsets(rows: int, n_states: int) -> Ints:
    offsets = np.arange(rows) * n_states
    offsets.flags.writeable = False
    return offsets


def _check_sizes(rows: int, n_states: int, n_actions: int) -> None:
    for name, size in (("rows", rows), ("n_states", n_states), ("n_actions", n_actions)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1; got {size}")


def _check_table(table: NDArray[Any]) -> None:
    # A copy made by reshaping a non-contiguous table would swallow the update.
    if table.ndim != 3 or not table.flags.c_contiguous:
        raise ValueError(
            f"table must be a C-contiguous (rows, S, A) array; got shape {table.shape} "
            f"with strides {table.strides}"
        )


def _check_indices(name: str, indices: Ints, rows: int, n: int) -> None:
    if indices.shape != (rows,) or indices.dtype != np.int64:
        raise ValueError(
            f"{name} must be int64 with shape ({rows},); got {indices.dtype} {indices.shape}"
        )
    # Read as unsigned, a negative index is huge: one reduction checks both ends.
    if np.maximum.reduce(indices.view(np.uint64)) >= n:
        bad = np.flatnonzero((indices < 0) | (indices >= n))[0]
        raise ValueError(f"{name} must be in 0..{n - 1}; row {bad} has {indices[bad]}")


def _check_range(name: str, value: float | Floats, rows: int) -> None:
    if isinstance(value, np.ndarray) and value.ndim:
        if value.shape != (rows,):
            raise ValueError(f"{name} must be a number or have shape ({rows},); got {value.shape}")
        low, high = np.minimum.reduce(value), np.maximum.reduce(value)
    else:
        low = high = value
    if not (low >= 0 and high <= 1):
        raise ValueError(f"{name} must be in [0, 1]; got {low if not low >= 0 else high}")
