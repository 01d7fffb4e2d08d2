"""The joint game of N devices and the exact cost of independent policies [DCC eqs. 1 to 5].

The devices move independently and meet only in the congestion penalty. If they also choose
independently (each policy looks at its own state, the starts are independent), then so are their
actions at any one time, and all that is needed of a device is the probability ``p_i(t)`` that it
offloads at time ``t``:

    J = sum_i local_i + sum_t gamma^t sum_i p_i(t) E d(1 + crowd of the others at t).

Local costs are linear solves. The congestion sum is cut at a horizon after which at most
``gamma^T N d(N) / (1 - gamma)`` is left, an upper bound because the crowd is at most N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP, checked_policy, start_value
from lp_solvers.policy_factor import mixed_rows
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.crowd import expected_penalties, expected_penalty_identical
from refimpl.dcc.model.device import OFFLOAD

Floats = NDArray[np.float64]
TAIL = 1e-12
"""Largest share of the total cost that the horizon may leave out."""


@dataclass(frozen=True)
class GameValue:
    """Exact discounted cost of a product of policies under the true reward [DCC eq. 3].

    Attributes
    ----------
    local : (N,) float
        Discounted local cost of each device.
    congestion : (N,) float
        Discounted congestion penalty that each device pays.
    counts : (N,) float
        Discounted number of times each device offloads, up to the horizon.
    horizon : int
        Number of time steps summed.
    tail : float
        Upper bound on the congestion that the horizon leaves out, over all devices; cost units.
    """

    local: Floats
    congestion: Floats
    counts: Floats
    horizon: int
    tail: float

    @property
    def per_device(self) -> Floats:
        """Discounted cost of each device, (N,)."""
        return self.local + self.congestion

    @property
    def total(self) -> float:
        """Discounted cost of all devices together, J."""
        return float(self.per_device.sum())


def individual_rewards(
    local_costs: ArrayLike, actions: ArrayLike, congestion: Congestion, crowded: int = OFFLOAD
) -> Floats:
    """Reward of every device, r_loc + 1{a_i = a*} d(number who choose a*) [DCC eq. 1].

    Parameters
    ----------
    local_costs : (..., N) array
        Local costs of the devices.
    actions : (..., N) int array
        Their actions, same shape.
    congestion : Congestion
        Penalty d.
    crowded : int
        The crowded action a*.

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    Convention: the paper calls this a reward and minimises it; it is a cost.
    """
    costs, joins = np.asarray(local_costs, dtype=np.float64), np.asarray(actions) == crowded
    if costs.shape != joins.shape:
        raise ValueError(
            f"local_costs and actions must have the same shape; got {costs.shape} and {joins.shape}"
        )
    crowd = joins.sum(axis=-1, keepdims=True)
    penalty = congestion.penalty(np.maximum(crowd, 1).astype(np.float64))
    return np.asarray(costs + joins * penalty)


def global_reward(
    local_costs: ArrayLike, actions: ArrayLike, congestion: Congestion, crowded: int = OFFLOAD
) -> Floats:
    """Sum of all devices' rewards, shape (...,) [DCC eq. 5].

    ``sum_i r_loc_i + n d(n)`` with ``n`` the number who choose the crowded action; arguments as in
    :func:`individual_rewards`.
    """
    return np.asarray(individual_rewards(local_costs, actions, congestion, crowded).sum(axis=-1))


def crowd_incentive(mdp: FiniteMDP, congestion: Congestion, crowded: int = OFFLOAD) -> float:
    """Excess cost of the crowded action when alone, worst state [DCC eq. 2] [DCC Assumption 1].

    ``max_s [ r_loc(s, a*) + d(1) - min_{a != a*} r_loc(s, a) ]``, cost units. Assumption 1 holds
    exactly if this is not positive: choosing a* alone then never costs more now than anything else.
    States where a* is the only allowed action do not count.
    """
    alone = mdp.cost[:, crowded] + float(congestion.penalty(1.0))
    others = np.where(mdp.allowed, mdp.cost, np.inf)
    others[:, crowded] = np.inf
    choice = mdp.allowed[:, crowded] & np.isfinite(others.min(axis=1))
    return float(np.max((alone - others.min(axis=1))[choice], initial=-np.inf))


def offload_probabilities(
    devices: Sequence[FiniteMDP],
    policies: Sequence[ArrayLike],
    horizon: int,
    crowded: int = OFFLOAD,
) -> Floats:
    """Probability that each device offloads at times 0..horizon-1, (T, N).

    Raises
    ------
    ValueError
        If there is no device, or not one valid policy per device.
    """
    checked = _checked_policies(devices, policies)
    chains = [mixed_rows(m.transitions, q) for m, q in zip(devices, checked, strict=True)]
    # All devices advance in one sparse product with the block-diagonal chain.
    step = sp.csr_array(sp.block_diag(chains, format="csr").T)
    joins = sp.csr_array(sp.block_diag([q[None, :, crowded] for q in checked], format="csr"))
    law = np.concatenate([m.start for m in devices])
    result = np.empty((horizon, len(devices)))
    for t in range(horizon):
        result[t] = joins @ law
        law = step @ law
    return np.clip(result, 0.0, 1.0)


def evaluate(
    devices: Sequence[FiniteMDP],
    policies: Sequence[ArrayLike],
    congestion: Congestion,
    crowded: int = OFFLOAD,
) -> GameValue:
    """Exact discounted cost of independent stationary policies, true reward [DCC eq. 3].

    Parameters
    ----------
    devices : sequence of N FiniteMDP
        Local problems with cost r_loc and one common discount factor.
    policies : sequence of N (S_i, A) arrays
        Row-stochastic policies.
    congestion : Congestion
        Penalty d.
    crowded : int
        The crowded action a*.

    Raises
    ------
    ValueError
        If there is no device, the discount factors differ, or a policy is not valid.
    """
    policies = _checked_policies(devices, policies)
    local = np.array([start_value(m, q) for m, q in zip(devices, policies, strict=True)])
    gamma = devices[0].gamma
    horizon, tail = _horizon(gamma, len(devices), congestion, float(np.abs(local).sum()))
    p = offload_probabilities(devices, policies, horizon, crowded)
    discounts = gamma ** np.arange(horizon)
    paid = p * expected_penalties(p, congestion)
    return GameValue(local, discounts @ paid, discounts @ p, horizon, tail)


def evaluate_identical(
    device: FiniteMDP,
    policy: ArrayLike,
    n_devices: int,
    congestion: Congestion,
    crowded: int = OFFLOAD,
) -> GameValue:
    """:func:`evaluate` for ``n_devices`` equal devices with equal policies, N times cheaper.

    Raises
    ------
    ValueError
        If ``n_devices`` is less than 1 or the policy is not valid.
    """
    if n_devices < 1:
        raise ValueError(f"n_devices must be at least 1; got {n_devices}")
    local = np.full(n_devices, start_value(device, policy))
    horizon, tail = _horizon(device.gamma, n_devices, congestion, float(np.abs(local).sum()))
    p = offload_probabilities([device], [policy], horizon, crowded)[:, 0]
    discounts = device.gamma ** np.arange(horizon)
    paid = discounts @ (p * expected_penalty_identical(p, n_devices, congestion))
    counts = np.full(n_devices, discounts @ p)
    return GameValue(local, np.full(n_devices, paid), counts, horizon, tail)


def _horizon(
    gamma: float, n_devices: int, congestion: Congestion, scale: float
) -> tuple[int, float]:
    """Least horizon that leaves out at most ``TAIL * scale``, and the bound on what it leaves.

    ``scale`` is the total local cost, a lower bound on the total; without one, cost unit 1. The
    counts are cut as well, so that a penalty below 1 is taken for 1.
    """
    ends = congestion.penalty(np.array([1.0, n_devices]))
    per_step = n_devices * max(1.0, float(np.abs(ends).max()))
    if gamma == 0.0:
        return 1, 0.0
    wanted = TAIL * (scale or 1.0) * (1.0 - gamma) / per_step
    horizon = max(1, int(np.ceil(np.log(wanted) / np.log(gamma))))
    return horizon, per_step * gamma**horizon / (1.0 - gamma)


def _checked_policies(devices: Sequence[FiniteMDP], policies: Sequence[ArrayLike]) -> list[Floats]:
    if not devices:
        raise ValueError("devices must hold at least one device; got none")
    if len(policies) != len(devices):
        raise ValueError(f"policies must be one per device, {len(devices)}; got {len(policies)}")
    factors = sorted({m.gamma for m in devices})
    if len(factors) > 1:
        raise ValueError(f"devices must share one discount factor; got {factors}")
    return [checked_policy(m, q) for m, q in zip(devices, policies, strict=True)]
