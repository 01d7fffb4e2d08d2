"""Small named instances on which the theory is settled exactly.

None of these numbers is the paper's; they are the smallest systems that show an effect. The
paper's own scale is in :mod:`refimpl.dcc.model.device`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP, finite_mdp
from refimpl.dcc.model.device import (
    N_ACTIONS,
    OFFLOAD,
    PROCESS,
    WAIT,
    DeviceParameters,
    ModulatedDevice,
)
from refimpl.dcc.model.sources import iid

GAMMA = 0.95


def toy_device() -> ModulatedDevice:
    """Device of 25 states: AoI 1..5, battery 0..4, cost ``f(x) = x`` and squared deficit.

    Harvest 0 or 1 with probabilities 0.6, 0.4; processing takes 1, 2 or 3 with 0.5, 0.3, 0.2.
    """
    return ModulatedDevice(
        harvest=iid([0.6, 0.4]),
        cost=iid([0.0, 0.5, 0.3, 0.2]),
        aoi_cost=(1.0, 2.0, 3.0, 4.0, 5.0),
        battery=4,
        gamma=GAMMA,
    )


def golden_device() -> DeviceParameters:
    """Device of the paper's scale with known values: harvest 0..2, cost 1..7, M = B = 15."""
    return DeviceParameters(harvest_low=0, harvest_high=2, cost_low=1, cost_high=7)


def age_only(max_aoi: int = 4, gamma: float = GAMMA) -> FiniteMDP:
    """Deterministic device without energy: wait or offload, cost ``(x / M)^2``, starts at AoI 1.

    PROCESS is disallowed. The smallest system in which devices that start together must break
    their symmetry.

    Raises
    ------
    ValueError
        If ``max_aoi`` is below 2: there would be nothing to decide.
    """
    if max_aoi < 2:
        raise ValueError(f"max_aoi must be at least 2; got {max_aoi}")
    age = np.arange(max_aoi)
    transitions = np.zeros((max_aoi, N_ACTIONS, max_aoi))
    transitions[age, WAIT, np.minimum(age + 1, max_aoi - 1)] = 1.0
    transitions[age, OFFLOAD, 0] = 1.0
    allowed: NDArray[np.bool_] = np.ones((max_aoi, N_ACTIONS), dtype=bool)
    allowed[:, PROCESS] = False
    cost = np.repeat(((age + 1.0) / max_aoi)[:, None] ** 2, N_ACTIONS, axis=1)
    return finite_mdp(transitions, cost, gamma, np.eye(max_aoi)[0], allowed)
