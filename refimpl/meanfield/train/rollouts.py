"""Episodes for training: whole, from empty queues, many at once [MF Algorithm 1, lines 5 to 20]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from linear_models.validation import check_count
from refimpl.meanfield.model.arrivals import Modulation, offload_shares, sample_levels
from refimpl.meanfield.model.epoch import Epoch, interpolated_epoch
from refimpl.meanfield.model.gillespie import gillespie_epoch
from refimpl.meanfield.model.system import System

Ints = NDArray[np.intp]
MakeEpoch = Callable[[System, np.random.Generator], Epoch]


@dataclass(frozen=True)
class Decision:
    """What was seen, drawn and decided at the start of an epoch.

    Attributes
    ----------
    observations, actions : (E, ...) arrays
    log_probs : (E,) or (E, N) float
    offload : (E, N) float
        Probability with which each agent sends a job away.
    """

    observations: Array
    actions: Array
    log_probs: Array
    offload: Array


Decide = Callable[[Ints, np.random.Generator], Decision]
"""``decide(states (E, N), rng)``; may remember what it saw: it serves one batch of episodes."""


@dataclass(frozen=True)
class Episodes:
    """T epochs of E episodes; time first.

    Attributes
    ----------
    observations, actions : (T, E, ...) arrays
    log_probs : (T, E) or (T, E, N) float
    rewards : (T, E) float
        Minus the drops per queue.
    """

    observations: Array
    actions: Array
    log_probs: Array
    rewards: Array


def expected_drops(system: System, rng: np.random.Generator) -> Epoch:
    """Reward from the expected number of drops given the states at the start of the epoch."""
    del rng
    return interpolated_epoch(system)


def counted_drops(system: System, rng: np.random.Generator) -> Epoch:
    """Reward from the drops that happened, as Algorithm 1 counts them: same mean, more noise."""

    def epoch(states: Ints, rates: Array, uniforms: Array) -> tuple[Ints, Array]:
        del uniforms
        after, drops = gillespie_epoch(system, states, rates, rng)
        return after.astype(np.intp), drops.astype(np.float64)

    return epoch


def grouped_levels(
    modulation: Modulation, epochs: int, episodes: int, group: int, rng: np.random.Generator
) -> Ints:
    """Paths of the arrival level, (epochs, episodes), shared by ``group`` episodes in a row.

    Raises
    ------
    ValueError
        If ``group`` does not divide ``episodes``.
    """
    check_count("group", group)
    if episodes % group:
        raise ValueError(f"group must divide the {episodes} episodes; got {group}")
    return np.repeat(sample_levels(modulation, epochs, episodes // group, rng), group, axis=1)


def play(
    system: System, epoch: Epoch, decide: Decide, levels: Ints, rng: np.random.Generator
) -> Episodes:
    """Play episodes from empty queues and keep what training needs.

    Parameters
    ----------
    system : System
    epoch : callable
        How queues evolve and what is counted as drops.
    decide : callable
        See :data:`Decide`.
    levels : (T, E) int
    rng : Generator
        Draws the actions and the queues.
    """
    states = np.zeros((levels.shape[1], system.n), dtype=np.intp)
    rows: list[tuple[Any, ...]] = []
    for rates in system.rates(levels):
        decision = decide(states, rng)
        shares = offload_shares(system.graph, decision.offload.astype(np.float64))
        states, drops = epoch(states, rates[:, None] * shares, rng.random(states.shape))
        seen = (decision.observations, decision.actions, decision.log_probs)
        rows.append((*seen, -drops.mean(axis=1)))
    return Episodes(*(np.stack(column) for column in zip(*rows, strict=True)))
