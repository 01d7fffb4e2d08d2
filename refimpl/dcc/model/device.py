"""Parameters of one device, where each comes from, and the state numbering [DCC App. B, App. F].

A device has an age of information (AoI) in ``1..max_aoi`` slots and a battery level in
``0..battery`` energy units; if harvest or cost are modulated, also a cost phase and a harvest
phase. In every slot it waits, processes locally or offloads.

Convention: actions WAIT 0, PROCESS 1, OFFLOAD 2 (the crowded action a*). States are numbered
with the AoI slowest and the harvest phase fastest; without phases
``state = (aoi - 1) * (battery + 1) + level``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.dcc.model.sources import Source, modulated, uniform

WAIT, PROCESS, OFFLOAD = 0, 1, 2
N_ACTIONS = 3

Ints = NDArray[np.int64]


class Device(Protocol):
    """What the exact model needs to know of a device; units: slots, energy units, cost units."""

    @property
    def max_aoi(self) -> int:
        """Largest age M, slots."""

    @property
    def battery(self) -> int:
        """Battery capacity B, energy units."""

    @property
    def harvest(self) -> Source:
        """Energy harvested per slot."""

    @property
    def cost(self) -> Source:
        """Energy that processing locally takes."""

    @property
    def gamma(self) -> float:
        """Discount factor in [0, 1)."""

    @property
    def deficit_power(self) -> float:
        """Exponent p of the deficit penalty."""

    @property
    def aoi_cost(self) -> tuple[float, ...]:
        """Cost f(x) of one slot at age x = 1..max_aoi."""


@dataclass(frozen=True)
class DeviceParameters:
    """Device of the paper's experiments: uniform integer harvest and cost [DCC App. F].

    Parameters
    ----------
    harvest_low, harvest_high : int
        Harvest per slot is uniform on these integers and those between, energy units.
    cost_low, cost_high : int
        The same for the energy of processing locally.
    max_aoi, battery : int
        M and B, slots and energy units.
    gamma : float
        Discount factor in [0, 1).
    deficit_power : float
        Exponent p > 0 of the deficit penalty in eq. (20).

    Raises
    ------
    ValueError
        If a range is empty or negative, the harvest is always 0, or a number is out of range.
    TypeError
        If an amount of energy, the capacity or the largest age is not an integer.

    Notes
    -----
    :data:`PROVENANCE` says of every field whether it is published, derived or chosen.
    """

    harvest_low: int
    harvest_high: int
    cost_low: int
    cost_high: int
    max_aoi: int = 15
    battery: int = 15
    gamma: float = 0.95
    deficit_power: float = 2.0

    def __post_init__(self) -> None:
        for name in ("harvest_low", "harvest_high", "cost_low", "cost_high"):
            _check_integer(name, getattr(self, name))
        for name in ("harvest", "cost"):
            low, high = getattr(self, f"{name}_low"), getattr(self, f"{name}_high")
            if not 0 <= low <= high:
                raise ValueError(
                    f"{name}_low and {name}_high must satisfy 0 <= low <= high; "
                    f"got {low} and {high}"
                )
        if self.harvest_high < 1:
            raise ValueError(f"harvest_high must be >= 1; got {self.harvest_high}")
        _check_common(self)

    @cached_property
    def harvest(self) -> Source:
        """Uniform harvest as a one-phase source."""
        return uniform(self.harvest_low, self.harvest_high)

    @cached_property
    def cost(self) -> Source:
        """Uniform processing cost as a one-phase source."""
        return uniform(self.cost_low, self.cost_high)

    @property
    def aoi_cost(self) -> tuple[float, ...]:
        """Linear age cost f(x) = x (chosen; the paper only says that freshness never grows)."""
        return linear_aoi_cost(self.max_aoi)


@dataclass(frozen=True, eq=False)
class ModulatedDevice:
    """Device with any harvest and cost sources, and any age cost [DCC App. B].

    Parameters
    ----------
    harvest, cost : Source
        Energy harvested per slot, and taken by processing locally.
    aoi_cost : tuple of float
        f(1), ..., f(M), non-decreasing, cost units; its length is M.
    battery, gamma, deficit_power
        As in :class:`DeviceParameters`.

    Raises
    ------
    ValueError
        If the age cost decreases or is empty, or from some phase no energy is ever harvested.
    """

    harvest: Source
    cost: Source
    aoi_cost: tuple[float, ...]
    battery: int = 15
    gamma: float = 0.95
    deficit_power: float = 2.0

    def __post_init__(self) -> None:
        _check_common(self)
        if not np.isfinite(self.aoi_cost).all() or np.diff(self.aoi_cost).min(initial=0.0) < 0:
            raise ValueError(f"aoi_cost must be finite and non-decreasing; got {self.aoi_cost}")
        starved = _phases_without_harvest(self.harvest)
        if starved.size:
            raise ValueError(
                f"harvest must be positive sooner or later from every phase; got none from "
                f"phase {starved[0]}"
            )

    @property
    def max_aoi(self) -> int:
        """Largest age M."""
        return len(self.aoi_cost)


PROVENANCE: Mapping[str, tuple[str, str]] = {
    "harvest_low": ("published", "App. F: in {0, 1}; that it bounds a uniform law is derived"),
    "harvest_high": ("published", "App. F: in {1, 2, 3}; that it bounds a uniform law is derived"),
    "cost_low": ("published", "App. F: in {1}; that it bounds a uniform law is derived"),
    "cost_high": ("published", "App. F: in {5, 7, 10}; that it bounds a uniform law is derived"),
    "max_aoi": ("published", "App. F: M = 15"),
    "battery": ("published", "App. F: B = 15"),
    "gamma": ("published", "App. F: 0.95"),
    "deficit_power": ("chosen", "the authors' earlier code uses 2 in its fixed set-up"),
    "aoi_cost": ("chosen", "f(x) = x; App. B: bounded, monotone, constant beyond M"),
    "harvest": ("derived", "App. B: a Markov chain; App. F: independent uniform amounts"),
    "cost": ("derived", "App. B: a Markov chain; App. F: independent uniform amounts"),
    "start": ("chosen", "AoI 1, battery uniform, as the authors' earlier code evaluates"),
}
"""Field of a device -> (``published``, ``derived`` or ``chosen``; where from)."""


def linear_aoi_cost(max_aoi: int) -> tuple[float, ...]:
    """Age cost f(x) = x for x = 1..max_aoi."""
    return tuple(float(x) for x in range(1, max_aoi + 1))


def squared_deficit(rng: np.random.Generator) -> float:
    """Deficit power 2 for every device."""
    del rng
    return 2.0


def randomised_deficit(rng: np.random.Generator) -> float:
    """Deficit power 1, 2, 3 or 4 with probabilities 0.1, 0.2, 0.4, 0.3.

    The randomised set-up of the authors' earlier code (an alternative, not in this paper).
    """
    return float(rng.choice((1, 2, 3, 4), p=(0.1, 0.2, 0.4, 0.3)))


def draw_device(
    rng: np.random.Generator,
    deficit_power: Callable[[np.random.Generator], float] = squared_deficit,
) -> DeviceParameters:
    """Draw one device, every bound uniform on its sample set [DCC Table (environment)]."""
    return DeviceParameters(
        harvest_low=int(rng.choice((0, 1))),
        harvest_high=int(rng.choice((1, 2, 3))),
        cost_low=1,
        cost_high=int(rng.choice((5, 7, 10))),
        deficit_power=deficit_power(rng),
    )


def three_phase_device() -> ModulatedDevice:
    """Benchmark instance of 720 states: AoI 15 x battery 16 x three cost phases (chosen).

    Cheap, usual and dear phases with costs uniform on 1..3, 3..5 and 5..7, each kept with
    probability 0.8 and left for a neighbouring one; harvest uniform on 0..2.
    """
    amounts = np.zeros((3, 8))
    for phase, low in enumerate((1, 3, 5)):
        amounts[phase, low : low + 3] = 1.0 / 3.0
    phases = np.array([[0.8, 0.2, 0.0], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8]])
    return ModulatedDevice(uniform(0, 2), modulated(amounts, phases), linear_aoi_cost(15))


def state_shape(device: Device) -> tuple[int, int, int, int]:
    """Sizes of the state's components: (AoI, battery level, cost phase, harvest phase)."""
    return device.max_aoi, device.battery + 1, device.cost.n_phases, device.harvest.n_phases


