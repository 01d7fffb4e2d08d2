"""Expected congestion when devices offload independently: the Poisson-binomial crowd.

With offloading probabilities ``p_1..p_N`` the size of the crowd is Poisson-binomial. All sums here
have non-negative terms only, so there is no cancellation: the error is a few roundings per device.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from refimpl.dcc.model.congestion import Congestion

Floats = NDArray[np.float64]

_CHUNK = 2**23
"""Largest number of time steps x devices x devices treated at once (32 MB of crowd laws)."""


def crowd_law(p: Floats) -> Floats:
    """Law of the number of offloading devices, (T, N+1), from probabilities (T, N).

    Recursion over devices: with device ``i`` the crowd is one larger with probability ``p[:, i]``.
    """
    law = np.zeros((p.shape[0], p.shape[1] + 1))
    law[:, 0] = 1.0
    for i in range(p.shape[1]):
        joins = p[:, i, None]
        law[:, 1 : i + 2] = law[:, 1 : i + 2] * (1.0 - joins) + law[:, : i + 1] * joins
        law[:, 0] *= 1.0 - joins[:, 0]
    return law


def total_congestion(p: Floats, congestion: Congestion) -> Floats:
    """Mean congestion cost of everybody, ``E n d(n)``, (T,), from probabilities (T, N)."""
    n = np.arange(1.0, p.shape[1] + 1.0)
    return np.asarray(crowd_law(p)[:, 1:] @ (n * congestion.penalty(n)))


def expected_penalties(p: Floats, congestion: Congestion) -> Floats:
    """Penalty that each device expects if it offloads, ``E d(1 + others)``, (T, N).

    One forward pass holds the law of the crowd among devices ``< i``; one backward pass the
    expected penalty as a function of that crowd, over devices ``> i``. Their product leaves
    exactly device ``i`` out, for all devices at the price of two recursions.
    """
    n_times, n_devices = p.shape
    result = np.empty(p.shape)
    rows = max(1, _CHUNK // (n_devices * n_devices))
    for first in range(0, n_times, rows):
        chunk = slice(first, first + rows)
        result[chunk] = _leave_one_out(p[chunk], congestion)
    return result


def expected_penalty_identical(p: Floats, n_devices: int, congestion: Congestion) -> Floats:
    """Penalty that each of ``n_devices`` equal devices expects if it offloads, (T,).

    All offload with probability ``p`` (T,), so the crowd of the others is binomial. Equals
    :func:`expected_penalties` with equal columns.
    """
    others = np.arange(n_devices)
    ways = gammaln(n_devices) - gammaln(others + 1.0) - gammaln(n_devices - others)
    chance = np.clip(p, 0.0, 1.0)[:, None]
    log_law = ways + xlogy(others, chance) + xlog1py(n_devices - 1.0 - others, -chance)
    return np.asarray(np.exp(log_law) @ congestion.penalty(others + 1.0))


def _leave_one_out(p: Floats, congestion: Congestion) -> Floats:
    n_times, n_devices = p.shape
    before = [np.ones((n_times, 1))]  # law of the crowd among devices < i, (T, i + 1)
    for i in range(n_devices - 1):
        joins = p[:, i, None]
        law = np.zeros((n_times, i + 2))
        law[:, :-1] = before[i] * (1.0 - joins)
        law[:, 1:] += before[i] * joins
        before.append(law)
    crowd = np.arange(1.0, n_devices + 1.0)
    after = np.tile(congestion.penalty(crowd), (n_times, 1))  # mean over devices > i, (T, i + 1)
    result = np.empty(p.shape)
    for i in reversed(range(n_devices)):
        result[:, i] = np.einsum("tn,tn->t", before[i], after)
        joins = p[:, i, None]
        after = after[:, :-1] * (1.0 - joins) + after[:, 1:] * joins
    return result
