"""Event by event and by the exact kernels: the same law, of states and of counted drops."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats

from refimpl.meanfield.model.arrivals import arrival_rates, sample_levels
from refimpl.meanfield.model.epoch import interpolated_epoch, tabulated_epoch
from refimpl.meanfield.model.gillespie import gillespie_epoch, simulate_counted
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import configuration_model, path, ring, star
from refimpl.meanfield.policies.heuristics import shortest_queue_split
from refimpl.meanfield.policies.rules import own_state
from refimpl.shared.bounded_queue import drop_law, epoch_kernel
from refimpl.shared.seeds import generator
from tests.oracles.meanfield_events import network_epoch

RATES = (0.0, 0.3, 0.9, 1.8, 4.0)


def chi_square_z(counts: np.ndarray, law: np.ndarray) -> float:
    """Normal score of Pearson's statistic; outcomes expected less than five times are pooled."""
    expected = law * counts.sum()
    rare = expected < 5
    assert counts[law < 1e-13].sum() == 0
    pooled = [(counts[~rare], expected[~rare]), (counts[rare].sum(), expected[rare].sum())]
    found = np.append(*[np.atleast_1d(pair[0]) for pair in pooled])
    wanted = np.append(*[np.atleast_1d(pair[1]) for pair in pooled])
    keep = wanted > 1e-9
    statistic = float(((found - wanted)[keep] ** 2 / wanted[keep]).sum())
    freedom = int(keep.sum()) - 1
    return float(stats.norm.isf(stats.chi2.sf(statistic, freedom))) if freedom else 0.0


def counts_of(after: np.ndarray, drops: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    counts = np.zeros(shape)
    np.add.at(counts, (after.ravel(), drops.ravel()), 1)
    return counts


@pytest.mark.parametrize("dt", [0.5, 5.0])
@pytest.mark.parametrize("service", [1.0, 2.0])
@pytest.mark.parametrize("rate", RATES)
def test_states_and_drops_have_the_exact_joint_law(rate: float, service: float, dt: float) -> None:
    """20000 epochs from every state; |z| < 4 for each of the six laws."""
    system = System(ring(3), dt=dt, service_rates=service)
    trials = (20_000, 3)
    law = drop_law(rate, service, system.buffer, dt)
    rng = generator(0, "gillespie", int(10 * rate), int(service), int(10 * dt))
    for start in range(system.buffer + 1):
        states = np.full(trials, start, dtype=np.int8)
        after, drops = gillespie_epoch(system, states, np.full(trials, rate), rng)
        counts = counts_of(after, drops, law[start].shape)
        assert chi_square_z(counts, law[start]) < 4


def test_every_queue_has_its_own_rates() -> None:
    """Mean next state and mean drops of a star with four different servers, 60000 episodes."""
    system = System(star(3), buffer=3, dt=2.0, service_rates=[0.5, 1.0, 2.0, 4.0])
    states, rates, trials = np.array([3, 2, 1, 3]), np.array([0.7, 1.3, 2.0, 0.1]), 60_000
    kernel = epoch_kernel(rates, system.services, 3, 2.0)
    after, drops = gillespie_epoch(
        system, np.tile(states, (trials, 1)), np.tile(rates, (trials, 1)), generator(1, "star")
    )
    each = np.arange(4)
    means = (kernel.transitions[each, states] @ each, kernel.expected_drops[each, states])
    for sample, mean in zip((after, drops), means, strict=True):
        error = sample.std(axis=0, ddof=1) / np.sqrt(trials)
        assert np.all(np.abs(sample.mean(axis=0) - mean) < 4 * error)


def test_the_whole_network_job_by_job_has_the_same_law() -> None:
    """Joint law of three queues on a path with every coin tossed, 6000 epochs; B = 1, dt = 1.5."""
    system = System(path(3), buffer=1, dt=1.5, service_rates=[1.0, 2.0, 0.5])
    states, offload, trials = [0, 1, 1], [0.3, 0.8, 1.0], 6000
    rates = arrival_rates(system.graph, offload, 1.2)
    each = np.arange(3)
    laws = drop_law(rates, system.services, 1, 1.5)[each, states]
    rng = random.Random(3)
    found = [network_epoch(system, states, offload, 1.2, rng) for _ in range(trials)]
    after, drops = (np.array(column) for column in zip(*found, strict=True))
    for i in range(3):
        assert chi_square_z(counts_of(after[:, i], drops[:, i], laws[i].shape), laws[i]) < 4
    joint = np.einsum("i,j,k->ijk", *laws.sum(axis=2))
    counts = np.zeros((2, 2, 2))
    np.add.at(counts, tuple(after.T), 1)
    assert chi_square_z(counts, joint) < 4


def test_nothing_arrives_nothing_is_dropped_and_inputs_stay_as_they_are() -> None:
    system = System(ring(4), dt=0.3)
    states = np.array([[0, 1, 2, 5]], dtype=np.int8)
    rates = np.zeros((1, 4))
    after, drops = gillespie_epoch(system, states, rates, generator(2))
    assert drops.sum() == 0
    assert np.all(after <= states)
    assert states.tolist() == [[0, 1, 2, 5]]
    assert after.dtype == drops.dtype == np.int64


def test_counted_drops_have_the_mean_of_the_conditional_expectations() -> None:
    """z-score over 400 episodes of shortest-queue sharing on a small ring, counted against exact.

    The same states are used for both: per epoch, counted minus expected has mean zero.
    """
    system, rng = System(ring(5), dt=2.0), generator(3, "counted")
    levels = sample_levels(system.modulation, 10, 400, rng)
    expected = []

    def recording(system, states, rates, rng):
        kernel = epoch_kernel(rates, 1.0, system.buffer, system.dt)
        exact = np.take_along_axis(kernel.expected_drops, states[..., None].astype(int), -1)
        expected.append(exact[..., 0].mean(axis=1))
        return gillespie_epoch(system, states, rates, rng)

    counted = simulate_counted(system, shortest_queue_split, levels, rng, recording)
    assert counted.shape == levels.shape
    gap = (counted - np.array(expected)).sum(axis=0)
    assert abs(gap.mean()) < 4 * gap.std(ddof=1) / np.sqrt(gap.size)
    assert counted[1:].min() >= 0
    assert counted.sum() > 0


@pytest.mark.parametrize("make", [tabulated_epoch, interpolated_epoch])
def test_both_exact_epochs_simulate_what_events_do(make) -> None:
    """Drops by epoch and final lengths, two-sample z-scores; irregular graph, unequal servers."""
    rng = generator(7, "irregular")
    graph = configuration_model(8, rng)
    system = System(graph, buffer=3, dt=2.0, service_rates=rng.choice([1.0, 2.0], 8))
    rule, episodes = own_state([0.1, 0.3, 0.7, 1.0]), 1500
    levels = sample_levels(system.modulation, 6, episodes, rng)
    last = []

    def recording(system, states, rates, rng):
        after, drops = gillespie_epoch(system, states, rates, rng)
        last.append(after)
        return after, drops

    counted = simulate_counted(system, rule, levels, generator(7, "events"), recording)
    trace = simulate(system, rule, levels, generator(7, make.__name__), make(system))
    pairs = [
        (counted.T, trace.drops.T),
        (last[-1], trace.states),
        (np.square(last[-1]), np.square(trace.states)),
        tuple(z * z[:, graph.neighbours[graph.starts[:-1]]] for z in (last[-1], trace.states)),
    ]
    for one, two in pairs:
        spread = np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / episodes)
        assert np.all(np.abs(one.mean(axis=0) - two.mean(axis=0)) <= 4 * spread)