def state_index(
    device: Device,
    aoi: ArrayLike,
    level: ArrayLike,
    cost_phase: ArrayLike = 0,
    harvest_phase: ArrayLike = 0,
) -> Ints:
    """Numbers of states given by components (broadcast against each other).

    Raises
    ------
    ValueError
        If a component is out of range; AoI counts from 1, everything else from 0.
    """
    names = ("aoi", "level", "cost_phase", "harvest_phase")
    parts = [np.asarray(part) for part in (aoi, level, cost_phase, harvest_phase)]
    for name, part, size, first in zip(
        names, parts, state_shape(device), (1, 0, 0, 0), strict=True
    ):
        if np.any(part < first) or np.any(part >= first + size):
            raise ValueError(f"{name} must lie in {first}..{first + size - 1}; got {part}")
    parts[0] = parts[0] - 1
    index = np.ravel_multi_index(np.broadcast_arrays(*parts), state_shape(device))
    return np.asarray(index, dtype=np.int64)


def state_components(device: Device, state: ArrayLike) -> tuple[Ints, Ints, Ints, Ints]:
    """Components (AoI, level, cost phase, harvest phase) of states; inverse of :func:`state_index`.

    Raises
    ------
    ValueError
        If a state is out of range.
    """
    number, shape = np.asarray(state, dtype=np.int64), state_shape(device)
    if np.any(number < 0) or np.any(number >= np.prod(shape)):
        raise ValueError(f"state must lie in 0..{np.prod(shape) - 1}; got {state!r}")
    aoi, level, cost_phase, harvest_phase = np.unravel_index(number, shape)
    return np.asarray(aoi + 1), np.asarray(level), np.asarray(cost_phase), np.asarray(harvest_phase)


def _check_integer(name: str, value: object) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer; got {value!r}")


def _check_common(device: Device) -> None:
    _check_integer("max_aoi", device.max_aoi)
    _check_integer("battery", device.battery)
    if device.max_aoi < 1:
        raise ValueError(f"max_aoi must be >= 1; got {device.max_aoi}")
    if device.battery < 0:
        raise ValueError(f"battery must be >= 0; got {device.battery}")
    if not 0.0 <= device.gamma < 1.0:
        raise ValueError(f"gamma must be in [0, 1); got {device.gamma}")
    if not (np.isfinite(device.deficit_power) and device.deficit_power > 0.0):
        raise ValueError(f"deficit_power must be positive and finite; got {device.deficit_power}")


def _phases_without_harvest(harvest: Source) -> Ints:
    """Phases from which no positive amount can ever be reached."""
    fed = harvest.amounts[:, 1:].sum(axis=1) > 0.0
    for _ in range(harvest.n_phases):
        fed = fed | ((harvest.phases > 0.0) @ fed)
    return np.flatnonzero(~fed)
