"""The paper's reference is the optimum of its program, by an independent solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.objective.guidance import Placements, load_coefficient
from refimpl.dgpg.objective.reference import reference_state
from refimpl.dgpg.theory.domains.balancing import (
    balanced_state,
    balancing_program,
    placement_influence,
)
from tests.dgpg.theory.domains.strategies import Floats, clusters, few


@few
@given(clusters())
def test_the_program_agrees_with_the_closed_form(cluster: tuple[Floats, Floats]) -> None:
    capacity, load = cluster
    found = balanced_state(capacity, load.sum(axis=0))
    np.testing.assert_allclose(found.state, reference_state(load, capacity), atol=1e-8)
    expected = load.sum(axis=0) / capacity.sum(axis=0)
    np.testing.assert_allclose(found.multipliers, expected, atol=1e-8)


def test_influence_gives_the_coefficient() -> None:
    """<x - xr, z> with the influence vectors is the coefficient of the objective room."""
    rng = np.random.default_rng(0)
    load, capacity, demand = (
        rng.uniform(1, 5, (3, 2)),
        rng.uniform(1, 5, (3, 2)),
        np.array([2.0, 7]),
    )
    influence = placement_influence(demand, 3)
    projected = ((load - reference_state(load, capacity)) * influence).sum(axis=(1, 2))
    servers, rollout = np.arange(3), np.zeros(3, dtype=np.int64)
    jobs = Placements(rollout, servers, np.tile(demand, (3, 1)))
    np.testing.assert_allclose(projected, load_coefficient(load[None], capacity[None], jobs))


@pytest.mark.parametrize(
    ("capacity", "workload", "message"),
    [
        (np.ones((2, 2)), np.ones(3), "workload must have one entry per resource"),
        (np.array([[1.0], [0.0]]), np.ones(1), "capacity must be > 0; got 0.0"),
        (np.ones((2, 1)), np.array([-1.0]), "workload must be >= 0; got -1.0"),
    ],
)
def test_bad_systems_are_refused(capacity: Floats, workload: Floats, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        balancing_program(capacity, workload)
