"""What additive, monotone and mean-field values can represent, by exact fits [DG-PG Table 2]."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.games import Game, one_step

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]


def payoff_table(game: Game) -> Floats:
    """Return the reward of every joint action of a one-step game, (K, ..., K) with N axes.

    Raises
    ------
    ValueError
        If the game has more than one step.
    """
    return one_step(game)[1]


def additive_fit(table: Floats) -> Floats:
    """Return the closest table ``sum_i Q_i(a_i)``, least squares: VDN [DG-PG Table 2].

    All joint actions count alike; then it is the sum of the main effects.
    """
    total = np.zeros_like(table)
    for axis in range(table.ndim):
        others = tuple(k for k in range(table.ndim) if k != axis)
        total = total + table.mean(axis=others, keepdims=True)
    return np.asarray(total - (table.ndim - 1) * table.mean())


def monotone_fit(table: Floats) -> Floats:
    """Return the closest table that rises in both agents' values: QMIX [DG-PG Table 2].

    ``f(Q_1(a_1), Q_2(a_2))`` with f non-decreasing and any Q_i: non-decreasing along some order of
    the rows and some order of the columns. For each pair of orders the least-squares fit is the
    isotonic regression, by its max-min formula over upper and lower sets.

    Raises
    ------
    ValueError
        If the table is not a square of at most 4 actions each.
    """
    k = len(table)
    if table.shape != (k, k) or k > 4:
        raise ValueError(f"table must be (K, K) with K <= 4; got shape {table.shape}")
    upper = upper_sets(k)
    best, least = table, np.inf
    for rows, columns in itertools.product(itertools.permutations(range(k)), repeat=2):
        order = np.ix_(rows, columns)
        fitted = np.empty_like(table)
        fitted[order] = isotonic(table[order], upper)
        error = float(((fitted - table) ** 2).sum())
        if error < least:
            best, least = fitted, error
    return best


def isotonic(table: Floats, upper: Masks) -> Floats:
    """Return the least-squares fit that is non-decreasing along both axes.

    ``max over upper sets U, min over lower sets L, of the mean over U and L``, both containing the
    cell.
    """
    values, sets = table.ravel(), upper.astype(np.float64)
    lower = 1.0 - sets
    both = sets @ lower.T
    means = (sets * values) @ lower.T / np.where(both > 0, both, 1.0)
    fitted = np.empty_like(values)
    for cell in range(values.size):
        inside = means[np.ix_(sets[:, cell] > 0, lower[:, cell] > 0)]
        fitted[cell] = inside.min(axis=1).max()
    return fitted.reshape(table.shape)


def upper_sets(k: int) -> Masks:
    """Return all sets of cells (S, k * k) that hold with a cell all below and right of it."""
    # Row by row the first column inside can only move left.
    steps = itertools.combinations_with_replacement(range(k + 1), k)
    starts = np.array([first[::-1] for first in steps])
    return np.asarray(np.arange(k) >= starts[:, :, None]).reshape(len(starts), -1)


def largest_error(table: Floats, fitted: Floats) -> float:
    """Return the largest error of a fit."""
    return float(np.abs(table - fitted).max())


def mean_field_error(game: Game, agent: int) -> float:
    """Return how far an agent's reward is from a function of its action and the others' counts.

    Largest spread of the reward among joint actions in which the agent does the same and equally
    many others choose each server; 0 exactly if the mean action says everything [DG-PG Table 2].
    """
    table = np.moveaxis(payoff_table(game), agent, 0).reshape(game.n_servers, -1)
    others = itertools.product(range(game.n_servers), repeat=game.n_agents - 1)
    counts = [tuple(np.bincount(each, minlength=game.n_servers)) for each in others]
    groups: dict[tuple[int, ...], list[int]] = {}
    for column, count in enumerate(counts):
        groups.setdefault(count, []).append(column)
    return max(float(np.ptp(table[:, group], axis=1).max()) for group in groups.values())
