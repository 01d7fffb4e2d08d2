"""Loads, capacities and placements, valid by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refimpl.dgpg.objective.guidance import Placements

Floats = np.ndarray


@st.composite
def clusters(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Load and capacity (E, N, R), loads from nothing to several times the capacity."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 3)))
    load = draw(hnp.arrays(np.float64, shape, elements=st.floats(0.0, 300.0)))
    capacity = draw(hnp.arrays(np.float64, shape, elements=st.floats(0.5, 100.0)))
    return load, capacity


@st.composite
def placed(draw: st.DrawFn) -> tuple[Floats, Floats, Placements]:
    """A cluster and up to five jobs on it; loads contain the jobs' demand."""
    load, capacity = draw(clusters())
    n_jobs = draw(st.integers(0, 5))
    rollout = draw(hnp.arrays(np.int64, n_jobs, elements=st.integers(0, load.shape[0] - 1)))
    server = draw(hnp.arrays(np.int64, n_jobs, elements=st.integers(0, load.shape[1] - 1)))
    size = (n_jobs, load.shape[2])
    demand = draw(hnp.arrays(np.float64, size, elements=st.floats(0.0, 16.0)))
    np.add.at(load, (rollout, server), demand)
    return load, capacity, Placements(rollout, server, demand)
