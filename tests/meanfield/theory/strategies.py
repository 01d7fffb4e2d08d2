"""Systems small enough for the exact joint chain, and for its oracle."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl.meanfield.model.system import System
from tests.meanfield.strategies import delays, graphs, modulations


@st.composite
def small_systems(draw: st.DrawFn, max_n: int = 3, max_buffer: int = 2) -> System:
    """Two or three queues with a short buffer, half of them with servers of two speeds."""
    graph = draw(graphs(min_n=2, max_n=max_n))
    buffer = draw(st.integers(1, max_buffer))
    speeds = st.lists(st.sampled_from([1.0, 2.0]), min_size=graph.n, max_size=graph.n)
    services = draw(st.one_of(st.just(1.0), speeds))
    return System(graph, buffer, draw(delays), draw(modulations()), services)


def inner_rules(buffer: int) -> st.SearchStrategy[NDArray[np.float64]]:
    """Own-state rules with probabilities inside [0.05, 0.95]."""
    inside = st.floats(0.05, 0.95)
    return st.lists(inside, min_size=buffer + 1, max_size=buffer + 1).map(np.array)
