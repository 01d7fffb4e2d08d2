"""Repeated, interleaved timing: A B C, C B A, A B C, ... so that drift hits everybody alike."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Clock = Callable[[], float]
JSON = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """Seconds per call of one implementation.

    Parameters
    ----------
    samples : tuple of float
        Mean seconds per call, one entry per round.
    calls : int
        Calls per sample.
    first : float
        Seconds of the very first call: imports, compilation, caches included.
    """

    samples: tuple[float, ...]
    calls: int
    first: float

    @property
    def median(self) -> float:
        """Median seconds per call."""
        return median(self.samples)

    def to_json(self) -> JSON:
        """Summary in milliseconds."""
        return {
            "median_ms": 1e3 * self.median,
            "min_ms": 1e3 * min(self.samples),
            "max_ms": 1e3 * max(self.samples),
            "first_call_ms": 1e3 * self.first,
            "rounds": len(self.samples),
            "calls_per_round": self.calls,
        }


@dataclass(frozen=True)
class Ratio:
    """How much longer one implementation takes than another: the quotient of each round."""

    quotients: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median quotient."""
        return median(self.quotients)

    def to_json(self) -> JSON:
        """Median and extremes."""
        return {"median": self.median, "min": min(self.quotients), "max": max(self.quotients)}


def interleaved(
    functions: Mapping[str, Callable[[], object]],
    repeats: int,
    clock: Clock = time.perf_counter,
    min_seconds: float = 0.02,
) -> dict[str, Timing]:
    """Time several functions in turns.

    Each is called twice to warm up (once if that takes over a second); the last of these calls
    decides how many make a sample of at least ``min_seconds``. Then every round takes one sample of
    each, in alternating order. The garbage collector is off meanwhile.

    Parameters
    ----------
    functions : mapping from name to callable without arguments
        What to time.
    repeats : int
        Number of rounds, at least 1.
    clock : callable
        Returns seconds.
    min_seconds : float
        Least duration of a sample.

    Raises
    ------
    ValueError
        If ``repeats`` is not positive or there is nothing to time.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1; got {repeats}")
    if not functions:
        raise ValueError("functions must name at least one implementation; got none")
    first = {name: _seconds(f, 1, clock) for name, f in functions.items()}
    warm = {
        name: seconds if seconds > 1 else _seconds(functions[name], 1, clock)
        for name, seconds in first.items()
    }
    calls = {name: max(1, math.ceil(min_seconds / max(s, 1e-9))) for name, s in warm.items()}
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(repeats):
        for name in list(functions)[:: 1 if turn % 2 == 0 else -1]:
            samples[name].append(_seconds(functions[name], calls[name], clock) / calls[name])
    return {name: Timing(tuple(samples[name]), calls[name], first[name]) for name in functions}


def ratio(slow: Timing, fast: Timing) -> Ratio:
    """Quotients ``slow / fast``, round by round; above 1 when ``fast`` deserves its name."""
    return Ratio(tuple(s / f for s, f in zip(slow.samples, fast.samples, strict=True)))


def fastest(timings: Mapping[str, Timing]) -> str:
    """Name of the implementation with the least median.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not timings:
        raise ValueError("timings must hold at least one implementation; got none")
    return min(timings, key=lambda name: timings[name].median)


def _seconds(function: Callable[[], object], calls: int, clock: Clock) -> float:
    enabled = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        for _ in range(calls):
            function()
        return clock() - start
    finally:
        if enabled:
            gc.enable()
