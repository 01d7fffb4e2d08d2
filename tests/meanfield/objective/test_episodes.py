from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import configuration_model, ring
from refimpl.meanfield.objective.episodes import remembered, run_episodes
from refimpl.meanfield.objective.observations import own_state
from refimpl.meanfield.policies import rules
from refimpl.shared.bounded_queue import epoch_kernel, epoch_kernel_derivative
from refimpl.shared.statistics import mean_interval
from tests.meanfield.strategies import systems


@given(systems(max_n=5), st.integers(0, 2**32 - 1))
def test_episodes_keep_what_their_rates_and_states_say(system: System, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(0.05, 0.95, system.buffer + 1)
    levels = sample_levels(system.modulation, 3, 4, rng)
    ran = run_episodes(system, own_state(), table, levels, rng)
    assert not ran.states[0].any()
    assert ran.states.min() >= 0
    assert ran.states.max() <= system.buffer
    np.testing.assert_allclose(ran.slopes.sum(axis=-1), 0.0, atol=1e-9)
    np.testing.assert_array_equal(ran.entries, ran.states[:-1])
    t, e, i = 2, 1, system.n - 1
    p = table[ran.states[t, e]]
    near = system.graph.neighbours_of(i)
    share = 1.0 - p[i] + sum(p[j] / len(system.graph.neighbours_of(j)) for j in near)
    rate = system.modulation.rates[levels[t, e]] * share
    z, after = ran.states[t, e, i], ran.states[t + 1, e, i]
    args = (rate, system.services[i], system.buffer, system.dt)
    kernel, slope = epoch_kernel(*args), epoch_kernel_derivative(*args)
    assert ran.drops[t, e, i] == pytest.approx(kernel.expected_drops[z], rel=1e-9, abs=1e-13)
    assert ran.drop_slopes[t, e, i] == pytest.approx(slope.expected_drops[z], rel=1e-9, abs=1e-12)
    score = slope.transitions[z, after] / kernel.transitions[z, after]
    assert ran.scores[t, e, i] == pytest.approx(score, rel=1e-6, abs=1e-9)


def test_the_law_is_that_of_the_simulator() -> None:
    """Means over 800 independent episodes; the difference within four standard errors."""
    system = System(configuration_model(20, np.random.default_rng(4)), dt=2.0)
    rule = np.linspace(0.1, 0.9, 6)
    levels = np.zeros((6, 800), dtype=np.intp)
    ran = run_episodes(system, own_state(), rule, levels, np.random.default_rng(1))
    other = simulate(system, rules.own_state(rule), levels, np.random.default_rng(2))
    gap = mean_interval(ran.drops.mean(axis=2).sum(axis=0) - other.total, 0.9999)
    assert gap.contains(0.0)


def test_states_without_probability_are_never_entered() -> None:
    """Nobody sends anything to a queue whose owner offloads while its neighbours keep all."""
    system = System(ring(6), buffer=2, dt=1.0)
    levels = np.zeros((20, 200), dtype=np.intp)
    ran = run_episodes(
        system, own_state(), np.array([0.0, 0.0, 1.0]), levels, np.random.default_rng(0)
    )
    assert np.isfinite(ran.scores).all()


def test_common_random_numbers_make_equal_tables_equal_and_close_tables_close() -> None:
    system = System(ring(30), dt=2.0)
    levels = np.zeros((5, 20), dtype=np.intp)

    def states(table: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(0)
        return run_episodes(system, own_state(), table, levels, rng).states

    rule = np.linspace(0.1, 0.9, 6)
    np.testing.assert_array_equal(states(rule), states(rule.copy()))
    assert (states(rule) != states(rule + 0.01)).mean() < 0.05


def test_kernels_are_computed_once() -> None:
    asked: list[int] = []

    def counting(rates: np.ndarray, *rest: object) -> object:
        asked.append(len(rates))
        return epoch_kernel(rates, *rest)  # type: ignore[arg-type]

    kernel = remembered(counting)  # type: ignore[arg-type]
    ones = np.ones(2)
    first = kernel(np.array([0.5, 0.7]), ones, 3, 1.0)
    again = kernel(np.array([0.7, 0.9]), ones, 3, 1.0)
    assert asked == [2, 1]
    np.testing.assert_array_equal(first.transitions[1], again.transitions[0])
    expected = epoch_kernel(np.array([0.7, 0.9]), ones, 3, 1.0)
    np.testing.assert_array_equal(again.transitions, expected.transitions)
    np.testing.assert_array_equal(again.expected_drops, expected.expected_drops)
