"""Specifies the exact sampler of states and drops: the law of drop_law, by one number per queue."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.counted import counted_epoch
from refimpl.meanfield.model.gillespie import gillespie_epoch, simulate_counted
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring, star
from refimpl.meanfield.policies.heuristics import shortest_queue_one_winner
from refimpl.shared.bounded_queue import drop_law
from refimpl.shared.seeds import generator
from tests.meanfield.model.test_gillespie import RATES, chi_square_z, counts_of


@pytest.mark.parametrize("dt", [0.5, 5.0])
@pytest.mark.parametrize("rate", RATES)
def test_states_and_drops_have_the_exact_joint_law(rate: float, dt: float) -> None:
    """20000 queues per start state and service rate; |z| < 4 for each of the laws."""
    system = System(star(2), dt=dt, service_rates=[1.0, 2.0, 1.0])
    rng = generator(0, "counted", int(10 * rate), int(10 * dt))
    trials = 20_000
    for start in range(system.buffer + 1):
        states = np.full((trials, 3), start, dtype=np.int8)
        after, drops = counted_epoch(system, states, np.full((trials, 3), rate), rng)
        for queue in (1, 2):
            law = drop_law(rate, system.services[queue], system.buffer, dt)[start]
            counts = counts_of(after[:, queue], drops[:, queue], law.shape)
            assert chi_square_z(counts, law) < 4


@given(st.integers(3, 8), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_outcomes_are_possible_and_ordered_as_asked(n: int, episodes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    system = System(ring(n), buffer=2, dt=1.0, service_rates=rng.choice([1.0, 2.0], n))
    states = rng.integers(0, 3, (episodes, n)).astype(np.int8)
    rates = rng.choice([0.0, 0.5, 1e-9], (episodes, n))
    after, drops = counted_epoch(system, states, rates, rng)
    assert after.shape == drops.shape == states.shape
    assert after.min() >= 0
    assert after.max() <= 2
    quiet = rates == 0.0
    assert np.all(after[quiet] <= states[quiet])
    assert np.all(drops[quiet] == 0)


def test_queues_of_one_call_are_independent() -> None:
    """Correlation of neighbouring queues' next states and drops, 40000 episodes, |z| < 4."""
    system, trials = System(ring(3)), 40_000
    states = np.tile(np.array([0, 3, 5], dtype=np.int8), (trials, 1))
    after, drops = counted_epoch(system, states, np.full((trials, 3), 0.9), generator(4))
    columns = np.concatenate([after, drops], axis=1)
    table = np.corrcoef(columns.T)
    for i in range(3):
        for j in {0, 1, 2} - {i}:
            block = table[np.ix_([i, i + 3], [j, j + 3])]
            assert np.abs(block).max() * np.sqrt(trials) < 4
    assert abs(table[2, 5]) * np.sqrt(trials) > 4  # state and drops of one queue are not


def test_whole_episodes_agree_with_events() -> None:
    """Two-sample z-scores of drops in each epoch; 600 episodes each on the same rate paths."""
    system = System(ring(6), dt=3.0)
    levels = sample_levels(system.modulation, 8, 600, generator(5, "levels"))
    one, two = (
        simulate_counted(system, shortest_queue_one_winner, levels, generator(5, name), epoch)
        for name, epoch in (("table", counted_epoch), ("events", gillespie_epoch))
    )
    spread = np.sqrt((one.var(axis=1, ddof=1) + two.var(axis=1, ddof=1)) / 600)
    assert np.all(np.abs(one.mean(axis=1) - two.mean(axis=1)) < 4 * spread)
