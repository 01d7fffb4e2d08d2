"""Specifies the simulator: exact means, common random numbers, independence of blocks."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.model import simulator
from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.epoch import interpolated_epoch
from refimpl.meanfield.model.graph import graph_from_edges
from refimpl.meanfield.model.simulator import epochs_for, simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import own_queue, own_state, random_per_packet
from refimpl.shared.bounded_queue import epoch_kernel

RULE = [0.03, 0.12, 0.27, 0.43, 0.62, 0.84]


def ring(n: int, **options: object) -> System:
    edges = np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1)
    return System(graph_from_edges(n, edges), **options)  # type: ignore[arg-type]


def test_sending_to_the_own_queue_makes_independent_queues() -> None:
    """Given the levels, the expected drops are a product of 6x6 matrices; |z| < 4."""
    system = ring(400)
    levels = sample_levels(system.modulation, 10, 5, np.random.default_rng(0))
    trace = simulate(system, own_queue, levels, np.random.default_rng(1))
    kernels = [epoch_kernel(rate, 1.0, 5, 5.0) for rate in system.modulation.rates]
    for episode, path in enumerate(levels.T):
        law, deviation = np.eye(6)[0], []
        for t, level in enumerate(path):
            mean = law @ kernels[level].expected_drops
            spread = np.sqrt(law @ kernels[level].expected_drops ** 2 - mean**2)
            deviation.append((trace.drops[t, episode] - mean) / (spread / 20.0 + 1e-12))
            law = law @ kernels[level].transitions
        assert np.abs(deviation).max() < 4


def test_on_a_ring_random_and_own_are_the_same_to_the_last_bit() -> None:
    system = ring(30)
    levels = sample_levels(system.modulation, 5, 3, np.random.default_rng(0))
    own, random = (
        simulate(system, policy, levels, np.random.default_rng(1))
        for policy in (own_queue, random_per_packet)
    )
    np.testing.assert_allclose(own.drops, random.drops, atol=1e-12)
    np.testing.assert_array_equal(own.states, random.states)


def test_series_and_table_give_the_same_episodes() -> None:
    system = ring(50, dt=3.0, service_rates=np.where(np.arange(50) % 3, 1.0, 2.0))
    levels = sample_levels(system.modulation, 8, 4, np.random.default_rng(2))
    table = simulate(system, own_state(RULE), levels, np.random.default_rng(3))
    series = simulate(
        system, own_state(RULE), levels, np.random.default_rng(3), interpolated_epoch(system)
    )
    np.testing.assert_array_equal(table.states, series.states)
    np.testing.assert_allclose(table.drops, series.drops, atol=1e-11)


def test_the_policy_cannot_disturb_the_noise_of_the_queues() -> None:
    def greedy_for_numbers(
        system: System, states: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        rng.random(17)
        return own_queue(system, states, rng)

    system = ring(10)
    levels = sample_levels(system.modulation, 6, 2, np.random.default_rng(0))
    plain, noisy = (
        simulate(system, policy, levels, np.random.default_rng(5))
        for policy in (own_queue, greedy_for_numbers)
    )
    np.testing.assert_array_equal(plain.drops, noisy.drops)


def test_many_blocks_are_simulated_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block starts from empty queues and gets its own levels; same law, shown by the mean."""
    monkeypatch.setattr(simulator, "BLOCK", 40)
    system = ring(20)
    levels = sample_levels(system.modulation, 4, 7, np.random.default_rng(0))
    trace = simulate(system, own_queue, levels, np.random.default_rng(1))
    first = np.array([epoch_kernel(r, 1.0, 5, 5.0).expected_drops[0] for r in (0.9, 0.6)])
    np.testing.assert_allclose(trace.drops[0], first[levels[0]], atol=1e-12)
    assert trace.states.shape == (7, 20)
    np.testing.assert_allclose(trace.total, trace.drops.sum(axis=0))


@pytest.mark.parametrize(
    ("time", "dt", "epochs"), [(50, 1, 50), (50, 3, 17), (50, 4, 12), (50, 7, 7), (0.1, 5, 1)]
)
def test_epochs_come_nearest_to_the_time(time: float, dt: float, epochs: int) -> None:
    assert epochs_for(time, dt) == epochs


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (np.zeros(3, dtype=int), r"\(T, E\)"),
        (np.zeros((0, 2), dtype=int), r"\(T, E\)"),
        (np.full((2, 2), 2), r"0\.\.1; got 2"),
        (np.zeros((2, 2)), "integers"),
    ],
)
def test_bad_levels_are_refused(levels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(ring(3), own_queue, levels, np.random.default_rng(0))
    with pytest.raises(ValueError, match="time"):
        epochs_for(0.0, 1.0)
