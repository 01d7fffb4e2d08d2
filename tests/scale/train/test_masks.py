"""Masks and horizons."""

from __future__ import annotations

import numpy as np

from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.train.masks import feasible_only, no_mask, terminal, truncated
from tests.scale.train.strategies import SYSTEM


def test_the_mask_allows_what_is_feasible_and_everything_if_nothing_is() -> None:
    rng = np.random.default_rng(0)
    sim = Simulation(sample_scenario(SYSTEM, 6, rng))
    kinds = set()
    while not sim.done.all():
        feasible, allowed = sim.feasible(), feasible_only(sim)
        for row, mask in zip(feasible, allowed, strict=True):
            np.testing.assert_array_equal(mask, row if row.any() else np.ones_like(row))
            kinds.add((bool(row.any()), bool(row.all())))
        assert no_mask(sim) is None
        sim.step(rng.integers(0, SYSTEM.n_servers, 6))
    assert kinds == {(False, False), (True, False), (True, True)}


def test_horizons() -> None:
    ended = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(terminal(ended), ended)
    np.testing.assert_array_equal(truncated(ended), np.zeros((2, 2), bool))
