"""Specifies what the agent sees; every number, step by step, is in ``test_simulator.py``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from refimpl.scale.model.observations import N_FEATURES, observe
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.shared.seeds import generator
from tests.scale.model.strategies import by_hand, elastic_scenarios, seeds


@pytest.mark.parametrize("n", [16, 32, 48, 128])
def test_the_state_has_five_numbers_per_task_and_server(n: int) -> None:
    seen = observe(Simulation(sample_scenario(chosen(n).settings, 2, generator(0))))
    assert N_FEATURES == 5
    assert seen.task.shape == (2, 5)
    assert seen.servers.shape == (2, n, 5)
    assert seen.present.shape == (2, n)


def test_an_observation_by_hand() -> None:
    """Three tasks in a row, 10, 6 and 8 GFLOP; the first has run, the second is to be placed."""
    scenario = by_hand([[2.0, 6.0, 8.0]], [(0, 0, 1), (0, 1, 2)], [4.0, 1.0], need=[[8.0, 20.0, 4]])
    scenario.data[0, 0] = [0.4, 0.5, 0.6]
    sim = Simulation(scenario)
    for action in (0, 0):
        sim.step(np.array([action]))
    seen = observe(sim)
    np.testing.assert_allclose(seen.task, [[1.5, 0.25, 0.2, 1 / 3, 0.5]], rtol=1e-15)
    idle = 50.0 / 400.0
    np.testing.assert_allclose(
        seen.servers[0], [[1.0, 1.0, 0.0, idle, 0.0], [0.25, 1.0, 0.0, idle, 0.05]], rtol=1e-15
    )
    for action in (0, 1):
        sim.step(np.array([action]))
    seen = observe(sim)
    assert not seen.task.any()
    assert not seen.has_task.any()
    np.testing.assert_allclose(
        seen.servers[0], [[1.0, 1.0, 1.0, 0.5, 0.0], [0.25, 1.0, 0.0, idle, 0.0]], rtol=1e-15
    )


@given(elastic_scenarios(), seeds)
def test_an_observation_stays_what_it_was(scenario: Scenario, seed: int) -> None:
    """Training keeps observations while the simulation goes on."""
    sim, rng = Simulation(scenario), np.random.default_rng(seed)
    kept = []
    while not sim.done.all() and len(kept) < 40:
        seen = observe(sim)
        names = [field.name for field in dataclasses.fields(seen)]
        kept += [(getattr(seen, name), getattr(seen, name).copy()) for name in names]
        sim.step(rng.integers(0, sim.n_servers, scenario.episodes))
    for array, copy in kept:
        np.testing.assert_array_equal(array, copy)


def test_short_numbers_are_the_long_ones_rounded() -> None:
    sim, rng = Simulation(sample_scenario(chosen().settings, 3, generator(0))), generator(1)
    while not sim.done.all():
        long, short = observe(sim), observe(sim, np.float32)
        assert short.task.dtype == short.servers.dtype == np.float32
        np.testing.assert_array_equal(short.task, long.task.astype(np.float32))
        np.testing.assert_array_equal(short.servers, long.servers.astype(np.float32))
        sim.step(rng.integers(0, 16, 3))


def test_a_workflow_without_tasks_shows_nothing() -> None:
    scenario = by_hand([[1.0], []], [], [1.0])
    sim = Simulation(scenario)
    sim.step(np.array([0]))
    assert not observe(sim).task.any()
    assert sim.total.tolist() == [1]
