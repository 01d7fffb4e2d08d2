"""Valid inputs for the mean-field paper, by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.graph import Graph, graph_from_edges
from refimpl.meanfield.model.system import System

rates = st.floats(0.0, 4.0)
service_rates = st.floats(0.1, 4.0)
buffers = st.integers(1, 8)
delays = st.floats(0.05, 12.0)
probabilities = st.floats(0.0, 1.0)


@st.composite
def graphs(draw: st.DrawFn, min_n: int = 2, max_n: int = 9) -> Graph:
    """Any graph without isolated agents: each agent gets an earlier neighbour, then more edges."""
    n = draw(st.integers(min_n, max_n))
    edges = {(draw(st.integers(0, i - 1)), i) for i in range(1, n)}
    pairs = [(i, j) for j in range(n) for i in range(j)]
    edges |= set(draw(st.lists(st.sampled_from(pairs), max_size=n)))
    return graph_from_edges(n, np.array(sorted(edges)))


@st.composite
def modulations(draw: st.DrawFn) -> Modulation:
    """Two rates that do change."""
    high = draw(st.floats(0.1, 2.0))
    low = draw(st.floats(0.0, 1.0)) * high
    leave = (draw(st.floats(0.05, 1.0)), draw(st.floats(0.05, 1.0)))
    first = draw(probabilities)
    return Modulation((high, low), leave, (first, 1.0 - first))


@st.composite
def systems(draw: st.DrawFn, max_n: int = 9) -> System:
    """Small systems, half of them with servers of two speeds."""
    graph = draw(graphs(max_n=max_n))
    speeds = st.sampled_from([1.0, 2.0])
    services = draw(st.one_of(st.just(1.0), st.lists(speeds, min_size=graph.n, max_size=graph.n)))
    return System(graph, draw(buffers), draw(delays), draw(modulations()), services)


def states_of(
    draw: st.DrawFn, system: System, episodes: int
) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """Any queue lengths, (episodes, N)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(0, system.buffer + 1, size=(episodes, system.n))


def rules(buffer: int) -> st.SearchStrategy[list[float]]:
    """Own-state rules."""
    return st.lists(probabilities, min_size=buffer + 1, max_size=buffer + 1)
