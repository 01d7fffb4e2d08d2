"""Episodes of the finite system, many at once [MF Algorithm 1, lines 7 to 19].

All randomness of the queues comes from one stream and that of the policy from another, so two
policies simulated with equal generators and levels meet the same arrival rates and the same uniform
numbers: their difference can be estimated from pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_indices, check_positive
from refimpl.meanfield.model.epoch import Epoch, tabulated_epoch
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import Policy

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# Queues handled together: what an epoch touches then stays in the cache.
BLOCK = 2**14


@dataclass(frozen=True)
class Trace:
    """What an episode leaves.

    Attributes
    ----------
    drops : (T, E) float
        Mean over the queues of the expected number of drops in each epoch, given the states at its
        start.
    states : (E, N) int
        Queue lengths at the end.
    """

    drops: Floats
    states: Ints

    @property
    def total(self) -> Floats:
        """Drops per queue over the whole episode, (E,)."""
        return np.asarray(self.drops.sum(axis=0))


def epochs_for(time: float, dt: float) -> int:
    """Return the number of epochs that come nearest to ``time``, at least 1 [MF sec. 3].

    Raises
    ------
    ValueError
        If a number is not positive and finite.
    """
    check_positive("time", time)
    check_positive("dt", dt)
    return max(1, round(time / dt))


def simulate(
    system: System,
    policy: Policy,
    levels: Ints,
    rng: np.random.Generator,
    epoch: Epoch | None = None,
) -> Trace:
    """Episodes from empty queues.

    Parameters
    ----------
    system : System
    policy : Policy
    levels : (T, E) int
        Level of the common arrival rate in each epoch; see
        :func:`refimpl.meanfield.model.arrivals.sample_levels`.
    rng : Generator
    epoch : callable, optional
        How queues evolve, by default :func:`refimpl.meanfield.model.epoch.tabulated_epoch`.

    Raises
    ------
    ValueError
        If ``levels`` is not a (T, E) array of levels.
    """
    levels = np.asarray(levels)
    if levels.ndim != 2 or levels.size == 0:
        raise ValueError(f"levels must have shape (T, E), both positive; got {levels.shape}")
    check_indices("levels", levels, len(system.modulation.rates))
    epoch = tabulated_epoch(system) if epoch is None else epoch
    per_block = max(1, BLOCK // system.n)
    noise, choices = rng.spawn(2)
    drops = np.empty(levels.shape)
    last = np.empty((levels.shape[1], system.n), dtype=np.intp)
    for first in range(0, levels.shape[1], per_block):
        block = slice(first, first + per_block)
        states = np.zeros((len(levels[0, block]), system.n), dtype=np.intp)
        for t, now in enumerate(system.rates(levels[:, block])):
            shares = policy(system, states, choices)
            states, expected = epoch(states, now[:, None] * shares, noise.random(states.shape))
            drops[t, block] = expected.mean(axis=1)
        last[block] = states
    return Trace(drops, last)
