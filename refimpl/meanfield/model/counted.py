"""Exact draws of the next states and the numbers of drops, jointly and without events.

The joint law of one epoch is tabulated once per distinct rate, see
:func:`refimpl.shared.bounded_queue.drop_law`; an epoch is then one uniform number per queue. Good
for policies with few distinct rates (own-state rules, shortest queues); where every queue has a
rate of its own, :func:`~refimpl.meanfield.model.gillespie.gillespie_epoch` is faster.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.system import System
from refimpl.shared.bounded_queue import drop_law

Array = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def counted_epoch(
    system: System, states: Array, rates: Floats, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Draw one epoch of every queue from its exact joint law [MF Algorithm 1].

    Same signature and same law as :func:`~refimpl.meanfield.model.gillespie.gillespie_epoch`.

    Parameters
    ----------
    system : System
    states : (E, N) int
        Jobs at the start, 0..B.
    rates : (E, N) float
        Arrivals per unit time, >= 0.
    rng : Generator

    Returns
    -------
    next_states, drops : (E, N) int
    """
    speeds, speed = system.speeds
    kinds, kind = np.unique(rates, return_inverse=True)
    pair = kind.reshape(rates.shape) * len(speeds) + speed
    group = (pair * (system.buffer + 1) + states).ravel()
    order = np.argsort(group, kind="stable")
    uniforms = rng.random(group.size)
    drawn, widths = (np.empty(group.size, dtype=np.int64) for _ in range(2))
    ends = np.flatnonzero(np.diff(group[order], append=-1)) + 1
    for first, last in zip((0, *ends[:-1]), ends, strict=True):
        members = order[first:last]
        index, state = divmod(int(group[members[0]]), system.buffer + 1)
        arrival, service = float(kinds[index // len(speeds)]), float(speeds[index % len(speeds)])
        table = _cumulative(arrival, service, system.buffer, float(system.dt))
        drawn[members] = np.searchsorted(table[state], uniforms[members], side="right")
        widths[members] = table.shape[1] // (system.buffer + 1)
    after, drops = np.divmod(drawn, widths)
    return after.reshape(states.shape), drops.reshape(states.shape)


@lru_cache(maxsize=4096)
def _cumulative(arrival: float, service: float, buffer: int, dt: float) -> Floats:
    """Cumulative law of (state after, drops), flattened in that order, by state before."""
    law = drop_law(arrival, service, buffer, dt)
    rows = law.reshape(buffer + 1, -1).cumsum(axis=1)
    # A uniform number is below 1, and so must find its place.
    cumulative: Floats = rows / rows[:, -1:]
    cumulative.setflags(write=False)
    return cumulative
