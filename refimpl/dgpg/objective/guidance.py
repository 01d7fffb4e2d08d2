"""Guidance coefficient: how much a job's placement adds to the deviation [DG-PG eq. 8].

The paper leaves open which state the coefficient sees and in which unit, and the exact change of
the deviation has a second-order term that its derivative drops. Each reading is a
:class:`Guidance`::

    g_i = <x - xr, z_i>             x before or after the joint action; loads with z = d,
                                    utilisations with z = d / C, or utilisations with z = d
    g_i = <x - xr, z_i> - |z_i|^2/2     corrected: exactly d(x) - d(x without job i)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.objective.reference import reference_state

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


ROUNDING = 1e-12
"""Part of a job's largest coefficient below which differences between servers are rounding."""


@dataclass(frozen=True)
class Placements:
    """Jobs and where they went.

    Attributes
    ----------
    rollout, server : (J,) int
        Index into the first and second axis of loads and capacities.
    demand : (J, R) float
    """

    rollout: Ints
    server: Ints
    demand: Floats


Coefficient = Callable[[Floats, Floats, Placements], Floats]
"""``coefficient(load (E, N, R), capacity (E, N, R), placements) -> (J,)``."""


def load_coefficient(load: Floats, capacity: Floats, placements: Placements) -> Floats:
    """Return ``sum_k d_k (x_ak - xr_ak)`` with loads [DG-PG eq. 8] [DG-PG App. D].

    Parameters
    ----------
    load, capacity : (E, N, R) float
    placements : Placements
        Of J jobs.

    Returns
    -------
    (J,) float
        Positive where the chosen server is above the reference. Convention: added to a cost, so it
        lowers the advantage.
    """
    return _project(load - reference_state(load, capacity), placements, placements.demand)


def utilization_coefficient(load: Floats, capacity: Floats, placements: Placements) -> Floats:
    """Return the coefficient with utilisations ``x / C`` and ``z = d / C`` [DG-PG App. D]."""
    excess = (load - reference_state(load, capacity)) / capacity
    return _project(excess, placements, utilization_influence(capacity, placements))


def mixed_units_coefficient(load: Floats, capacity: Floats, placements: Placements) -> Floats:
    """Return the coefficient with utilisations ``x / C`` but ``z = d`` [DG-PG App. D].

    What the authors' description of the method outside the paper says; not the derivative of a
    deviation in either unit.
    """
    excess = (load - reference_state(load, capacity)) / capacity
    return _project(excess, placements, placements.demand)


def relative_coefficient(load: Floats, capacity: Floats, placements: Placements) -> Floats:
    """Return the coefficient in units of its root mean square over all servers; ours.

    With utilisations and ``z = d``: ``g_i(a) / sqrt(mean_n g_i(n)^2)``. The divisor is the same
    whatever the agent does, so in every state the best server stays the best; but a state in which
    everything is overloaded no longer outweighs all others. 0 where all servers are balanced, to
    rounding.
    """
    utilization = load / capacity
    excess = (load - reference_state(load, capacity)) / capacity
    second = np.einsum("enk,enl->ekl", excess, excess) / load.shape[1]
    demand, rollout = placements.demand, placements.rollout
    square = np.einsum("jk,jkl,jl->j", demand, second[rollout], demand)
    rounding = ROUNDING * (demand * utilization.max(axis=1)[rollout]).sum(axis=1)
    scale = np.sqrt(np.where(square > rounding**2, square, np.inf))
    return _project(excess, placements, demand) / scale


def load_influence(capacity: Floats, placements: Placements) -> Floats:
    """Return ``z`` (J, R) in units of load: the demand [DG-PG App. D]."""
    del capacity
    return placements.demand


def utilization_influence(capacity: Floats, placements: Placements) -> Floats:
    """Return ``z`` (J, R) in units of utilisation: demand over capacity [DG-PG App. D]."""
    influence: Floats = placements.demand / capacity[placements.rollout, placements.server]
    return influence


def corrected(
    coefficient: Coefficient, influence: Callable[[Floats, Placements], Floats]
) -> Coefficient:
    """Return the coefficient minus ``|z|^2 / 2``: the exact change of the deviation [DG-PG eq. 8].

    On the state after the joint action it is ``d(x) - d(x - z_i)``, the difference reward of
    ``-d`` with its sign turned.
    """
    return partial(_corrected, coefficient, influence)


def _corrected(
    coefficient: Coefficient,
    influence: Callable[[Floats, Placements], Floats],
    load: Floats,
    capacity: Floats,
    placements: Placements,
) -> Floats:
    z = influence(capacity, placements)
    exact: Floats = coefficient(load, capacity, placements) - 0.5 * (z * z).sum(axis=-1)
    return exact


def _project(excess: Floats, placements: Placements, influence: Floats) -> Floats:
    at = excess[placements.rollout, placements.server]
    projected: Floats = (at * influence).sum(axis=-1)
    return projected


def before_action(before: Floats, after: Floats) -> Floats:
    """Return the state that the agents saw."""
    del after
    return before


def after_action(before: Floats, after: Floats) -> Floats:
    """Return the state that the joint action led to."""
    del before
    return after


@dataclass(frozen=True)
class Guidance:
    """A reading of the guidance coefficient.

    Attributes
    ----------
    name : str
    state : callable
        :func:`before_action` or :func:`after_action`.
    coefficient : callable
    """

    name: str
    state: Callable[[Floats, Floats], Floats]
    coefficient: Coefficient

    def __call__(
        self, before: Floats, after: Floats, capacity: Floats, placements: Placements
    ) -> Floats:
        """Return the coefficients (J,) of jobs placed between two states (E, N, R)."""
        return self.coefficient(self.state(before, after), capacity, placements)


AFTER_LOAD = Guidance("after, load", after_action, load_coefficient)
AFTER_UTILIZATION = Guidance("after, utilization", after_action, utilization_coefficient)
AFTER_MIXED = Guidance("after, mixed units", after_action, mixed_units_coefficient)
BEFORE_LOAD = Guidance("before, load", before_action, load_coefficient)
BEFORE_UTILIZATION = Guidance("before, utilization", before_action, utilization_coefficient)
BEFORE_MIXED = Guidance("before, mixed units", before_action, mixed_units_coefficient)
CORRECTED_LOAD = Guidance(
    "corrected, load", after_action, corrected(load_coefficient, load_influence)
)
CORRECTED_UTILIZATION = Guidance(
    "corrected, utilization",
    after_action,
    corrected(utilization_coefficient, utilization_influence),
)
RELATIVE = Guidance("after, relative", after_action, relative_coefficient)
READINGS = (
    AFTER_LOAD,
    AFTER_UTILIZATION,
    AFTER_MIXED,
    BEFORE_LOAD,
    BEFORE_UTILIZATION,
    BEFORE_MIXED,
    CORRECTED_LOAD,
    CORRECTED_UTILIZATION,
)
"""Every reading of the coefficient found in the paper, and the two corrected ones."""
