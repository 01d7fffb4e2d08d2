"""Policies that look at the own queue only, and those that look at nothing.

A policy says which share of the arrivals each queue gets in the coming epoch, for many episodes at
once. Given the shares, nothing else about the policy matters to the queues.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.meanfield.model.arrivals import check_probabilities, offload_shares
from refimpl.meanfield.model.system import System

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class Policy(Protocol):
    """``policy(system, states, rng) -> shares``."""

    def __call__(self, system: System, states: Ints, rng: np.random.Generator) -> Floats:
        """Arrival rate at every queue in units of the common rate, (E, N); rows sum to N.

        ``states`` (E, N) are the queue lengths at the start of the epoch.
        """


def own_state(rule: ArrayLike) -> Policy:
    """Each agent sends a job away with a probability that depends on its own queue [MF sec. 1.3.2].

    Parameters
    ----------
    rule : (B + 1,) float
        Probability ``zeta(1 | z)`` to offload a job to a uniformly drawn neighbour, by own queue
        length; the rest goes to the own queue.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1]; when called, if the rule does not have B + 1 entries.
    """
    probabilities = check_probabilities("rule", rule)
    if probabilities.ndim != 1:
        raise ValueError(f"rule must have shape (B + 1,); got {probabilities.shape}")

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        del rng
        if len(probabilities) != system.buffer + 1:
            raise ValueError(
                f"rule must have {system.buffer + 1} entries for buffer {system.buffer}; "
                f"got {len(probabilities)}"
            )
        return offload_shares(system.graph, probabilities.take(states))

    return policy


def threshold(buffer: int, level: int) -> Policy:
    """Offload everything when the own queue holds ``level`` jobs or more.

    Raises
    ------
    ValueError
        If ``level`` is negative.
    """
    if level < 0:
        raise ValueError(f"level must be >= 0; got {level}")
    return own_state((np.arange(buffer + 1) >= level).astype(np.float64))


def own_queue(system: System, states: Ints, rng: np.random.Generator) -> Floats:
    """OWN: every job goes to the queue of the agent it arrived at [MF sec. 2.2]."""
    del system, rng
    return np.ones(states.shape)


def random_per_packet(system: System, states: Ints, rng: np.random.Generator) -> Floats:
    """RND: every job goes to a uniformly drawn accessible queue, own included [MF sec. 2.2]."""
    del rng
    degrees = system.graph.degrees
    shares = offload_shares(system.graph, degrees / (degrees + 1.0))
    return np.broadcast_to(shares, states.shape)
