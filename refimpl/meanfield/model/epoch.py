"""One epoch of all queues, exact in law and without events [MF eq. 1].

Given the rates, queues are independent until the next synchronisation, and each is an M/M/1/B queue
with constant rates (:mod:`refimpl.shared.bounded_queue`). So an epoch needs one row of a transition
matrix per queue, and queues with the same rate share the matrix. The next state is drawn by
inverting the row's distribution function at one uniform number per queue: monotone, so the same
numbers couple any two policies well. Drops are returned as their expected number given the
states at the start, which has the mean of the counted drops and a smaller variance.

Two ways to get the rows, one law:

* :func:`tabulated_epoch` computes one matrix exponential per distinct rate and keeps it: for
  policies whose rates take few values, as when a fixed rule looks at queue lengths;
* :func:`interpolated_epoch` reads them off a Chebyshev series in the rate that is accurate to
  rounding: for rates that are different everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from linear_models.validation import check_positive
from refimpl.meanfield.model.kernel_table import KernelTable
from refimpl.meanfield.model.system import System
from refimpl.shared.bounded_queue import epoch_kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Epoch = Callable[[Ints, Floats, Floats], tuple[Ints, Floats]]
"""``(states, rates, uniforms) -> (next_states, expected_drops)``, all of shape (..., N)."""

# Queues played together: most of what an epoch touches stays in the cache, and a rate that is new
# is looked up among so many only.
CHUNK = 2**16
# Nodes until the coefficients have reached rounding; entire functions, so that happens soon.
FIRST_NODES, LAST_NODES = 32, 1024


def tabulated_epoch(system: System) -> Epoch:
    """Epoch by one matrix exponential per distinct rate, kept from epoch to epoch [MF eq. 1].

    Rates are read to 46 binary places, so that sums of the same numbers in another order are the
    same rate; the law moves by less than 1e-14 times ``dt``.

    Parameters
    ----------
    system : System

    Raises
    ------
    ValueError
        If rates and service rates together cannot be numbered.
    """
    table = KernelTable(system)
    speed_of_queue = system.speeds[1] if len(system.speeds[0]) > 1 else None

    def play(states: Ints, rates: Floats, uniforms: Floats, speeds: Ints) -> tuple[Ints, Floats]:
        rows = table.rows(rates, speeds)
        rows *= system.buffer + 1
        rows += states
        drops = table.drops.take(rows)
        return table.invert(rows, uniforms), drops

    def epoch(states: Ints, rates: Floats, uniforms: Floats) -> tuple[Ints, Floats]:
        speeds = _per_entry(speed_of_queue, states)
        flat, x, u = states.reshape(-1), rates.reshape(-1), uniforms.reshape(-1)
        parts = []
        for first in range(0, flat.size, CHUNK):
            some = slice(first, first + CHUNK)
            served = speeds if speed_of_queue is None else speeds[some]
            parts.append(play(flat[some], x[some], u[some], served))
        after, drops = (np.concatenate(column) for column in zip(*parts, strict=True))
        return after.reshape(states.shape), drops.reshape(states.shape)

    return epoch


def interpolated_epoch(system: System, max_rate: float | None = None) -> Epoch:
    """Epoch by Chebyshev series of transition rows and expected drops in the arrival rate.

    Parameters
    ----------
    system : System
    max_rate : float, optional
        Largest rate that may occur, > 0; by default what a queue gets when everybody who may
        sends all to it.
    """
    if max_rate is None:
        max_rate = max(system.modulation.rates) * (1.0 + system.graph.degrees.max())
    check_positive("max_rate", max_rate)
    speeds, speed_of_queue = system.speeds
    series = [chebyshev_rows(system, float(speed), max_rate) for speed in speeds]

    def epoch(states: Ints, rates: Floats, uniforms: Floats) -> tuple[Ints, Floats]:
        largest = rates.max(initial=0.0)
        if largest > max_rate:
            raise ValueError(f"rates must be at most max_rate = {max_rate}; got {largest}")
        flat, x = states.reshape(-1), rates.reshape(-1) * (2.0 / max_rate) - 1.0
        u = uniforms.reshape(-1)
        after, drops = np.empty_like(flat), np.empty(flat.size)
        group = _per_entry(speed_of_queue, states) * (system.buffer + 1) + flat
        for which in np.unique(group):
            speed, state = divmod(int(which), system.buffer + 1)
            members = np.flatnonzero(group == which)
            rows = _basis(x[members], len(series[speed])) @ series[speed][:, state]
            after[members] = (u[members, None] > rows[:, :-1]).sum(axis=1)
            drops[members] = rows[:, -1]
        return after.reshape(states.shape), drops.reshape(states.shape)

    return epoch


def chebyshev_rows(system: System, speed: float, max_rate: float) -> Floats:
    """Coefficients of distribution functions and expected drops on the rates ``[0, max_rate]``.

    Returns
    -------
    (n_terms, B + 1, B + 1) float
        Indexed by degree, state at the start, and: values 0 .. B-1 of the distribution function of
        the next state, then expected drops.
    """
    nodes = FIRST_NODES
    while True:
        angles = np.pi * (np.arange(nodes) + 0.5) / nodes
        rates = 0.5 * max_rate * (1.0 + np.cos(angles))
        kernel = epoch_kernel(rates, speed, system.buffer, system.dt)
        rows = np.cumsum(kernel.transitions, axis=-1)
        rows[..., -1] = kernel.expected_drops
        coefficients = fft.dct(rows, axis=0) / nodes
        coefficients[0] /= 2.0
        sizes = np.abs(coefficients).max(axis=(1, 2))
        small = np.maximum.accumulate(sizes[::-1])[::-1] < 1e-15 * sizes.max()
        if small[-nodes // 4] or nodes >= LAST_NODES:
            return np.asarray(coefficients[: nodes - int(small.sum())])
        nodes *= 2


def _basis(x: Floats, n_terms: int) -> Floats:
    """Chebyshev polynomials 0 .. n_terms-1 at x, (len(x), n_terms)."""
    basis = np.empty((n_terms, x.size))
    basis[0], basis[1:2] = 1.0, x
    for k in range(2, n_terms):
        np.multiply(basis[k - 1], 2.0 * x, out=basis[k])
        basis[k] -= basis[k - 2]
    return basis.T


def _per_entry(speed_of_queue: Ints | None, states: Ints) -> Ints:
    if speed_of_queue is None:
        return np.zeros(1, dtype=np.intp)
    return np.broadcast_to(speed_of_queue, states.shape).reshape(-1)
