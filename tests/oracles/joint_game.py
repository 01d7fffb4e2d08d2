"""The joint game as one Markov chain on the product of all state spaces (tiny N only)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion

Floats = NDArray[np.float64]


def joint_costs(
    devices: Sequence[FiniteMDP],
    policies: Sequence[Floats],
    congestion: Congestion,
    crowded: int,
) -> Floats:
    """Discounted cost of every device, (N,), by one dense linear solve on the product space.

    The expected one-step cost of each joint state is summed over all joint actions.
    """
    n = len(devices)
    steps = [np.einsum("sa,sax->sx", q, m.P) for m, q in zip(devices, policies, strict=True)]
    chain = reduce(np.kron, steps)
    start = reduce(np.kron, [m.start for m in devices])
    sizes = [m.n_states for m in devices]
    cost = np.zeros((n, *sizes))
    for joint_state in product(*(range(size) for size in sizes)):
        for actions in product(*(range(m.n_actions) for m in devices)):
            chance = np.prod(
                [q[s, a] for q, s, a in zip(policies, joint_state, actions, strict=True)]
            )
            crowd = sum(a == crowded for a in actions)
            for i, (m, s, a) in enumerate(zip(devices, joint_state, actions, strict=True)):
                paid = float(congestion.penalty(float(crowd))) if a == crowded else 0.0
                cost[(i, *joint_state)] += chance * (m.cost[s, a] + paid)
    gamma = devices[0].gamma
    value = np.linalg.solve(np.eye(len(start)) - gamma * chain, cost.reshape(n, -1).T)
    return np.asarray(start @ value)
