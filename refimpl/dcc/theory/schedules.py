"""The best fixed schedules: time-varying product policies and the price of an offload [DCC eq. 3].

Expected congestion is linear in each device's own offloading probability at time t. Its slope, the
*social price*, is what everybody pays because of one more offload; charging it turns the problem
of one device into an MDP whose improvement is the improvement of all. Improving one device after
the other therefore ends where no single device can improve: a best-found answer. On deterministic
systems such a policy can play any fixed schedule, and where its cost meets the centralised optimum
it is proven optimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.crowd import expected_penalties, total_congestion
from refimpl.dcc.model.device import OFFLOAD

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Schedules:
    """Time-varying policies of all devices and their exact discounted cost.

    Parameters
    ----------
    value : float
        Discounted cost of all devices under the true congestion.
    actions : tuple of (T, S) arrays
        Action of each device at every time in every state of its own.
    """

    value: float
    actions: tuple[Indices, ...]


def social_price(p: Floats, congestion: Congestion) -> Floats:
    """Return the expected cost to everybody of one more offload, (T, N), from probabilities (T, N).

    ``E [ (1 + X) d(1 + X) - X d(X) ]`` with ``X`` the crowd of the others: the derivative of the
    total expected congestion in the device's own probability.
    """
    return expected_penalties(p, marginal_congestion(congestion))


def marginal_congestion(congestion: Congestion) -> Congestion:
    """Rise of the total congestion when the n-th offloader joins, ``n d(n) - (n-1) d(n-1)``.

    Only for whole crowds: between whole numbers it has no meaning, and its derivative is that of
    ``d`` and not to be used.
    """
    marginal = partial(_marginal_total, congestion=congestion)
    return Congestion(marginal, congestion.derivative, congestion.curvature)


def rounding_horizon(gamma: float) -> int:
    """Return the steps after which a discounted series is below rounding of its sum."""
    return 1 if gamma == 0.0 else int(np.ceil(np.log(np.finfo(float).eps) / np.log(gamma)))


def best_time_varying(
    devices: Sequence[FiniteMDP],
    congestion: Congestion,
    n_starts: int,
    rng: np.random.Generator,
) -> Schedules:
    """Best time-varying product policy found: one device at a time, each step exact [DCC eq. 3].

    Given the others, device i's best time-varying policy minimises its local cost plus the social
    price at each of its offloads: a dynamic program. Costs never rise from step to step, so each
    start ends where no single device can improve. Starts are turn-taking (device i offloads at
    i, i + N, ...) and ``n_starts`` random schedules. Best found, an upper bound.
    """
    n_devices, horizon = len(devices), rounding_horizon(devices[0].gamma)
    turns = np.eye(n_devices)[np.arange(horizon) % n_devices]
    rates = rng.random((n_starts, 1, n_devices))
    random = (rng.random((n_starts, horizon, n_devices)) < rates).astype(np.float64)
    found = [_descend(devices, congestion, p) for p in (turns, *random)]
    return min(found, key=lambda result: result.value)


def _descend(devices: Sequence[FiniteMDP], congestion: Congestion, p: Floats) -> Schedules:
    """Round-robin exact responses to the social price until the cost stops falling."""
    discounts = devices[0].gamma ** np.arange(len(p))
    local, actions = np.zeros(len(devices)), [np.zeros((0, 0), dtype=np.intp)] * len(devices)
    value = np.inf
    while True:
        for i, device in enumerate(devices):
            actions[i] = _scheduled_response(device, social_price(p, congestion)[:, i])
            p[:, i], local[i] = _follow(device, actions[i])
        updated = float(local.sum() + discounts @ total_congestion(p, congestion))
        if updated >= value * (1.0 - 1e-12):
            return Schedules(updated, tuple(actions))
        value = updated


def _scheduled_response(device: FiniteMDP, price: Floats) -> Indices:
    """Optimal actions (T, S) when an offload at time t costs ``price[t]`` more."""
    costs = np.where(device.allowed, device.cost, np.inf)
    values = np.zeros(device.n_states)
    actions = np.empty((len(price), device.n_states), dtype=np.intp)
    for t in reversed(range(len(price))):
        q = costs + device.gamma * (device.transitions @ values).reshape(costs.shape)
        q[:, OFFLOAD] += price[t]
        actions[t] = q.argmin(axis=1)
        values = q.min(axis=1)
    return actions


def _follow(device: FiniteMDP, actions: Indices) -> tuple[Floats, float]:
    """Offloading probabilities (T,) and discounted local cost of a schedule of actions (T, S)."""
    law, states = device.start, np.arange(device.n_states)
    p, total = np.empty(len(actions)), 0.0
    for t, chosen in enumerate(actions):
        p[t] = law[chosen == OFFLOAD].sum()
        total += device.gamma**t * float(law @ device.cost[states, chosen])
        law = device.transitions[states * device.n_actions + chosen].T @ law
    return np.minimum(p, 1.0), total


def _marginal_total(n: ArrayLike, congestion: Congestion) -> Floats:
    """Total penalty of a crowd of n minus that of n - 1; an empty crowd pays nothing."""
    crowd = np.asarray(n, dtype=np.float64)
    before = (crowd - 1.0) * congestion.penalty(np.maximum(crowd - 1.0, 1.0))
    return np.asarray(crowd * congestion.penalty(crowd) - before)
