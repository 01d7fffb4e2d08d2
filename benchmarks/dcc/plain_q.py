"""Lagrangian Q-learning of one device after the other, in a plain Python loop: the rival to beat.

The same algorithm and the same physics as ``refimpl.dcc.train.constrained_q``, one step of one
device at a time. Two kinds of tables: NumPy arrays, as such loops are usually written, and nested
Python lists, which are several times faster because single elements of arrays are slow to reach.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, PROCESS, WAIT, DeviceParameters
from refimpl.dcc.train.settings import QSettings


@dataclass(frozen=True)
class Tables:
    """How the plain loop stores its numbers.

    Parameters
    ----------
    make : callable
        ``make(n_states, value)`` returns a table indexed ``[state][action]``.
    cheapest, least : callable
        Index and value of the least entry of a row.
    """

    make: Callable[[int, float], Any]
    cheapest: Callable[[Any], int]
    least: Callable[[Any], float]


LISTS = Tables(
    make=lambda n_states, value: [[value] * N_ACTIONS for _ in range(n_states)],
    cheapest=lambda row: row.index(min(row)),
    least=min,
)
ARRAYS = Tables(
    make=lambda n_states, value: np.full((n_states, N_ACTIONS), value),
    cheapest=lambda row: row.argmin(),
    least=lambda row: row.min(),
)


@dataclass(frozen=True)
class PlainResult:
    """Final action values, indexed ``[state][action]``, and final multiplier of one device."""

    q: Any
    multiplier: float


@dataclass(frozen=True)
class _Learner:
    device: DeviceParameters
    tables: Tables
    q: Any
    visits: Any
    rates: list[float]
    rng: random.Random


def learn_plainly(
    device: DeviceParameters,
    charge: tuple[float, float],
    settings: QSettings,
    tables: Tables,
    seed: int,
) -> PlainResult:
    """Learn the constrained policy of one device.

    Parameters
    ----------
    device : DeviceParameters
        The device.
    charge : pair of float
        Congestion penalty per offload, and allowed discounted offloading frequency.
    settings : QSettings
        Run to make.
    tables : Tables
        ``LISTS`` or ``ARRAYS``.
    seed : int
        Seed of Python's own generator.
    """
    penalty, budget = charge
    n_states = device.max_aoi * (device.battery + 1)
    rates = [settings.step_size / k**settings.step_exponent for k in range(1, settings.steps + 2)]
    q, visits = tables.make(n_states, settings.q_start), tables.make(n_states, 0)
    learner = _Learner(device, tables, q, visits, rates, random.Random(seed))
    multiplier = 0.0
    per_block = settings.block // settings.episode
    for episode in range(settings.n_blocks * per_block):
        epsilon = settings.exploration_at(episode // per_block)
        use = _episode(learner, penalty + multiplier, epsilon, settings.episode)
        rate = settings.multiplier_rate / (episode + 1) ** settings.multiplier_exponent
        multiplier = max(0.0, multiplier + rate * (use - budget))
    return PlainResult(q, multiplier)


def _episode(learner: _Learner, charge: float, epsilon: float, length: int) -> float:
    """Play and learn one episode; return the discounted frequency of offloading."""
    device, q, visits, rates = learner.device, learner.q, learner.visits, learner.rates
    cheapest, least = learner.tables.cheapest, learner.tables.least
    uniform, gamma, levels = learner.rng.random, device.gamma, device.battery + 1
    age, level = 1, int(uniform() * levels)
    use, weight = 0.0, 1.0 - gamma
    for _ in range(length):
        state = (age - 1) * levels + level
        values, counts = q[state], visits[state]
        action = int(uniform() * N_ACTIONS) if uniform() < epsilon else cheapest(values)
        cost, age, level = _slot(device, age, level, action, uniform)
        if action == OFFLOAD:
            cost += charge
            use += weight
        rate = rates[counts[action]]
        counts[action] += 1
        ahead = least(q[(age - 1) * levels + level])
        values[action] += rate * (cost + gamma * ahead - values[action])
        weight *= gamma
    return use


def _slot(
    device: DeviceParameters, age: int, level: int, action: int, uniform: Callable[[], float]
) -> tuple[float, int, int]:
    """One slot: local cost, next age, next battery level."""
    low, spread = device.harvest_low, device.harvest_high - device.harvest_low + 1
    cost = float(age)
    level += low + int(uniform() * spread)
    if action == PROCESS:
        level -= device.cost_low + int(uniform() * (device.cost_high - device.cost_low + 1))
        if level < 0:
            cost += float((-level) ** device.deficit_power)
            while level < 0:
                level += low + int(uniform() * spread)
    age = min(age + 1, device.max_aoi) if action == WAIT else 1
    return cost, age, min(level, device.battery)
