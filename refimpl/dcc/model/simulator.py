"""Physical simulator of many devices at once, one row per device [DCC App. B].

Written from the physical rules, never from the exact kernel of ``exact.py``, so that each can
check the other. One slot of one device:

1. energy arrives (uniform integer in ``harvest_low..harvest_high``) and, when the device processes,
   a cost is drawn (uniform integer in ``cost_low..cost_high``);
2. the slot costs the age before the action, plus ``deficit ** deficit_power`` when processing asks
   for more energy than there is;
3. after a deficit the device harvests, slot after slot, until the level is not negative any more:
   one transition of random duration that ages nothing and discounts nothing;
4. the age becomes 1 after processing or offloading and otherwise grows by one up to ``max_aoi``;
   the battery overflows at its capacity.

Rows may have different harvest and cost ranges; the state space and the deficit power are shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.device import OFFLOAD, PROCESS, WAIT, DeviceParameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RECHARGE_BLOCK = 16


@dataclass(frozen=True)
class DeviceBatch:
    """Parameters of ``R`` devices, one per row.

    Parameters
    ----------
    max_aoi, battery : int
        Largest age and battery capacity, the same for all rows.
    deficit_power : float
        Exponent of the deficit penalty, the same for all rows.
    gamma : float
        Discount factor, the same for all rows.
    harvest_low, harvest_count : (R,) float
        Least energy per slot and number of equally likely values from there on.
    cost_low, cost_count : (R,) float
        The same of the processing cost.

    Notes
    -----
    Convention: state ``s = (age - 1) * (battery + 1) + level``, as in ``device.py``.
    """

    max_aoi: int
    battery: int
    deficit_power: float
    gamma: float
    harvest_low: Floats
    harvest_count: Floats
    cost_low: Floats
    cost_count: Floats

    @property
    def n_rows(self) -> int:
        """Number of devices."""
        return self.harvest_low.size

    @property
    def n_states(self) -> int:
        """Number of states of each device."""
        return self.max_aoi * (self.battery + 1)


def device_batch(devices: Sequence[DeviceParameters]) -> DeviceBatch:
    """Stack devices into rows.

    Raises
    ------
    ValueError
        If there is no device, or the devices do not share state space, discount and deficit power.
    """
    if not devices:
        raise ValueError("devices must hold at least one device; got none")
    shared = {(d.max_aoi, d.battery, d.deficit_power, d.gamma) for d in devices}
    if len(shared) > 1:
        raise ValueError(
            f"devices must share max_aoi, battery, deficit_power and gamma; got {sorted(shared)}"
        )
    first = devices[0]
    column = {
        name: np.array([getattr(d, name) for d in devices], dtype=float)
        for name in ("harvest_low", "harvest_high", "cost_low", "cost_high")
    }
    return DeviceBatch(
        max_aoi=first.max_aoi,
        battery=first.battery,
        deficit_power=first.deficit_power,
        gamma=first.gamma,
        harvest_low=column["harvest_low"],
        harvest_count=column["harvest_high"] - column["harvest_low"] + 1,
        cost_low=column["cost_low"],
        cost_count=column["cost_high"] - column["cost_low"] + 1,
    )


def repeat(batch: DeviceBatch, times: int) -> DeviceBatch:
    """Batch of ``times`` copies of all rows, one copy after the other."""
    return replace(
        batch,
        harvest_low=np.tile(batch.harvest_low, times),
        harvest_count=np.tile(batch.harvest_count, times),
        cost_low=np.tile(batch.cost_low, times),
        cost_count=np.tile(batch.cost_count, times),
    )


@lru_cache(maxsize=32)
def copies(devices: tuple[DeviceParameters, ...], times: int) -> DeviceBatch:
    """Batch of ``times`` copies of some devices, kept for the next slot."""
    return repeat(device_batch(devices), times)


def reset(batch: DeviceBatch, rng: np.random.Generator) -> Ints:
    """Start states, (R,): age 1, battery level uniform on ``0..battery``."""
    return rng.integers(0, batch.battery + 1, batch.n_rows)


@dataclass(frozen=True)
class Draws:
    """Energy that arrives and energy that processing would cost, of one slot or of many.

    Parameters
    ----------
    harvest, need : (R,) or (T, R) float
        Whole numbers.
    """

    harvest: Floats
    need: Floats


def draw_slots(batch: DeviceBatch, rng: np.random.Generator, slots: int | None = None) -> Draws:
    """Draw harvests and costs of one slot, (R,), or of several slots at once, (slots, R)."""
    shape = (batch.n_rows,) if slots is None else (slots, batch.n_rows)
    harvest, need = rng.random((2, *shape))
    return Draws(
        np.floor(harvest * batch.harvest_count) + batch.harvest_low,
        np.floor(need * batch.cost_count) + batch.cost_low,
    )


def step(
    batch: DeviceBatch, states: Ints, actions: Ints, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """One slot of every device: local costs and next states [DCC eq. 20] [DCC Fig. 7].

    Parameters
    ----------
    states, actions : (R,) int
        States in ``0..n_states-1`` and actions WAIT, PROCESS or OFFLOAD. Not checked here (this is
        the innermost loop); :func:`check_rows` does.

    Returns
    -------
    local_costs : (R,) float
        Age before the action plus the deficit penalty. Congestion is not part of it.
    next_states : (R,) int
    """
    draws = draw_slots(batch, rng)
    return advance(batch, states, actions, draws.harvest, draws.need, rng)


def advance(
    batch: DeviceBatch,
    states: Ints,
    actions: Ints,
    harvest: Floats,
    need: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Ints]:
    """Move one slot as :func:`step` with ``harvest`` and ``need``, (R,), drawn before.

    Only what is harvested after a deficit is drawn here.
    """
    levels = batch.battery + 1
    age, level = np.divmod(states, levels)
    energy = level + harvest - (actions == PROCESS) * need
    costs = age + 1.0
    short = np.flatnonzero(energy < 0)
    if short.size:
        costs[short] += (-energy[short]) ** batch.deficit_power
        energy[short] = _recharge(batch, short, energy[short], rng)
    level = np.minimum(energy, batch.battery).astype(np.int64)
    older = np.minimum(age + 1, batch.max_aoi - 1)
    return costs, older * (actions == WAIT) * levels + level


def check_rows(batch: DeviceBatch, states: Ints, actions: Ints) -> None:
    """Raise ValueError unless there is one valid state and one valid action per row."""
    for name, values, n in (("states", states, batch.n_states), ("actions", actions, OFFLOAD + 1)):
        if np.shape(values) != (batch.n_rows,):
            raise ValueError(f"{name} must have shape ({batch.n_rows},); got {np.shape(values)}")
        bad = np.flatnonzero((values < 0) | (values >= n))
        if bad.size:
            raise ValueError(f"{name} must lie in 0..{n - 1}; row {bad[0]} has {values[bad[0]]}")


def _recharge(batch: DeviceBatch, rows: Ints, level: Floats, rng: np.random.Generator) -> Floats:
    """Level after harvesting from a negative ``level`` until it is not negative any more.

    A block of future slots is drawn at once; the first at which the running level is not negative
    ends the recharge, and rows that a block does not bring there draw another one.
    """
    level = level.copy()
    waiting = np.arange(rows.size)
    while waiting.size:
        at = rows[waiting]
        draws = rng.random((waiting.size, _RECHARGE_BLOCK))
        energy = np.floor(draws * batch.harvest_count[at, None]) + batch.harvest_low[at, None]
        path = level[waiting, None] + np.cumsum(energy, axis=1)
        still_short = (path < 0).sum(axis=1)  # harvests are not negative: the path never falls
        stop = np.minimum(still_short, _RECHARGE_BLOCK - 1)
        level[waiting] = path[np.arange(waiting.size), stop]
        waiting = waiting[still_short == _RECHARGE_BLOCK]
    return level
