"""Replay memory: the last ``capacity`` transitions, drawn from uniformly.

A ring of arrays. Adding writes into the arrays in place and returns the new counters, so a memory
is saved and restored as what it is: arrays and two integers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array


@dataclass(frozen=True)
class Transitions:
    """B steps, one per row.

    Attributes
    ----------
    observations, next_observations : (B, ...) arrays
        Before and after the step; after, but before any reset.
    actions : (B,) int
    costs : (B,) float
    terminated : (B,) bool
        The task is over after the step; a truncated step is not terminated.
    """

    observations: Array
    actions: Array
    costs: Array
    next_observations: Array
    terminated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.costs)


@dataclass(frozen=True)
class Replay:
    """Ring of transitions; ``size`` of them are filled and the next goes to row ``cursor``."""

    memory: Transitions
    size: int
    cursor: int

    @property
    def capacity(self) -> int:
        """Number of rows."""
        return len(self.memory)


def replay(like: Transitions, capacity: int) -> Replay:
    """Empty memory for transitions with the trailing shapes and dtypes of ``like``.

    Raises
    ------
    ValueError
        If ``capacity`` is not positive.
    """
    if capacity < 1:
        raise ValueError(f"capacity must be at least 1; got {capacity}")
    columns = (getattr(like, field.name) for field in fields(Transitions))
    memory = (np.zeros((capacity, *column.shape[1:]), column.dtype) for column in columns)
    return Replay(Transitions(*memory), 0, 0)


def add(memory: Replay, new: Transitions) -> Replay:
    """Write ``new`` rows over the oldest ones, in place; use the returned memory from here on.

    Raises
    ------
    ValueError
        If there are more rows than the memory holds, columns have different lengths or other
        trailing shapes than the memory, or a cost is NaN or infinite.
    """
    n = len(new)
    _check_rows(memory, new)
    rows = (memory.cursor + np.arange(n)) % memory.capacity
    for field in fields(Transitions):
        getattr(memory.memory, field.name)[rows] = getattr(new, field.name)
    size = min(memory.size + n, memory.capacity)
    return Replay(memory.memory, size, (memory.cursor + n) % memory.capacity)


def draw(memory: Replay, n: int, rng: np.random.Generator) -> Transitions:
    """``n`` transitions, each uniform over what is stored, with replacement.

    Raises
    ------
    ValueError
        If the memory is empty or ``n`` is not positive.
    """
    if memory.size == 0:
        raise ValueError("memory must hold at least one transition; it is empty")
    if n < 1:
        raise ValueError(f"n must be at least 1; got {n}")
    rows = rng.integers(memory.size, size=n)
    columns = (getattr(memory.memory, field.name)[rows] for field in fields(Transitions))
    return Transitions(*columns)


def _check_rows(memory: Replay, new: Transitions) -> None:
    if len(new) > memory.capacity:
        raise ValueError(f"new must fit the capacity {memory.capacity}; got {len(new)} rows")
    for field in fields(Transitions):
        given, kept = getattr(new, field.name), getattr(memory.memory, field.name)
        if given.shape != (len(new), *kept.shape[1:]):
            raise ValueError(
                f"new.{field.name} must have shape {(len(new), *kept.shape[1:])}; got {given.shape}"
            )
    bad = np.flatnonzero(~np.isfinite(new.costs))
    if bad.size:
        raise ValueError(f"new.costs must be finite; got {new.costs[bad[0]]} in row {bad[0]}")
