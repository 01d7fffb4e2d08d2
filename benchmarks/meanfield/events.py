"""The ready-made ways: event by event, compiled by Numba, or with a simulation library.

Every queue of a ring gets its rates from the same fixed rule; see ``instances``. ciw cannot let
rates follow the queues, so its queues keep the rate of the high level; it is timed, not compared.
"""

from __future__ import annotations

import importlib
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Episode = Callable[[Sequence[float], Sequence[float], int, int, float, int], tuple[float, float]]
"""``episode(rule, rates (T,), n, buffer, dt, seed) -> (drops per queue, mean final length)``."""


def gillespie_episode(
    rule: Any, rates: Any, n: int, buffer: int, dt: float, seed: int
) -> tuple[float, float]:
    """One episode, one event after the other; written to be compiled as it is."""
    random.seed(seed)
    states = np.zeros(n, np.int64)
    shares = np.empty(n)
    drops = 0
    for rate in rates:
        for i in range(n):
            sides = rule[states[i - 1]] + rule[states[(i + 1) % n]]
            shares[i] = 1.0 - rule[states[i]] + 0.5 * sides
        for i in range(n):
            arrival = rate * shares[i]
            speed = arrival + 1.0
            jobs = states[i]
            left = dt
            while True:
                left += math.log(1.0 - random.random()) / speed
                if left <= 0.0:
                    break
                if random.random() * speed >= arrival:
                    jobs = max(jobs - 1, 0)
                elif jobs == buffer:
                    drops += 1
                else:
                    jobs += 1
            states[i] = jobs
    return drops / n, states.mean()


def compiled_episode() -> Episode:
    """Numba's version of :func:`gillespie_episode`."""
    compiled: Episode = importlib.import_module("numba").njit(gillespie_episode)
    return compiled


def simpy_episode(
    rule: Sequence[float], rates: Sequence[float], n: int, buffer: int, dt: float, seed: int
) -> tuple[float, float]:
    """One episode with two SimPy processes per queue and epoch: arrivals and services."""
    env = importlib.import_module("simpy").Environment()
    rng, states, drops = random.Random(seed), [0] * n, 0

    def arrivals(i: int, rate: float) -> Any:
        nonlocal drops
        while True:
            yield env.timeout(rng.expovariate(rate))
            if states[i] < buffer:
                states[i] += 1
            else:
                drops += 1

    def services(i: int) -> Any:
        while True:
            yield env.timeout(rng.expovariate(1.0))
            states[i] = max(states[i] - 1, 0)

    for rate in rates:
        # Exponential times have no memory, so an epoch may begin with new ones.
        env = type(env)()
        sent = [rule[z] for z in states]
        for i in range(n):
            share = 1.0 - sent[i] + 0.5 * (sent[i - 1] + sent[(i + 1) % n])
            env.process(arrivals(i, rate * share))
            env.process(services(i))
        env.run(until=dt)
    return drops / n, sum(states) / n


def ciw_run(n: int, buffer: int, time: float, seed: int) -> int:
    """Play queues with Poisson arrivals at 0.9 for some time, in ciw; number of jobs served."""
    ciw = importlib.import_module("ciw")
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=0.9)] * n,
        service_distributions=[ciw.dists.Exponential(rate=1.0)] * n,
        routing=[[0.0] * n for _ in range(n)],
        number_of_servers=[1] * n,
        queue_capacities=[buffer - 1] * n,
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(time)
    return sum(record.record_type == "service" for record in simulation.get_all_records())
