"""Rows of the epoch kernel for many queues at once: one matrix exponential per distinct rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.shared.bounded_queue import EpochKernel, epoch_kernel

Floats = NDArray[np.float64]
Kernel = Callable[[Floats, Floats, int, float], EpochKernel]
"""``(arrival_rates, service_rates, buffer, dt)``; the kernel, or its derivative by the rate."""


class Queues(Protocol):
    """Queues without a graph; a :class:`~refimpl.meanfield.model.queues.System` is one too."""

    @property
    def buffer(self) -> int:
        """Buffer B."""

    @property
    def dt(self) -> float:
        """Length of an epoch."""

    @property
    def speeds(self) -> tuple[Floats, NDArray[np.intp]]:
        """Distinct service rates, (C,), and which of them each queue has, (N,)."""


def local_rows(
    queues: Queues, states: ArrayLike, rates: ArrayLike, kernel: Kernel = epoch_kernel
) -> tuple[Floats, Floats]:
    """Next-state law and expected drops of each queue, given its state and arrival rate [MF eq. 1].

    Parameters
    ----------
    queues : Queues
        N queues.
    states : (..., N) int
        At the start of the epoch.
    rates : (..., N) float
        Arrival rates during the epoch.
    kernel : callable
        :func:`epoch_kernel` or :func:`epoch_kernel_derivative`.

    Returns
    -------
    rows : (..., N, B + 1) float
    drops : (..., N) float
    """
    z, arrivals = np.broadcast_arrays(np.asarray(states), np.asarray(rates, dtype=np.float64))
    rows = np.empty((*z.shape, queues.buffer + 1))
    drops = np.empty(z.shape)
    speeds, speed_of = queues.speeds
    for k, speed in enumerate(speeds):
        mine = np.flatnonzero(speed_of == k)
        have = z[..., mine]
        distinct, which = np.unique(arrivals[..., mine], return_inverse=True)
        table = kernel(distinct, np.full(distinct.shape, speed), queues.buffer, queues.dt)
        which = which.reshape(have.shape)
        rows[..., mine, :] = table.transitions[which, have]
        drops[..., mine] = table.expected_drops[which, have]
    return rows, drops
