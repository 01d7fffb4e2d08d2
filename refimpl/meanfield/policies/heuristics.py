"""Heuristics that look at queue lengths once per epoch [MF sec. 2.2].

Each is ``policy(system, states (E, N), rng) -> shares (E, N)``: the arrival rate at every queue, in
units of lambda(t), for the whole epoch. Shares are non-negative and sum to N in every episode,
because every agent passes on all of its jobs.

A rule decides either once per epoch ("one winner": all jobs of the agent go to one queue), or per
packet ("split": jobs are spread evenly over the queues that are equally good). For the shortest
queue the two differ by about a fifth of the drops, so they have names of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.access import Access, accessible, received
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import Policy

Floats = NDArray[np.float64]
Array = NDArray[Any]
Score = Callable[[System, Array], Array]
"""``score(system, states (E, N)) -> (E, N)``: how bad it is to join each queue."""


def random_per_epoch(system: System, states: Array, rng: np.random.Generator) -> Floats:
    """Send all jobs of an epoch to one accessible queue, drawn uniformly [MF sec. 2.2].

    The other reading of "random", which decides per packet, is ``random_per_packet``.
    """
    access = accessible(system.graph)
    column = (rng.random(states.shape) * access.sizes).astype(np.intp)
    return received(access.queues, column)


def shortest_queue_one_winner(system: System, states: Array, rng: np.random.Generator) -> Floats:
    """Send all jobs of an epoch to a shortest accessible queue, ties drawn once [MF sec. 2.2]."""
    return _one_winner(_length, system, states, rng)


def shortest_queue_split(system: System, states: Array, rng: np.random.Generator) -> Floats:
    """Spread the jobs of an epoch evenly over all shortest accessible queues [MF sec. 2.2]."""
    del rng
    return _split(_length, system, states)


def shortest_expected_delay(system: System, states: Array, rng: np.random.Generator) -> Floats:
    """Send all jobs to a queue with least ``(z_j + 1) / alpha_j``, ties drawn once [MF Fig. 10]."""
    return _one_winner(_delay, system, states, rng)


def shortest_expected_delay_split(
    system: System, states: Array, rng: np.random.Generator
) -> Floats:
    """Spread the jobs evenly over all queues with least ``(z_j + 1) / alpha_j`` [MF sec. 3]."""
    del rng
    return _split(_delay, system, states)


def power_of_d(d: int) -> Policy:
    """Shortest of ``d`` accessible queues drawn without replacement, once per epoch [MF sec. 1].

    The own queue is in the pool like the others. An agent with fewer than ``d`` queues looks at all
    of them; ``d = 1`` is :func:`random_per_epoch`, large ``d`` is
    :func:`shortest_queue_one_winner`.

    Raises
    ------
    ValueError
        If ``d`` is below 1.
    """
    if d < 1:
        raise ValueError(f"d must be at least 1; got {d}")
    return partial(_shortest_of_some, d=d)


def _shortest_of_some(system: System, states: Array, rng: np.random.Generator, d: int) -> Floats:
    access = accessible(system.graph)
    # One uniform key per accessible queue: the d smallest are the sample, and settle ties in it.
    keys = np.where(access.present, rng.random((*states.shape, access.queues.shape[1])), np.inf)
    last = min(d, keys.shape[-1]) - 1
    sampled = keys <= np.partition(keys, last, axis=-1)[..., last : last + 1]
    seen = np.where(sampled, states.take(access.queues, axis=1) + keys, np.inf)
    return received(access.queues, seen.argmin(axis=-1))


def _length(system: System, states: Array) -> Array:
    # Small integers: an epoch's columns then stay in the cache.
    return states.astype(np.min_scalar_type(system.buffer + 1), copy=False)


def _delay(system: System, states: Array) -> Array:
    delay: Array = (states + 1) / system.services
    return delay


def _one_winner(score: Score, system: System, states: Array, rng: np.random.Generator) -> Floats:
    access = accessible(system.graph)
    _, best, ties, scores = _best(score, system, states, access)
    # Number k of the tie that wins, 0 <= k < ties; count down until it comes by.
    left = (rng.random(states.shape) * ties).astype(ties.dtype)
    column = np.zeros(states.shape, dtype=np.intp)
    for k, value in enumerate(scores):
        tied = value == best
        if k:
            column += (tied & (left == 0)) * k
        left -= tied
    return received(access.queues, column)


def _split(score: Score, system: System, states: Array) -> Floats:
    access = accessible(system.graph)
    own, best, ties, _ = _best(score, system, states, access)
    weight, shares = 1.0 / ties, np.zeros(states.shape)
    # The graph is undirected: who can use my queue is whose queue I can use.
    for agents, present in access.columns:
        sent = weight.take(agents, axis=1)
        sent *= own == best.take(agents, axis=1)
        shares += sent if present is None else sent * present
    return shares


def _best(
    score: Score, system: System, states: Array, access: Access
) -> tuple[Array, Array, Array, list[Array]]:
    """Scores of the own queues, least scores, how many queues have those, scores by column."""
    own = score(system, states)
    worst = np.iinfo(own.dtype).max if own.dtype.kind in "iu" else np.inf
    scores = []
    for queues, present in access.columns:
        value = own.take(queues, axis=1)
        scores.append(value if present is None else np.where(present, value, worst))
    best = np.minimum.reduce(scores)
    # Signed, since ties are counted down.
    ties = np.zeros(own.shape, dtype=np.min_scalar_type(-len(scores) - 1))
    for value in scores:
        ties += value == best
    return own, best, ties, scores
