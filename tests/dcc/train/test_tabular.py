"""Specifies what tabular learners share: tables, episodes of all rows, greedy policies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD, PROCESS, WAIT, DeviceParameters
from refimpl.dcc.train.population import Population
from refimpl.dcc.train.tabular import greedy_policy, new_learner, play_episode
from tests.dcc.train.strategies import BRIEF, brief, pair, populations, seeds

# Harvest 1 and cost 1 for certain: processing always leaves the battery as it is.
CERTAIN = DeviceParameters(1, 1, 1, 1, max_aoi=4, battery=3, gamma=0.9)


def only_local(local, offloading):
    return local + 0.0 * offloading


def rows_that(action, batch, settings=BRIEF):
    """Learner whose tables prefer one action by far in every state."""
    q = np.full((batch.n_rows, batch.n_states, 3), 1e6)
    q[..., action] = 0.0
    return new_learner(batch, q, settings)


@given(populations(max_games=2), st.floats(-50, 50))
def test_new_tables_are_constant_and_unvisited(population, start):
    learner = new_learner(population.batch, start, BRIEF)
    shape = (population.batch.n_rows, population.batch.n_states, 3)
    np.testing.assert_array_equal(learner.q, np.full(shape, start))
    np.testing.assert_array_equal(learner.visits, np.zeros(shape))


def test_new_tables_are_a_copy_of_what_they_start_from():
    population = pair()
    q = np.random.default_rng(0).random((2, 16, 3))
    learner = new_learner(population.batch, q, BRIEF)
    np.testing.assert_array_equal(learner.q, q)
    learner.q[0, 0, 0] = 99.0
    assert q[0, 0, 0] != 99.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_rates_fall_with_the_visits_as_set(size, exponent):
    settings = brief(step_size=size, step_exponent=exponent)
    rates = new_learner(pair().batch, 0.0, settings).rates
    visits = np.arange(1, settings.steps + 1)
    np.testing.assert_allclose(rates[: len(visits)], size / visits**exponent, rtol=1e-14)


@given(populations(max_games=2), seeds, st.floats(0.0, 1.0), st.integers(1, 30))
def test_every_row_makes_one_update_a_slot(population, seed, epsilon, length):
    learner, rng = new_learner(population.batch, 5.0, BRIEF), np.random.default_rng(seed)
    use = play_episode(learner, only_local, epsilon, length, rng)
    np.testing.assert_array_equal(learner.visits.sum(axis=(1, 2)), length)
    assert use.shape == (population.batch.n_rows,)
    # What was never visited is as it was.
    assert (learner.q[learner.visits == 0] == 5.0).all()
    largest = 1.0 - population.gamma**length
    assert use.min() >= 0.0
    assert use.max() <= largest * (1 + 1e-12)


@given(populations(max_games=2), seeds, st.integers(1, 30))
def test_greedy_offloaders_offload_always_and_others_never(population, seed, length):
    for action in (WAIT, PROCESS, OFFLOAD):
        learner = rows_that(action, population.batch)
        use = play_episode(learner, only_local, 0.0, length, np.random.default_rng(seed))
        expected = 1.0 - population.gamma**length if action == OFFLOAD else 0.0
        np.testing.assert_allclose(use, expected, rtol=1e-12)
        assert learner.visits.sum() == learner.visits[..., action].sum()


def test_exploration_is_uniform_over_the_actions():
    """Half of the slots explore; then a greedy waiter processes and offloads a sixth of the time.

    3200 rows make 10 independent slots each; |z| < 4 for both frequencies at this fixed seed.
    """
    batch = pair(1600).batch
    learner = rows_that(WAIT, batch)
    play_episode(learner, only_local, 0.5, 10, np.random.default_rng(3))
    counts = learner.visits.sum(axis=(0, 1))
    n = counts.sum()
    for action in (PROCESS, OFFLOAD):
        z = (counts[action] - n / 6) / np.sqrt(n * 5 / 36)
        assert abs(z) < 4


def test_values_are_those_of_a_plain_loop():
    """One certain device: ages 1, 2, 3, 4 at a cost of 1, 2, 3, 4 until it offloads in state 4.

    Levels differ, so every state's entry is updated with the next one's value as in a textbook.
    """
    batch = Population((CERTAIN,), 1, power_law()).batch
    settings = brief(step_size=0.5, step_exponent=1.0)
    learner = rows_that(WAIT, batch, settings)
    table = learner.q.copy()
    shown = []

    def shaping(local, offloading):
        shown.append((local.copy(), offloading.copy()))
        return local + 10.0 * offloading

    play_episode(learner, shaping, 0.0, 6, np.random.default_rng(0))
    np.testing.assert_array_equal([local[0] for local, _ in shown], [1, 2, 3, 4, 4, 4])
    assert not any(offloading.any() for _, offloading in shown)
    # Follow the visited entries: one row, always WAIT, next value the least of the row.
    (start,) = np.flatnonzero(learner.visits[0, :4, WAIT])
    states = [min(age, 3) * 4 + min(start + age, 3) for age in range(7)]
    visits = np.zeros(16)
    for t in range(6):
        s, after = states[t], states[t + 1]
        visits[s] += 1
        target = min(t + 1, 4) + 0.9 * table[0, after].min()
        table[0, s, WAIT] += 0.5 / visits[s] * (target - table[0, s, WAIT])
    np.testing.assert_allclose(learner.q, table, rtol=1e-14)


def test_costs_are_charged_to_the_slot_that_offloads():
    batch = Population((CERTAIN,), 1, power_law()).batch
    learner = rows_that(OFFLOAD, batch, brief(step_size=1.0, step_exponent=0.0))
    play_episode(learner, lambda local, off: local + 7.0 * off, 0.0, 1, np.random.default_rng(0))
    visited = learner.visits[0] > 0
    assert learner.q[0][visited] == pytest.approx([8.0])


def test_a_row_s_table_does_not_depend_on_what_other_rows_know():
    population = pair(3)
    tables = np.random.default_rng(0).random((6, 16, 3))
    runs = []
    for other in (0.0, 50.0):
        start = np.concatenate([tables[:3], tables[3:] + other * np.arange(3.0)])
        learner = new_learner(population.batch, start, BRIEF)
        play_episode(learner, only_local, 0.0, 20, np.random.default_rng(1))
        runs.append(learner.q[:3])
    # Without deficits no further draws are shared; these devices may have them in row order.
    certain = replace(population, devices=(CERTAIN,) * 6)
    for other in (0.0, 50.0):
        start = np.concatenate([tables[:3], tables[3:] + other * np.arange(3.0)])
        learner = new_learner(certain.batch, start, BRIEF)
        play_episode(learner, only_local, 0.3, 20, np.random.default_rng(1))
        runs.append(learner.q[:3])
    np.testing.assert_array_equal(runs[2], runs[3])


@given(st.integers(1, 4), st.integers(1, 5), seeds)
def test_greedy_policies_are_one_hot_on_a_least_value(rows, states, seed):
    q = np.random.default_rng(seed).integers(0, 3, (rows, states, 3)).astype(float)
    policy = greedy_policy(q)
    np.testing.assert_array_equal(policy.sum(axis=-1), np.ones((rows, states)))
    for index in np.ndindex(rows, states):
        (chosen,) = np.flatnonzero(policy[index])
        assert q[index][chosen] == q[index].min()
        assert (q[index][:chosen] > q[index].min()).all(), "ties go to the first action"
