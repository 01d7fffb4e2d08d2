"""Exact battery kernels, the recharge after a deficit included [DCC App. B].

One slot: the device harvests ``h``; processing takes ``c`` (otherwise ``c = 0``); the net level is
``e + h - c``. Above the capacity the rest is lost. Below zero the device keeps harvesting, slot
after slot, until the level is not negative any more: one transition of random duration during
which the harvest phase keeps moving. The level and phase at its end follow a first-passage law,
which solves one small linear system per size of deficit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.device import Device
from refimpl.dcc.model.sources import Source

Floats = NDArray[np.float64]


def recharge_law(harvest: Source, capacity: int, largest_deficit: int) -> Floats:
    """Level and phase at the end of a recharge, from every deficit and phase, exactly [DCC App. B].

    With ``F[k, z]`` the law from level ``-k`` in phase ``z``, amounts ``p`` and phase chain ``T``,

        F[k, z] = sum_h p[z, h] sum_z' T[z, z'] * (point mass at (min(h - k, capacity), z')
                                                  if h >= k else F[k - h, z']).

    The term ``h = 0`` holds ``F[k]`` itself: one solve with ``I - diag(p[:, 0]) T`` for each ``k``.

    Parameters
    ----------
    harvest : Source
        L phases, amounts 0..K-1.
    capacity : int
        Battery capacity, energy units.
    largest_deficit : int
        Largest ``k``, energy units.

    Returns
    -------
    (largest_deficit + 1, L, capacity + 1, L) float
        ``law[k, z, level, z_next]``; ``law[0]`` is the point mass at level 0 without moving.
    """
    n, n_amounts = harvest.amounts.shape
    law = np.zeros((largest_deficit + 1, n, (capacity + 1) * n))
    law[0, :, :n] = np.eye(n)  # level 0, phase kept
    stay = np.eye(n) - harvest.amounts[:, :1] * harvest.phases
    for k in range(1, largest_deficit + 1):
        arriving = np.zeros(law.shape[1:])
        for h in range(1, n_amounts):
            after = harvest.phases @ (law[k - h] if h < k else _full_level(h - k, capacity, n))
            arriving += harvest.amounts[:, h : h + 1] * after
        law[k] = np.linalg.solve(stay, arriving)
        law[k] /= law[k].sum(axis=1, keepdims=True)  # rounding of the solve only
    return law.reshape(largest_deficit + 1, n, capacity + 1, n)


def battery_kernel(device: Device, cost: Floats) -> Floats:
    """Law of the battery and harvest phase after one slot, (B+1, L, B+1, L).

    Parameters
    ----------
    device : Device
        Its capacity and harvest source are used.
    cost : (C,) float
        Distribution of the energy taken in this slot, on ``0..C-1``; ``[1.0]`` takes nothing.

    Returns
    -------
    (B+1, L, B+1, L) float
        ``kernel[level, phase, level_next, phase_next]``.
    """
    capacity, harvest = device.battery, device.harvest
    deficit = len(cost) - 1
    net = net_law(harvest.amounts, cost, capacity)
    below = recharge_law(harvest, capacity, deficit)[:0:-1]
    n = harvest.n_phases
    above = [
        _full_level(e, capacity, n).reshape(n, capacity + 1, n)
        for e in range(net.shape[2] - deficit)
    ]
    settle = np.concatenate([below, np.array(above)])  # by net level, from -deficit upwards
    moved = np.einsum("zy,nyfx->znfx", harvest.phases, settle)
    return np.asarray(np.einsum("ezn,znfx->ezfx", net, moved))


def net_law(amounts: Floats, cost: Floats, capacity: int) -> Floats:
    """Law of the net level ``e + h - c`` before overflow and recharge, (B+1, L, n_net).

    Entry ``[e, z, i]`` is the probability of the net level ``i - (C - 1)`` for costs on ``0..C-1``.
    """
    change = np.array([np.convolve(row, cost[::-1]) for row in amounts])
    width = change.shape[1]
    law = np.zeros((capacity + 1, len(amounts), width + capacity))
    for e in range(capacity + 1):
        law[e, :, e : e + width] = change
    return law


def expected_penalty(device: Device, cost: Floats) -> Floats:
    """Mean deficit penalty of processing, ``E (c - e - h)_+^p``, (B+1, L), cost units.

    Convention: the penalty is on the deficit right after the slot, not on the recharge.
    """
    net = net_law(device.harvest.amounts, cost, device.battery)
    level = np.arange(net.shape[2], dtype=np.float64) - (len(cost) - 1)
    return np.asarray(net @ np.maximum(-level, 0.0) ** device.deficit_power)


def _full_level(level: int, capacity: int, n_phases: int) -> Floats:
    """Point masses at ``min(level, capacity)`` with the phase kept, (L, (capacity + 1) * L)."""
    at = min(level, capacity) * n_phases
    law = np.zeros((n_phases, (capacity + 1) * n_phases))
    law[:, at : at + n_phases] = np.eye(n_phases)
    return law
