"""Markov-modulated integer amounts: harvested energy and processing cost [DCC App. B].

A source is in one of ``L`` phases. In each slot it emits an amount drawn from the distribution of
its current phase, and *then* the phase moves, independently of the amount. One phase means
independent, identically distributed amounts, which is what App. F samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.validation import distribution, probability_rows

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Source:
    """A validated source; build it with :func:`uniform`, :func:`iid` or :func:`modulated`.

    Attributes
    ----------
    amounts : (L, K) float
        ``amounts[z, k]`` is the probability of emitting ``k`` energy units in phase ``z``.
    phases : (L, L) float
        Phase transition probabilities, rows sum to 1.
    initial : (L,) float
        Distribution of the first phase.
    """

    amounts: Floats
    phases: Floats
    initial: Floats

    @property
    def n_phases(self) -> int:
        """Number of phases L."""
        return int(self.amounts.shape[0])

    @property
    def largest(self) -> int:
        """Largest amount with positive probability in some phase, energy units."""
        return int(np.flatnonzero(self.amounts.any(axis=0))[-1])


def modulated(amounts: ArrayLike, phases: ArrayLike, initial: ArrayLike | None = None) -> Source:
    """Source modulated by a finite Markov chain [DCC App. B].

    Parameters
    ----------
    amounts : (L, K) array
        Distribution of the amount ``0..K-1`` in each phase.
    phases : (L, L) array
        Phase transition probabilities.
    initial : (L,) array, optional
        Distribution of the first phase; uniform if omitted.

    Raises
    ------
    ValueError
        If rows are not distributions or shapes do not agree.
    """
    table = np.asarray(probability_rows("amounts", amounts), dtype=np.float64)
    chain = np.asarray(probability_rows("phases", phases), dtype=np.float64)
    n = table.shape[0]
    if 0 in table.shape:
        raise ValueError(f"amounts must have at least one phase and amount; got {table.shape}")
    if chain.shape != (n, n):
        raise ValueError(f"phases must have shape {(n, n)}; got shape {chain.shape}")
    first = np.full(n, 1.0 / n) if initial is None else distribution("initial", initial, n)
    return Source(table, chain, first)


def iid(amounts: ArrayLike) -> Source:
    """Source of independent amounts: ``amounts`` (K,) is the distribution on ``0..K-1``."""
    return modulated(np.asarray(amounts, dtype=np.float64)[None, :], np.ones((1, 1)))


def uniform(low: int, high: int) -> Source:
    """Independent amounts, uniform on the integers ``low..high`` [DCC App. F].

    Raises
    ------
    ValueError
        Unless ``0 <= low <= high``.
    """
    if not 0 <= low <= high:
        raise ValueError(f"low and high must satisfy 0 <= low <= high; got {low} and {high}")
    table = np.zeros(high + 1)
    table[low:] = 1.0 / (high - low + 1)
    return iid(table)
