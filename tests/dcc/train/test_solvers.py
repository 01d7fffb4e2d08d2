"""Specifies the learning solvers of the outer loop: what they report is the exact model's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers.finite_mdp import start_value
from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.train.coordination import Base
from refimpl.dcc.train.gradients import three_evaluations
from refimpl.dcc.train.solvers import cold, continued
from tests.dcc.train.strategies import brief, pair, populations, random_budgets, seeds

SHORT = brief(steps=80)


def solve(make, population, seed, settings=SHORT, carry=None, points=2):
    budgets = np.array([random_budgets(population, seed + p) for p in range(points)])
    others = population.others(budgets)
    rng = np.random.default_rng(seed)
    return budgets, others, make(population, settings).solve(budgets, others, rng, carry or {})


@given(populations(max_devices=2, max_games=2), seeds)
def test_values_are_the_lagrangian_of_the_learned_policy(population, seed):
    budgets, others, solution = solve(cold, population, seed)
    rest = 1.0 - population.gamma
    for index in np.ndindex(budgets.shape):
        row = index[1] * population.n_devices + index[2]
        mdp, policy = device_mdp(population.devices[row]), solution.policies[index[0], row]
        count = (occupancy_of_policy(mdp, policy) * offload_cost(mdp)).sum()
        price = float(population.congestion.penalty(1.0 + others[index]))
        overrun = count - budgets[index] / rest
        expected = start_value(mdp, policy) + price * count
        expected += solution.multipliers[index] * overrun
        assert solution.use[index] == pytest.approx(rest * count, rel=1e-9, abs=1e-12)
        assert solution.values[index] == pytest.approx(expected, rel=1e-9)


@given(populations(max_devices=2, max_games=2), seeds)
def test_shapes_and_policies_are_as_documented(population, seed):
    for make in (cold, continued):
        budgets, _, solution = solve(make, population, seed)
        for name in ("values", "multipliers", "use"):
            assert getattr(solution, name).shape == budgets.shape
        rows, states = population.batch.n_rows, population.batch.n_states
        assert solution.policies.shape == (2, rows, states, 3)
        np.testing.assert_allclose(solution.policies.sum(axis=-1), 1.0, rtol=1e-12)
        assert solution.multipliers.min() >= 0.0


@given(seeds)
def test_without_a_past_both_are_the_same_learner(seed):
    population = pair(2)
    *_, fresh = solve(cold, population, seed)
    *_, first = solve(continued, population, seed)
    for name in ("values", "multipliers", "use", "policies"):
        np.testing.assert_array_equal(getattr(fresh, name), getattr(first, name))
    assert fresh.carry == {}
    assert set(first.carry) == {"q", "multipliers"}


def test_the_cold_solver_forgets_and_the_continued_one_does_not():
    population = pair()
    *_, before = solve(continued, population, 1)
    results = {
        make: [solve(make, population, 2, carry=past)[2] for past in ({}, before.carry)]
        for make in (cold, continued)
    }
    np.testing.assert_array_equal(results[cold][0].values, results[cold][1].values)
    assert (results[continued][0].values != results[continued][1].values).any()


@given(seeds)
def test_every_point_continues_from_the_tables_of_its_own_row(seed):
    """With step size 0 nothing is learned, so what comes out is what was carried in."""
    population = pair(2)
    q = np.random.default_rng(seed).random((4, 16, 3))
    still = brief(steps=80, step_size=0.0, multiplier_rate=0.0)
    carry = {"q": q, "multipliers": np.arange(4.0)}
    *_, solution = solve(continued, population, seed, still, carry, points=3)
    greedy = np.eye(3)[q.argmin(axis=-1)]
    for point in range(3):
        np.testing.assert_array_equal(solution.policies[point], greedy)
        np.testing.assert_array_equal(solution.multipliers[point].ravel(), carry["multipliers"])
    np.testing.assert_array_equal(solution.carry["q"], q)
    np.testing.assert_array_equal(solution.carry["multipliers"], carry["multipliers"])


@given(seeds)
def test_the_last_of_several_points_is_carried_on(seed):
    population, settings = pair(), brief(steps=80, averaged=0.0, multiplier_rate=4.0)
    *_, solution = solve(continued, population, seed, settings, points=3)
    greedy = np.eye(3)[solution.carry["q"].argmin(axis=-1)]
    np.testing.assert_array_equal(solution.policies[-1], greedy)
    np.testing.assert_array_equal(solution.carry["multipliers"], solution.multipliers[-1].ravel())


def test_names_and_steps_are_those_of_the_settings():
    population = pair()
    solvers = [cold(population, SHORT), continued(population, SHORT)]
    solvers += [cold(population, brief(steps=40)), cold(population, brief(q_start=1.0))]
    assert len({solver.name for solver in solvers}) == 4
    assert [solver.steps for solver in solvers] == [80, 80, 40, 400]


def test_estimators_can_ask_learners_for_any_point():
    population = pair()
    solver = continued(population, SHORT)
    asked = []

    def ask(budgets, others):
        asked.append(solver.solve(budgets, others, np.random.default_rng(0), {}))
        return asked[-1]

    *_, base = solve(continued, population, 0, points=1)
    point = Base(np.zeros((1, 2)), base.values[0], base.multipliers[0], base.use[0], 0)
    estimate = three_evaluations(0.05, 0.25)(population, point, ask, np.random.default_rng(0))
    assert estimate.n_solves == asked[0].values.shape[0] == 2
    assert np.isfinite(estimate.total).all()
