"""The exact chain of a small system: all queues and the arrival level together [MF eq. 1].

The state is (level, z) with the joint state z of N queues. In an epoch the queues move under the
common rate of the level, then the level switches. Nothing is sampled and nothing approximated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_fraction
from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.joint_states import check_size, joint_states
from refimpl.meanfield.theory.local_rows import local_rows
from refimpl.meanfield.theory.outcomes import Choose, Outcomes
from refimpl.meanfield.theory.product_kernel import ProductKernel, product_kernel
from refimpl.meanfield.theory.sweeps import Bounds, average_bounds, discounted_bounds

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JointChain:
    """One epoch of a small system under one policy.

    Attributes
    ----------
    kernels : tuple of ProductKernel
        Move of the queues, one per level that can occur.
    drops : (L, S, N) float
        Expected drops of each queue during the epoch, by level and joint state at its start.
    switching : (L, L) float
        Level transitions after the epoch, row = from.
    start : (L, S) float
        Law at time 0: empty queues, level from the modulation's start law.
    """

    kernels: tuple[ProductKernel, ...]
    drops: Floats
    switching: Floats
    start: Floats

    def forward(self, law: Floats) -> Floats:
        """Law (L, S) after the epoch of a law (L, S) before it."""
        moved = [kernel.forward(x) for kernel, x in zip(self.kernels, law, strict=True)]
        return np.asarray(self.switching.T @ np.array(moved))

    def backward(self, values: Floats) -> Floats:
        """Mean value after the epoch, (L, S), of values (L, S)."""
        ahead, n = self.switching @ values, values.shape[1]
        return np.array([k.backward(v, n) for k, v in zip(self.kernels, ahead, strict=True)])

    @cached_property
    def costs(self) -> Floats:
        """Expected drops per queue during the epoch, (L, S): mean over the queues."""
        return np.asarray(self.drops.mean(axis=2))


def joint_chain(system: System, choose: Choose) -> JointChain:
    """Exact chain of a policy on a small graph [MF eq. 1].

    Parameters
    ----------
    system : System
        Up to six queues at B = 5; memory grows as (B + 1)^(3 N / 2).
    choose : callable
        What the policy does, see :mod:`refimpl.meanfield.theory.outcomes`.

    Raises
    ------
    TooLargeError
        If the chain needs more than a gigabyte; says how many states and bytes it would need.
    """
    levels = reachable_levels(system.modulation)
    check_size(system.n, system.buffer, len(levels))
    states = joint_states(system.n, system.buffer)
    kernels, drops = [], []
    for level in levels:
        outcomes = choose(system, states, level)
        rows, lost = outcome_rows(system, outcomes, level)
        kernels.append(product_kernel(rows, outcomes.index, outcomes.weight))
        drops.append(mean_over_outcomes(outcomes, lost, len(states)))
    start = np.zeros((len(levels), len(states)))
    start[:, 0] = np.asarray(system.modulation.start)[levels]
    switching = system.modulation.transitions[np.ix_(levels, levels)]
    return JointChain(tuple(kernels), np.array(drops), switching, start)


def outcome_rows(system: System, outcomes: Outcomes, level: int) -> tuple[Floats, Floats]:
    """Local rows (R, N, B + 1) and expected drops (R, N) of every outcome."""
    check_size(system.n, system.buffer, len(outcomes.index) / (system.buffer + 1.0) ** system.n)
    states = joint_states(system.n, system.buffer)[outcomes.index]
    return local_rows(system, states, system.modulation.rates[level] * outcomes.shares)


def mean_over_outcomes(outcomes: Outcomes, values: Floats, n_states: int) -> Floats:
    """Mean over the outcomes of each state, (R, N) -> (S, N)."""
    mean = np.zeros((n_states, values.shape[1]))
    np.add.at(mean, outcomes.index, outcomes.weight[:, None] * values)
    return mean


def reachable_levels(modulation: Modulation) -> list[int]:
    """Levels that occur with positive probability."""
    found = np.asarray(modulation.start) > 0
    for _ in found:
        found = found | (found @ (modulation.transitions > 0))
    return [int(level) for level in np.flatnonzero(found)]


def expected_drops(chains: Sequence[JointChain], start: ArrayLike | None = None) -> Floats:
    """Mean drops of every queue in every epoch, (T, N).

    Parameters
    ----------
    chains : sequence of T JointChain
        One per epoch: ``[chain] * T`` for a policy that does not change.
    start : (L, S) float, optional
        Law at time 0; empty queues if omitted.
    """
    law = chains[0].start if start is None else np.asarray(start, dtype=np.float64)
    path = []
    for chain in chains:
        path.append(np.einsum("ls,lsn->n", law, chain.drops))
        law = chain.forward(law)
    return np.array(path)


def total_drops(system: System, choose: Choose, epochs: int) -> float:
    """Sum the expected drops per queue over epochs from empty queues [MF sec. 3].

    Examples
    --------
    >>> from refimpl.meanfield.model.topologies import ring
    >>> from refimpl.meanfield.theory.outcomes import by_rule
    >>> round(total_drops(System(ring(3), dt=5.0), by_rule([0.0] * 6), 10), 3)
    3.514
    """
    return float(expected_drops([joint_chain(system, choose)] * epochs).mean(axis=1).sum())


def discounted_drops(chain: JointChain, gamma: float, tolerance: float = 1e-10) -> Bounds:
    """Value ``E sum_t gamma^t D(t)`` per queue from empty queues [MF sec. 1.3.2].

    The paper's objective J is minus this. The bounds are at most ``tolerance`` apart.

    Raises
    ------
    ValueError
        If ``gamma`` is not in [0, 1).
    ToleranceError
        If rounding is larger than ``tolerance``.
    """
    check_fraction("gamma", gamma)
    return discounted_bounds(
        lambda values: chain.costs + gamma * chain.backward(values), chain.start, gamma, tolerance
    )


def average_drops(chain: JointChain, tolerance: float = 1e-10) -> Bounds:
    """Long-run expected drops per queue and epoch, with bounds ``tolerance`` apart.

    Raises
    ------
    ToleranceError
        If that is not attainable, as when two levels never change.
    """
    return average_bounds(
        lambda values: chain.costs + chain.backward(values), np.zeros_like(chain.costs), tolerance
    )
