"""The best the devices can do without seeing each other [DCC eq. 3, sec. 4.1].

A *product* policy lets every device act on its own state only. Of the stationary ones,
deterministic policies are enumerated, so the answer is proven optimal in its class; randomised ones
are searched with the exact gradient from many starts, so the answer is the best found. Policies
that may change with time are in :mod:`refimpl.dcc.theory.schedules`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from lp_solvers.finite_mdp import FiniteMDP, deterministic, policy_value
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.crowd import total_congestion
from refimpl.dcc.model.game import offload_probabilities
from refimpl.dcc.theory.joint_optimum import joint_cost, joint_expectation
from refimpl.dcc.theory.schedules import rounding_horizon

Floats = NDArray[np.float64]

LARGEST_ENUMERATION = 10_000
LARGEST_CHAIN = 2_000
"""Largest number of joint states whose chain is solved densely."""


@dataclass(frozen=True)
class ProductOptimum:
    """A product policy and its exact discounted cost, all devices together.

    Parameters
    ----------
    value : float
        Discounted cost under the true congestion.
    policies : tuple of arrays
        One per device, (S, A).
    """

    value: float
    policies: tuple[Floats, ...]


def best_deterministic(devices: Sequence[FiniteMDP], congestion: Congestion) -> ProductOptimum:
    """Least cost over all stationary deterministic product policies, by enumeration [DCC eq. 3].

    Raises
    ------
    ValueError
        If there are more than 10 000 combinations.
    """
    tables = [_deterministic_policies(device) for device in devices]
    n_combinations = int(np.prod([float(len(table)) for table in tables]))
    if n_combinations > LARGEST_ENUMERATION:
        raise ValueError(
            f"devices must have at most {LARGEST_ENUMERATION} deterministic product policies; "
            f"got {n_combinations}"
        )
    horizon = rounding_horizon(devices[0].gamma)
    local = [_local_values(d, table) for d, table in zip(devices, tables, strict=True)]
    uses = [
        offload_probabilities([d] * len(table), table, horizon).T
        for d, table in zip(devices, tables, strict=True)
    ]
    discounts = devices[0].gamma ** np.arange(horizon)
    best_value, best_choice = np.inf, (0,) * len(devices)
    for choice in itertools.product(*(range(len(table)) for table in tables)):
        p = np.stack([uses[i][c] for i, c in enumerate(choice)], axis=1)
        value = discounts @ total_congestion(p, congestion)
        value += sum(local[i][c] for i, c in enumerate(choice))
        if value < best_value:
            best_value, best_choice = float(value), choice
    return ProductOptimum(best_value, tuple(tables[i][c] for i, c in enumerate(best_choice)))


def product_value(
    devices: Sequence[FiniteMDP], policies: Sequence[ArrayLike], congestion: Congestion
) -> tuple[float, tuple[Floats, ...]]:
    """Cost of a stationary product policy and its gradient in every policy entry.

    By the joint chain, hence for small systems only; :func:`refimpl.dcc.model.game.evaluate` gives
    the value at any size.

    Returns
    -------
    value : float
        Discounted cost of all devices from the product of the start laws.
    gradients : tuple of (S_i, A_i) arrays
        ``d value / d policy_i[s, a]``, entries taken as independent variables.

    Raises
    ------
    ValueError
        If there are more than 2000 joint states.
    """
    tables = [np.asarray(policy, dtype=np.float64) for policy in policies]
    n_joint = int(np.prod([d.n_states for d in devices]))
    if n_joint > LARGEST_CHAIN:
        raise ValueError(f"devices must have at most {LARGEST_CHAIN} joint states; got {n_joint}")
    gamma, shape = devices[0].gamma, tuple(d.n_states for d in devices)
    chain = reduce(
        np.kron, [np.einsum("sa,sat->st", q, d.P) for q, d in zip(tables, devices, strict=True)]
    )
    costs = np.where(np.isfinite(table := joint_cost(devices, congestion)), table, 0.0)
    paid = _averaged(costs, tables, keep=None)
    system = np.eye(n_joint) - gamma * chain
    values = np.linalg.solve(system, paid.ravel()).reshape(shape)
    start = reduce(np.multiply.outer, [d.start for d in devices])
    visits = np.linalg.solve(system.T, start.ravel()).reshape(shape)
    q_table = costs + gamma * joint_expectation(devices, values)
    gradients = tuple(
        _own_gradient(_averaged(q_table, tables, keep=i), visits, i) for i in range(len(devices))
    )
    return float(np.sum(start * values)), gradients


def best_randomised(
    devices: Sequence[FiniteMDP],
    congestion: Congestion,
    n_starts: int,
    rng: np.random.Generator,
) -> ProductOptimum:
    """Best stationary randomised product policy found, by gradient search from many starts.

    Policies are softmax tables; every start is descended by L-BFGS with the exact gradient of
    :func:`product_value`. The cost is not convex: this is a best-found answer, an upper bound.
    """
    shapes = [d.cost.shape for d in devices]
    splits = np.cumsum([rows * columns for rows, columns in shapes])[:-1]

    def objective(logits: Floats) -> tuple[float, Floats]:
        parts = [z.reshape(s) for z, s in zip(np.split(logits, splits), shapes, strict=True)]
        tables = [_softmax(z, d.allowed) for z, d in zip(parts, devices, strict=True)]
        value, gradients = product_value(devices, tables, congestion)
        slopes = [
            q * (g - np.sum(q * g, axis=1, keepdims=True))
            for q, g in zip(tables, gradients, strict=True)
        ]
        return value, np.concatenate([slope.ravel() for slope in slopes])

    size = sum(rows * columns for rows, columns in shapes)
    starts = rng.normal(scale=2.0, size=(n_starts, size))
    found = [
        minimize(objective, z, jac=True, method="L-BFGS-B", bounds=[(-40, 40)] * size)
        for z in starts
    ]
    best = min(found, key=lambda result: float(result.fun))
    parts = [z.reshape(s) for z, s in zip(np.split(best.x, splits), shapes, strict=True)]
    soft = [_softmax(z, d.allowed) for z, d in zip(parts, devices, strict=True)]
    # a softmax only approaches a deterministic policy, so the nearest one is tried as well
    hard = [deterministic(q.argmax(axis=1), q.shape[1]) for q in soft]
    return min(
        (ProductOptimum(product_value(devices, q, congestion)[0], tuple(q)) for q in (soft, hard)),
        key=lambda result: result.value,
    )


def _deterministic_policies(device: FiniteMDP) -> list[Floats]:
    choices = [np.flatnonzero(row) for row in device.allowed]
    if np.prod([float(len(c)) for c in choices]) > LARGEST_ENUMERATION:
        raise ValueError(
            f"devices must have at most {LARGEST_ENUMERATION} deterministic policies each"
        )
    return [
        deterministic(np.array(actions), device.n_actions)
        for actions in itertools.product(*choices)
    ]


def _local_values(device: FiniteMDP, tables: Sequence[Floats]) -> Floats:
    return np.array([float(device.start @ policy_value(device, table)) for table in tables])


def _averaged(table: Floats, policies: Sequence[Floats], keep: int | None) -> Floats:
    """Average a (S_1, A_1, ..., S_N, A_N) table over every action axis but that of ``keep``."""
    n = len(policies)
    for i in reversed(range(n)):
        if i == keep:
            continue
        later = table.ndim - 2 * i - 2
        weights = policies[i].reshape(policies[i].shape + (1,) * later)
        table = np.sum(table * weights, axis=2 * i + 1)
    return table


def _own_gradient(q_table: Floats, visits: Floats, i: int) -> Floats:
    """Visits of the joint states times device i's Q, summed over the others' states, (S_i, A_i)."""
    weighted = q_table * np.expand_dims(visits, i + 1)
    others = tuple(axis for axis in range(q_table.ndim) if axis not in (i, i + 1))
    return np.asarray(weighted.sum(axis=others))


def _softmax(logits: Floats, allowed: NDArray[np.bool_]) -> Floats:
    shifted = np.where(allowed, logits, -np.inf)
    weights = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
