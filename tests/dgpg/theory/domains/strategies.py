"""Valid instances of the domains, by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl.dgpg.theory.domains.communication import Links
from refimpl.dgpg.theory.domains.power import Grid
from refimpl.dgpg.theory.domains.routing import Network

Floats = NDArray[np.float64]

# CVXPY compiles every program anew, which takes 10 ms.
few = settings(max_examples=max(5, settings().max_examples // 3))


def vectors(size: int, low: int = 1, high: int = 9) -> st.SearchStrategy[Floats]:
    """Vectors of small integers."""
    entries = st.lists(st.integers(low, high), min_size=size, max_size=size)
    return entries.map(lambda values: np.array(values, dtype=float))


@st.composite
def clusters(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Capacities (N, R) and a load (N, R) that may exceed them."""
    n, r = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    capacity = draw(vectors(n * r)).reshape(n, r)
    load = draw(vectors(n * r, 0)).reshape(n, r)
    load[0] += 1.0  # prices are unique only where there is work
    return capacity, load


@st.composite
def queues(draw: st.DrawFn) -> tuple[Floats, float]:
    """Service rates and a total that they can serve."""
    rates = draw(vectors(draw(st.integers(1, 5))))
    return rates, draw(st.integers(0, 19)) / 20 * float(rates.sum())


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """A connected grid; lines wide enough for the outputs that were drawn, hence feasible."""
    n = draw(st.integers(2, 5))
    tree = [(draw(st.integers(0, i - 1)), i) for i in range(1, n)]
    lines = np.array([*tree, (0, n - 1)])
    bus = np.arange(n)
    output, room = draw(vectors(n, 0)), draw(vectors(n))
    demand = np.roll(output, 1)
    wide = np.full(len(lines), 1.0)
    grid = Grid(
        lines,
        draw(vectors(len(lines))),
        wide,
        demand,
        bus,
        draw(vectors(n)),
        draw(vectors(n)),
        output + room,
    )
    limit = np.abs(grid.flows(output)) + draw(vectors(len(lines))) / 10
    return Grid(
        lines, grid.susceptance, limit, demand, bus, grid.quadratic, grid.linear, grid.ceiling
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Random paths over random links for two pairs; every link slows down with use."""
    n_links, n_paths = draw(st.integers(1, 5)), draw(st.integers(2, 5))
    cells = st.lists(st.booleans(), min_size=n_links * n_paths, max_size=n_links * n_paths)
    paths = np.array(draw(cells), dtype=float).reshape(n_links, n_paths)
    paths[draw(st.integers(0, n_links - 1))] = 1.0
    first = draw(st.integers(1, n_paths - 1))
    pairs = np.array([[float(p < first) for p in range(n_paths)]])
    power = float(draw(st.integers(1, 4)))
    return Network(
        draw(vectors(n_links, 0)),
        draw(vectors(n_links)),
        power,
        paths,
        np.vstack([pairs, 1.0 - pairs]),
        draw(vectors(2, 1, 4)),
    )


@st.composite
def link_systems(draw: st.DrawFn) -> Links:
    """Random routes; every flow uses one link at least."""
    n_links, n_flows = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    cells = st.lists(st.booleans(), min_size=n_links * n_flows, max_size=n_links * n_flows)
    routes = np.array(draw(cells), dtype=float).reshape(n_links, n_flows)
    routes[draw(st.integers(0, n_links - 1))] = 1.0
    return Links(routes, draw(vectors(n_links)), draw(vectors(n_flows)))
