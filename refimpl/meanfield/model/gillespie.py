"""Epochs event by event, as the paper simulates them [MF sec. 3].

Given its arrival rate, a queue evolves in an epoch independently of all others [MF eq. 1], so each
has a clock of its own: the time to the next event is exponential with rate ``lambda_i + alpha_i``,
the event is an arrival with probability ``lambda_i / (lambda_i + alpha_i)``, else a service. A
service at an empty queue does nothing, an arrival at a full one is dropped and counted.

Nothing here knows a matrix exponential; it is what the exact kernels are tested against, and ten
times slower. The queues' clocks run side by side, one event per queue and round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import Policy

Array = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CountedEpoch = Callable[[System, Array, Floats, np.random.Generator], tuple[Ints, Ints]]
"""``epoch(system, states, rates, rng) -> (next_states, drops)``, all (E, N): drops are counts."""


def gillespie_epoch(
    system: System, states: Array, rates: Floats, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Play one epoch of every queue event by event [MF sec. 3].

    Parameters
    ----------
    system : System
        Whose buffer, service rates and epoch length hold.
    states : (E, N) int
        Jobs at the start, 0..B.
    rates : (E, N) float
        Arrivals per unit time, >= 0.
    rng : Generator

    Returns
    -------
    next_states, drops : (E, N) int
        Jobs at the end, and how many were dropped.
    """
    services = np.broadcast_to(system.services, states.shape).ravel()
    speed = rates.ravel() + services
    arrival = rates.ravel() / speed
    jobs = states.astype(np.int64).ravel()
    drops = np.zeros_like(jobs)
    running = np.arange(jobs.size)
    left = np.full(jobs.size, float(system.dt))
    while True:
        left = left - rng.exponential(size=running.size) / speed[running]
        running, left = running[left > 0], left[left > 0]
        if not running.size:
            return jobs.reshape(states.shape), drops.reshape(states.shape)
        comes = rng.random(running.size) < arrival[running]
        now = jobs[running]
        full = now == system.buffer
        drops[running] += comes & full
        jobs[running] = now + (comes & ~full) - (~comes & (now > 0))


def simulate_counted(
    system: System,
    policy: Policy,
    levels: NDArray[np.intp],
    rng: np.random.Generator,
    epoch: CountedEpoch = gillespie_epoch,
) -> Floats:
    """Play episodes from empty queues and count the drops [MF Algorithm 1].

    Parameters
    ----------
    system : System
    policy : Policy
    levels : (T, E) int
        Index of the arrival rate in every epoch and episode.
    rng : Generator
    epoch : callable
        :func:`gillespie_epoch`, or the exact sampler of :mod:`refimpl.meanfield.model.counted`.

    Returns
    -------
    (T, E) float
        Drops per queue in every epoch.
        Convention: counts divided by N, not their conditional expectation; the mean is the same.
    """
    states = np.zeros((levels.shape[1], system.n), dtype=np.intp)
    drops = np.empty(levels.shape)
    for t, now in enumerate(system.rates(levels)):
        shares = policy(system, states, rng)
        states, counts = epoch(system, states, now[:, None] * shares, rng)
        drops[t] = counts.mean(axis=1)
    return drops
