"""Centralised optimum of the joint game, by value iteration on the joint state [DCC eq. 3].

A planner that sees every device and commands every action faces one big MDP: states
``(s_1, ..., s_N)``, actions ``(a_1, ..., a_N)``, cost ``sum_i local_i(s_i, a_i) + K d(K)`` with
``K`` the number of devices that offload. No decentralised scheme can do better, so the gap to it
is the price of decentralisation.

The transition law factorises over devices, so the joint kernel is never built: the expectation of
the next value is taken one device, one axis, at a time. The two sides of the contraction give
bounds on the optimal cost, not just an estimate (MacQueen 1966).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import OFFLOAD

Floats = NDArray[np.float64]

LARGEST_TABLE = 2**24


@dataclass(frozen=True)
class JointOptimum:
    """Certified optimum of the joint game.

    Parameters
    ----------
    low, high : float
        Bounds of the least expected discounted cost of all devices together, from the product of
        the devices' start laws.
    values : (S_1, ..., S_N) float
        Estimated optimal cost from every joint state.
    actions : (N, S_1, ..., S_N) int
        Action of every device in every joint state under the greedy joint policy.
    """

    low: float
    high: float
    values: Floats
    actions: NDArray[np.intp]


def joint_optimum(
    devices: Sequence[FiniteMDP], congestion: Congestion, tolerance: float = 1e-9
) -> JointOptimum:
    """Least cost of a planner that commands all devices [DCC eq. 3] [DCC Prop. 1].

    Parameters
    ----------
    devices : sequence of FiniteMDP
        Local problems: costs are local costs, no congestion; all with the same discount.
    congestion : Congestion
        Penalty d(n) that each of n simultaneous offloaders pays.
    tolerance : float
        Largest width ``high - low`` of the returned bounds.

    Raises
    ------
    ValueError
        If there is no device, discounts differ, or the joint table has more than 2**24 entries.
    """
    gamma = _common_discount(devices)
    costs = joint_cost(devices, congestion)
    values = np.zeros(costs.shape[::2])
    while True:
        table = costs + gamma * joint_expectation(devices, values)
        updated = table.min(axis=_action_axes(devices))
        change = updated - values
        values = updated
        low, high = (gamma / (1.0 - gamma) * end for end in (change.min(), change.max()))
        if high - low <= tolerance:
            break
    start = _start_value(devices, values)
    return JointOptimum(
        low=start + low,
        high=start + high,
        values=values + 0.5 * (low + high),
        actions=_greedy_actions(devices, table),
    )


def joint_cost(devices: Sequence[FiniteMDP], congestion: Congestion) -> Floats:
    """Cost of every joint state and action, shape (S_1, A_1, ..., S_N, A_N) [DCC eq. 5].

    Raises
    ------
    ValueError
        If the table would have more than 2**24 entries.
    """
    shape = tuple(size for device in devices for size in device.cost.shape)
    entries = int(np.prod([float(size) for size in shape]))
    if entries > LARGEST_TABLE:
        raise ValueError(
            f"devices must span at most {LARGEST_TABLE} joint state-action pairs; got {entries}"
        )
    total, offloaders = np.zeros(shape), np.zeros(shape)
    for i, device in enumerate(devices):
        axes = _pair_shape(len(devices), i, device)
        total = total + np.where(device.allowed, device.cost, np.inf).reshape(axes)
        offloads = np.broadcast_to(np.arange(device.n_actions) == OFFLOAD, device.cost.shape)
        offloaders = offloaders + offloads.reshape(axes)
    # d is only defined for one offloader or more; nobody pays when nobody offloads
    return np.asarray(total + offloaders * congestion.penalty(np.maximum(offloaders, 1.0)))


def joint_expectation(devices: Sequence[FiniteMDP], values: Floats) -> Floats:
    """Return the expected next value of every joint state and action, without the joint kernel.

    The joint kernel is the product of the local ones, so the expectation is taken axis by axis.

    Parameters
    ----------
    values : (S_1, ..., S_N) float
        A value of every joint state.

    Returns
    -------
    (S_1, A_1, ..., S_N, A_N) float
    """
    table = values
    for i, device in enumerate(devices):
        # axis 2i holds s_i_next; the contraction puts (s_i, a_i) first, then back in place
        table = np.moveaxis(
            np.tensordot(device.P, table, axes=(2, 2 * i)), (0, 1), (2 * i, 2 * i + 1)
        )
    return np.asarray(table)


def _common_discount(devices: Sequence[FiniteMDP]) -> float:
    discounts = {device.gamma for device in devices}
    if len(discounts) != 1:
        raise ValueError(f"devices must share one discount factor; got {sorted(discounts)}")
    return discounts.pop()


def _pair_shape(n: int, i: int, device: FiniteMDP) -> tuple[int, ...]:
    return (1, 1) * i + device.cost.shape + (1, 1) * (n - i - 1)


def _action_axes(devices: Sequence[FiniteMDP]) -> tuple[int, ...]:
    return tuple(range(1, 2 * len(devices), 2))


def _start_value(devices: Sequence[FiniteMDP], values: Floats) -> float:
    return float(
        reduce(
            lambda rest, device: device.start @ rest.reshape(device.n_states, -1), devices, values
        ).item()
    )


def _greedy_actions(devices: Sequence[FiniteMDP], table: Floats) -> NDArray[np.intp]:
    n_actions = tuple(device.n_actions for device in devices)
    states_first = np.moveaxis(table, _action_axes(devices), range(len(devices), 2 * len(devices)))
    best = states_first.reshape(*states_first.shape[: len(devices)], -1).argmin(axis=-1)
    return np.stack(np.unravel_index(best, n_actions))
