"""Reward of an assignment [SCALE eq. 2]."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.scale.model.settings import SystemSettings

Floats = NDArray[np.float64]


def assignment_reward(
    settings: SystemSettings, run_time: ArrayLike, delay: ArrayLike, energy: ArrayLike
) -> Floats:
    """Return ``exp(-tau / s) - alpha delta / delta_max - beta e / e_max`` [SCALE eq. 2].

    Parameters
    ----------
    settings : SystemSettings
        ``time_scale``, ``comm_weight``, ``delay_scale``, ``energy_weight``, ``energy_scale``.
    run_time : (...) float
        ``tau``, seconds on the chosen server.
    delay : (...) float
        ``delta``, seconds of the transfer to it.
    energy : (...) float
        Joules.

    Convention: maximised; the weight of the first term is 1.
    """
    fast = np.exp(-np.asarray(run_time) / settings.time_scale)
    moved = settings.comm_weight * np.asarray(delay) / settings.delay_scale
    used = settings.energy_weight * np.asarray(energy) / settings.energy_scale
    return np.asarray(fast - moved - used)


def transfer_delay(settings: SystemSettings, data: ArrayLike, same_server: ArrayLike) -> Floats:
    """Return ``d / B + L`` between two servers and 0 on one [SCALE sec. 3.2], s.

    Parameters
    ----------
    settings : SystemSettings
    data : (...) float
        Output of the predecessor, GB.
    same_server : (...) bool
    """
    across = np.asarray(data) / settings.bandwidth + settings.latency
    return np.where(same_server, 0.0, across)
