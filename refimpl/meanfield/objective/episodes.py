"""Simulated episodes that keep what a gradient needs: rates, rows and slopes of the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.objective.observations import Observation
from refimpl.meanfield.theory.local_rows import Kernel, local_rows
from refimpl.shared.bounded_queue import EpochKernel, epoch_kernel, epoch_kernel_derivative

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
# Sums of the same shares in another order differ by less; they then count as one rate.
DECIMALS = 13


@dataclass(frozen=True, eq=False)
class Episodes:
    """T epochs of E episodes on N queues.

    Attributes
    ----------
    levels : (T, E) int
        Arrival levels.
    states : (T + 1, E, N) int
        Queue lengths at the start of each epoch, and at the end.
    entries : (T, E, N) int
        Which entry of the table each agent used.
    drops, drop_slopes : (T, E, N) float
        Expected drops of each queue given the states at the start, and derivative by its rate.
    scores : (T, E, N) float
        ``d log P(z' | z, rate) / d rate`` at the transition that happened.
    slopes : (T, E, N, B + 1) float
        ``dP(. | z, rate) / d rate``; rows sum to 0.
    """

    levels: Ints
    states: Ints
    entries: Ints
    drops: Floats
    drop_slopes: Floats
    scores: Floats
    slopes: Floats


def run_episodes(
    system: System,
    observation: Observation,
    table: Floats,
    levels: Ints,
    rng: np.random.Generator,
) -> Episodes:
    """Episodes from empty queues under the table; uniform numbers do not depend on it."""
    epochs, episodes = levels.shape
    shape = (epochs, episodes, system.n)
    states = np.zeros((epochs + 1, *shape[1:]), dtype=np.intp)
    entries = np.empty(shape, dtype=np.intp)
    drops, drop_slopes, scores = np.empty(shape), np.empty(shape), np.empty(shape)
    slopes = np.empty((*shape, system.buffer + 1))
    kernel, derivative = remembered(epoch_kernel), remembered(epoch_kernel_derivative)
    for t, level in enumerate(levels):
        entries[t] = observation.entries(system, states[t], level)
        shares = offload_shares(system.graph, table[entries[t]])
        rates = np.round(system.rates(level)[:, None] * shares, DECIMALS)
        rows, drops[t] = local_rows(system, states[t], rates, kernel)
        slopes[t], drop_slopes[t] = local_rows(system, states[t], rates, derivative)
        states[t + 1] = _draw(rows, rng.random(shape[1:]))
        happened = states[t + 1][..., None]
        taken = np.take_along_axis(rows, happened, -1)[..., 0]
        scores[t] = np.take_along_axis(slopes[t], happened, -1)[..., 0] / taken
    return Episodes(levels, states, entries, drops, drop_slopes, scores, slopes)


def remembered(kernel: Kernel) -> Kernel:
    """Compute the kernel once per pair of rates, for one buffer and one dt."""
    known: dict[tuple[float, float], int] = {}
    store: list[EpochKernel] = []

    def look_up(rates: Floats, services: Floats, buffer: int, dt: float) -> EpochKernel:
        pairs = list(zip(rates.tolist(), services.tolist(), strict=True))
        new = [pair for pair in pairs if pair not in known]
        if new:
            more = kernel(np.array(new)[:, 0], np.array(new)[:, 1], buffer, dt)
            known.update({pair: len(known) + k for k, pair in enumerate(new)})
            store[:] = [_joined(store[0], more)] if store else [more]
        which = np.array([known[pair] for pair in pairs])
        return EpochKernel(store[0].transitions[which], store[0].expected_drops[which])

    return look_up


def _joined(one: EpochKernel, more: EpochKernel) -> EpochKernel:
    return EpochKernel(
        np.concatenate([one.transitions, more.transitions]),
        np.concatenate([one.expected_drops, more.expected_drops]),
    )


def _draw(rows: Floats, uniforms: Floats) -> Ints:
    """Invert the distribution functions, never into a state of probability 0."""
    total = np.cumsum(rows, axis=-1)
    passed = uniforms[..., None] * total[..., -1:] >= total
    return np.asarray(passed.sum(axis=-1), dtype=np.intp)
