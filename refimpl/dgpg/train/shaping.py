"""Potential-based shaping of the reward [DG-PG App. J.2].

``r'_t = r_t + gamma Psi(s_{t+1}) - Psi(s_t)``, with the potential 0 after the last step: discounted
sums change by ``-Psi(s_0)`` only, so the best policy stays the best. The paper leaves ``Psi`` open.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.objective.reference import deviation, imbalance, reference_state

Floats = NDArray[np.float64]
Potential = Callable[[Floats, Floats], Floats]
"""``potential(load (E, N, R), capacity (E, N, R)) -> (E,)``."""


def no_potential(load: Floats, capacity: Floats) -> Floats:
    """Potential 0: the reward as it is."""
    del capacity
    return np.zeros(len(load))


def minus_imbalance(load: Floats, capacity: Floats) -> Floats:
    """Minus the load-imbalance functional [DG-PG eq. 18]."""
    return np.asarray(-imbalance(load, capacity))


def minus_deviation(load: Floats, capacity: Floats) -> Floats:
    """Minus half the squared distance from the reference [DG-PG eq. 6]."""
    return np.asarray(-deviation(load, reference_state(load, capacity)))


def shaped(rewards: Floats, potentials: Floats, gamma: float) -> Floats:
    """Rewards (T, E) plus the discounted difference of the potentials (T, E) [DG-PG App. J.2].

    Parameters
    ----------
    rewards : (T, E) float
    potentials : (T, E) float
        Of the states in which the agents act.
    gamma : float
    """
    after = np.zeros_like(potentials)
    after[:-1] = potentials[1:]
    return rewards + gamma * after - potentials
