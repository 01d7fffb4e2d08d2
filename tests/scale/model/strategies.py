"""Valid workflows, clusters, episodes and tiny instances, by construction."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.model.workflows import (
    Chain,
    Family,
    FewPredecessors,
    ForkJoin,
    Independent,
    Layered,
)
from refimpl.scale.theory.exact import Instance

seeds = st.integers(0, 2**32 - 1)


def families() -> st.SearchStrategy[Family]:
    """Every family, over the range of its parameter."""
    return st.one_of(
        st.builds(FewPredecessors, st.integers(1, 4)),
        st.builds(Independent, st.floats(0.0, 1.0)),
        st.just(Chain()),
        st.just(ForkJoin()),
        st.builds(Layered, st.integers(1, 4)),
    )


@st.composite
def systems(draw: st.DrawFn) -> SystemSettings:
    """One to seven servers, half a dozen workflows, demands that keep servers busy some steps.

    The largest tier is always there or the memory small enough for one that is.
    """
    counts = draw(st.tuples(*[st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)]).filter(any))
    ceiling = 80.0 if counts[2] else 32.0 if counts[1] else 8.0
    low = draw(st.integers(1, 3))
    dt = draw(st.sampled_from([0.1, 0.25, 0.3, 1.0]))
    return SystemSettings(
        counts=counts,
        arrival_rate=draw(st.floats(0.2, 4.0)),
        horizon=dt * draw(st.floats(1.0, 25.0)),
        dt=dt,
        family=draw(families()),
        sizes=(low, low + draw(st.integers(0, 3))),
        compute=(draw(st.floats(0.2, 6.0)), 2.0, 0.1),
        memory=(ceiling / 2, ceiling / 3, 1.0, ceiling),
        data=(0.5, 0.5, 0.01),
        delay_scale=draw(st.sampled_from([0.12, 1.0, np.inf])),
        energy_weight=draw(st.sampled_from([0.0, 0.2])),
    )


@st.composite
def scenarios(draw: st.DrawFn, episodes: int | None = None) -> Scenario:
    """One to three episodes of a fixed cluster."""
    count = episodes or draw(st.integers(1, 3))
    return sample_scenario(draw(systems()), count, np.random.default_rng(draw(seeds)))


@st.composite
def elastic_scenarios(draw: st.DrawFn) -> Scenario:
    """Servers that join late, leave or fail at odd times; half of the times on the clock's grid.

    One server of each episode, with the most memory, stays all the time.
    """
    scenario = draw(scenarios())
    rng = np.random.default_rng(draw(seeds))
    settings, shape = scenario.settings, scenario.capacity.shape

    def times(share: float, otherwise: float) -> np.ndarray:
        drawn = rng.uniform(0.0, settings.horizon, shape)
        grid = np.rint(drawn / settings.dt) * settings.dt
        drawn = np.where(rng.random(shape) < 0.5, grid, drawn)
        there = (rng.random(shape) < share) & (np.arange(shape[1]) < shape[1] - 1)
        return np.where(there, drawn, otherwise)

    return scenario.with_events(times(0.4, 0.0), times(0.4, np.inf), times(0.5, np.inf))


@st.composite
def instances(draw: st.DrawFn, tasks: int, servers: int) -> Instance:
    """Tiny instances of unlike servers; any edges that lead upwards."""
    count, n = draw(st.integers(1, tasks)), draw(st.integers(1, servers))
    rng = np.random.default_rng(draw(seeds))
    fits = rng.random((count, n)) < 0.8
    fits[:, -1] = True
    return Instance(
        arrival=np.sort(np.where(rng.random(count) < 0.5, 0.0, rng.uniform(0.0, 4.0, count))),
        work=rng.uniform(0.5, 8.0, count),
        speed=rng.choice([1.0, 2.0, 4.0], n),
        fits=fits,
        edges=np.triu(rng.random((count, count)) < draw(st.floats(0.0, 0.8)), 1),
    )


def by_hand(
    compute: list[list[float]],
    edges: list[tuple[int, int, int]],
    capacity: list[float],
    *,
    arrival: list[float] | None = None,
    need: list[list[float]] | None = None,
    **changes: Any,
) -> Scenario:
    """One episode with a row of ``compute`` per workflow and edges (workflow, from, to).

    Servers have 80 GB, tasks need 1 GB and hand on 1 GB; steps of 0.5 s up to 10 s.
    """
    width, n = max(len(row) for row in compute), len(capacity)
    size = np.array([[len(row) for row in compute]])

    def padded(rows: list[list[float]]) -> np.ndarray:
        return np.array([[row + [1.0] * (width - len(row)) for row in rows]])

    links = np.zeros((1, len(compute), width, width), bool)
    for w, i, j in edges:
        links[0, w, i, j] = True
    settings = SystemSettings(**{"dt": 0.5, "horizon": 10.0} | changes)
    ones = np.ones((1, n))
    return Scenario(
        settings,
        capacity=np.array([capacity]),
        memory=80.0 * ones,
        idle_power=50.0 * ones,
        busy_power=200.0 * ones,
        joins=0.0 * ones,
        leaves=np.inf * ones,
        fails=np.inf * ones,
        arrival=np.array([arrival or [0.0] * len(compute)]),
        size=size,
        compute=padded(compute),
        need=np.ones((1, len(compute), width)) if need is None else padded(need),
        data=np.ones((1, len(compute), width)),
        edges=links,
    )
