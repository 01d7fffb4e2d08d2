"""Influence vectors where no reference is computed: inventory and interference [DG-PG App. D.1].

The coefficient ``<x - xr, z_i>`` isolates an agent only if the state is a sum of what the agents
do. Each domain here is given twice, once as such a sum and once with the nonlinearity it really
has, and :func:`additive_error` tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = Callable[[Floats], Floats]
"""State (m,) after the agents' actions (N, a); an agent that does nothing has a row of zeros."""


def marginal_effects(state: State, actions: Floats) -> Floats:
    """Return ``x - x without agent i`` for every agent, (N, m) [DG-PG App. D.1]."""
    together = state(actions)
    return np.stack([together - state(_without(actions, i)) for i in range(len(actions))])


def additive_error(state: State, actions: Floats) -> float:
    """Return how far the state is from the sum of what each agent does alone [DG-PG App. D.1].

    Largest entry of the gap, 0 exactly if ``x = x_0 + sum_i z_i(a_i)`` here.
    """
    nothing = state(np.zeros_like(actions))
    alone = [state(_only(actions, i)) - nothing for i in range(len(actions))]
    return float(np.abs(state(actions) - nothing - np.sum(alone, axis=0)).max())


def backlogged_stock(stock: Floats, demand: Floats) -> State:
    """Build stock levels after orders and demand, shortages carried over [DG-PG App. D.1]."""
    return lambda orders: np.asarray(stock + orders.sum(axis=0) - demand)


def lost_sales_stock(stock: Floats, demand: Floats) -> State:
    """Build stock levels if demand that finds no stock is lost: never below 0 [DG-PG App. D.1]."""
    return lambda orders: np.maximum(stock + orders.sum(axis=0) - demand, 0.0)


def interference(gain: Floats) -> State:
    """Build the unwanted power at receivers, ``sum_{j != l} G_lj p_j`` [DG-PG App. D.1].

    Parameters
    ----------
    gain : (N, N) array
        From transmitter (column) to receiver (row); actions are powers (N, 1).
    """
    across = gain - np.diag(np.diag(gain))
    return lambda power: np.asarray(across @ power[:, 0])


def signal_to_interference(gain: Floats, noise: float) -> State:
    """Build the ratio of wanted to unwanted power, what rates depend on [DG-PG App. D.1]."""
    unwanted = interference(gain)
    return lambda power: np.asarray(np.diag(gain) * power[:, 0] / (noise + unwanted(power)))


def _without(actions: Floats, agent: int) -> Floats:
    rest = actions.copy()
    rest[agent] = 0.0
    return rest


def _only(actions: Floats, agent: int) -> Floats:
    alone = np.zeros_like(actions)
    alone[agent] = actions[agent]
    return alone
