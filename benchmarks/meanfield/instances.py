"""What all workloads simulate: a ring, a fixed rule, and paths of the common arrival rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.shared.seeds import generator

RULE = (0.03, 0.12, 0.27, 0.43, 0.62, 0.84)
"""Offload probability by own queue length; about the best rule for a delay of 5."""


def ring_system(n: int, dt: float = 5.0) -> System:
    """Paper's system on a ring."""
    return System(ring(n), dt=dt)


def level_paths(system: System, epochs: int, episodes: int, seed: int = 0) -> NDArray[np.intp]:
    """Levels (T, E) of the arrival rate; the same for every implementation."""
    return sample_levels(system.modulation, epochs, episodes, generator(seed, "levels"))
