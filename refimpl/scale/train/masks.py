"""Which servers a policy may choose while it is trained, and what the end of the horizon means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Bools
from refimpl.scale.policies.decisions import allowed

Mask = Callable[[Simulation], Bools | None]
"""``mask(simulation) -> (E, N) bool``, True = allowed, or None: everything is."""

Horizon = Callable[[Bools], Bools]
"""``horizon(ended) -> terminated``: after which of the last steps nothing more is earned."""


def no_mask(sim: Simulation) -> None:
    """Allow every server, as in the paper [SCALE sec. 4.1.2]."""
    del sim


def feasible_only(sim: Simulation) -> Bools:
    """Allow servers that can take the task; all of them if none can, so that the clock moves."""
    return allowed(sim.feasible())


def terminal(ended: Bools) -> Bools:
    """Let the horizon be the end of the world: nothing is earned after it."""
    return ended


def truncated(ended: Bools) -> Bools:
    """Let the horizon be where watching stops: the value of the last state still counts."""
    return np.zeros_like(ended)
