"""Exact cost of many learned policies at once, by the renewal structure of the device.

Processing and offloading reset the age, waiting adds one. A policy's value is therefore an affine
function of the values at age 1: sweeping the ages downwards gives ``V_x = a_x + A_x V_1`` with
blocks of the size of the battery, and one small solve closes the loop. All rows share the sweep, so
thousands of policies are evaluated in a second where a linear solve each would take a minute.

The joint cost of independent devices needs no joint state space: with ``n`` the number of
offloaders of a slot, all of them together pay ``n d(n)``, and ``n`` is a sum of independent
indicators whose probabilities follow from each device's own marginal law.

Convention: values are discounted sums, not normalised; ``use`` is normalised to a frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.crowd import total_congestion
from refimpl.dcc.model.device import OFFLOAD, PROCESS, WAIT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class RenewalModel:
    """Exact kernels of ``R`` devices of ``K`` kinds, cut along the ages.

    Parameters
    ----------
    idle, work : (K, L, L) float
        Battery kernel of a slot with waiting or offloading, and with processing.
    cost : (K, A, M, L) float
        Local cost by action, age and battery level.
    start : (K, L) float
        Start distribution of the battery at age 1.
    kinds : (R,) int
        Kind of every row.
    gamma : float
        Discount factor.
    """

    idle: Floats
    work: Floats
    cost: Floats
    start: Floats
    kinds: Ints
    gamma: float


@dataclass(frozen=True)
class JointCost:
    """Exact discounted costs per agent of product policies in ``E`` joint games.

    Parameters
    ----------
    total, local, congestion : (E,) float
        Cost per agent and its two parts.
    use : (E, N) float
        Discounted offloading frequency ``J_c`` of every agent, in [0, 1].
    """

    total: Floats
    local: Floats
    congestion: Floats
    use: Floats


def renewal_model(mdps: Sequence[FiniteMDP], kinds: Ints, max_aoi: int) -> RenewalModel:
    """Cut exact device models along the ages.

    Parameters
    ----------
    mdps : sequence of K FiniteMDP
        Models built by ``device_mdp``, all with the same state space and discount.
    kinds : (R,) int
        Which of them each row is.
    max_aoi : int
        Number of ages ``M``; states are ordered age first.

    Raises
    ------
    ValueError
        If a model does not start at age 1.
    """
    size = mdps[0].n_states // max_aoi
    parts = []
    for k, mdp in enumerate(mdps):
        dense = mdp.P
        if mdp.start[size:].any():
            raise ValueError(f"mdps must start at age 1; model {k} does not")
        older = dense[:size, WAIT, size : 2 * size] if max_aoi > 1 else dense[:, WAIT]
        cost = mdp.cost.T.reshape(-1, max_aoi, size)
        parts.append((older, dense[:size, PROCESS, :size], cost, mdp.start[:size]))
    idle, work, costs, start = (np.stack(column) for column in zip(*parts, strict=True))
    return RenewalModel(idle, work, costs, start, np.asarray(kinds), mdps[0].gamma)


def policy_values(model: RenewalModel, policies: Floats) -> tuple[Floats, Floats]:
    """Discounted local cost and offloading frequency of every row's policy [DCC eqs 8, 9].

    Parameters
    ----------
    policies : (R, S, A) float
        Row-stochastic policies.

    Returns
    -------
    cost : (R,) float
        Expected discounted local cost from the start distribution.
    use : (R,) float
        Discounted offloading frequency ``(1 - gamma) E sum gamma^t 1{offload}``, in [0, 1].
    """
    chunks = [slice(i, i + _ROWS_AT_ONCE) for i in range(0, len(policies), _ROWS_AT_ONCE)]
    values = np.concatenate([_values_of_rows(model, policies, rows) for rows in chunks])
    return values[:, 0], (1.0 - model.gamma) * values[:, 1]


def offload_probabilities(model: RenewalModel, policies: Floats, horizon: int) -> Floats:
    """Probability that each row offloads at each time, (horizon, R), from the start law."""
    play = _by_age(model, policies)
    idle, work = model.idle[model.kinds], model.work[model.kinds]
    law = np.zeros_like(play[WAIT])
    law[:, 0] = model.start[model.kinds]
    out = np.empty((horizon, len(law)))
    for t in range(horizon):
        crowd = (law * play[OFFLOAD]).sum(axis=1)
        out[t] = crowd.sum(axis=1)
        older = np.matmul(law * play[WAIT], idle)
        worked = (law * play[PROCESS]).sum(axis=1)
        fresh = np.matmul(crowd[:, None], idle) + np.matmul(worked[:, None], work)
        law = np.concatenate([fresh, older[:, :-1]], axis=1)
        law[:, -1] += older[:, -1]
    return out


def joint_cost(
    model: RenewalModel,
    policies: Floats,
    n_devices: int,
    congestion: Congestion,
    horizon: int = 400,
) -> JointCost:
    """Evaluate the true joint cost of product policies in every environment [DCC eqs 3, 5].

    Parameters
    ----------
    policies : (E * n_devices, S, A) float
        Policies, environment by environment.
    n_devices : int
        Devices per environment.
    congestion : Congestion
        Penalty ``d`` within each environment.
    horizon : int
        Slots computed one by one; from there on the last slot's law stands for the rest, an error
        below ``gamma ** horizon / (1 - gamma)`` times the largest congestion cost per slot.
    """
    local, use = policy_values(model, policies)
    joins = offload_probabilities(model, policies, horizon).reshape(-1, n_devices)
    weights = model.gamma ** np.arange(horizon)
    weights[-1] /= 1.0 - model.gamma
    paid = weights @ total_congestion(joins, congestion).reshape(horizon, -1) / n_devices
    local = local.reshape(-1, n_devices).mean(axis=1)
    return JointCost(local + paid, local, paid, use.reshape(-1, n_devices))


def _by_age(model: RenewalModel, policies: Floats) -> Floats:
    """Policies as (A, R, M, L)."""
    shape = (len(policies), *model.cost.shape[2:], -1)
    return np.asarray(np.moveaxis(policies.reshape(shape), -1, 0))


def _values_of_rows(model: RenewalModel, policies: Floats, rows: slice) -> Floats:
    """Discounted local cost and offload count from the start, (rows, 2)."""
    play, kinds = _by_age(model, policies[rows]), model.kinds[rows]
    idle, work = model.idle[kinds], model.work[kinds]
    cost = np.einsum("armb,ramb->rmb", play, model.cost[kinds])
    reset = play[OFFLOAD][..., None] * idle[:, None] + play[PROCESS][..., None] * work[:, None]
    # Columns of `known`: what V_x is made of; two constants, then the values at age 1.
    known = np.concatenate(
        [cost[..., None], play[OFFLOAD][..., None], model.gamma * reset], axis=-1
    )
    waits = model.gamma * play[WAIT]
    eye = np.eye(idle.shape[-1])
    value = np.linalg.solve(eye - waits[:, -1, :, None] * idle, known[:, -1])
    for age in range(play.shape[2] - 2, -1, -1):
        value = known[:, age] + waits[:, age, :, None] * np.matmul(idle, value)
    first = np.linalg.solve(eye - value[..., 2:], value[..., :2])
    return np.asarray(np.einsum("rb,rbk->rk", model.start[kinds], first))
