"""Specifies the exact solver of the outer loop, against one linear program per device and point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers.budget_sweep import budget_sweep
from lp_solvers.constrained_mdp import solve_by_lp
from lp_solvers.finite_mdp import with_cost
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.train.evaluation import policy_values
from refimpl.dcc.train.exact_solver import exact, exact_devices
from tests.dcc.train.strategies import pair, populations, random_budgets, seeds

RNG = np.random.default_rng(0)


def solved(population, seed, points=2):
    budgets = np.array([random_budgets(population, seed + p) for p in range(points)])
    others = population.others(budgets)
    return budgets, others, exact(population).solve(budgets, others, RNG, {})


@given(populations(max_devices=3, max_games=2), seeds)
def test_values_are_those_of_linear_programs(population, seed):
    budgets, others, solution = solved(population, seed)
    for index in np.ndindex(budgets.shape):
        device = population.devices[index[1] * population.n_devices + index[2]]
        problem = LocalProblem(
            device_mdp(device), budgets[index], others[index], population.congestion
        )
        program = solve_by_lp(local_cmdp(problem))
        assert solution.values[index] == pytest.approx(program.value, rel=1e-9)


@given(populations(max_devices=3, max_games=2), seeds)
def test_multipliers_are_the_least_of_those_that_support_the_optimum(population, seed):
    budgets, others, solution = solved(population, seed, points=1)
    rest = 1.0 - population.gamma
    for row, device in enumerate(population.devices):
        mdp, index = device_mdp(device), (0, *divmod(row, population.n_devices))
        price = float(population.congestion.penalty(1.0 + others[index]))
        charged = with_cost(mdp, mdp.cost + price * offload_cost(mdp))
        left, right = budget_sweep(charged, offload_cost(mdp)).slopes_at(budgets[index] / rest)
        assert solution.multipliers[index] == pytest.approx(max(-float(right), 0.0), abs=1e-7)
        assert solution.multipliers[index] <= -float(left) + 1e-7


@given(populations(max_devices=3, max_games=2), seeds)
def test_policies_attain_the_values_and_keep_the_budgets(population, seed):
    budgets, others, solution = solved(population, seed)
    penalty = population.congestion.penalty(1.0 + others)
    shape = budgets.shape[1:]
    for point, policies in enumerate(solution.policies):
        np.testing.assert_allclose(policies.sum(axis=-1), 1.0, rtol=1e-12)
        assert policies.min() >= 0.0
        local, use = (x.reshape(shape) for x in policy_values(population.model, policies))
        np.testing.assert_allclose(use, solution.use[point], rtol=0, atol=1e-10)
        assert (use <= budgets[point] + 1e-10).all()
        paid = penalty[point] * use / (1.0 - population.gamma)
        np.testing.assert_allclose(local + paid, solution.values[point], rtol=1e-9)


@given(populations(max_devices=3, max_games=2), seeds)
def test_slack_budgets_have_no_price(population, seed):
    budgets, _, solution = solved(population, seed)
    slack = solution.use < budgets - 1e-9
    assert (solution.multipliers[slack] == 0.0).all()
    np.testing.assert_allclose(solution.use[~slack], budgets[~slack], rtol=0, atol=1e-9)


@given(populations(max_devices=3, max_games=2))
def test_curves_are_convex_and_start_at_never_offloading(population):
    devices = exact_devices(population)
    slopes = devices.curves.slopes
    assert (np.diff(slopes, axis=1) >= -1e-9 * np.abs(slopes).max()).all()
    zero = devices.local_values(np.zeros(len(population.devices)))
    np.testing.assert_array_equal(zero, devices.curves.values[:, 0])
    beyond = devices.local_values(np.full(len(population.devices), 1e3))
    np.testing.assert_array_equal(beyond, devices.curves.values[:, -1])


@given(populations(max_devices=2))
def test_games_get_their_own_rows(population):
    devices, n = exact_devices(population), population.n_devices
    parts = devices.by_game(n)
    assert len(parts) == population.n_games
    for game, part in enumerate(parts):
        rows = slice(game * n, (game + 1) * n)
        for name in ("counts", "values", "tolerance"):
            np.testing.assert_array_equal(getattr(part, name), getattr(devices.curves, name)[rows])


def test_it_costs_no_learning_steps_and_remembers_nothing():
    population = pair(2)
    solver = exact(population)
    budgets = np.full((1, 2, 2), 0.1)
    one = solver.solve(budgets, population.others(budgets), np.random.default_rng(1), {})
    two = solver.solve(budgets, population.others(budgets), np.random.default_rng(2), {"q": RNG})
    assert (solver.steps, solver.name, one.carry) == (0, "exact", {})
    for name in ("values", "multipliers", "use", "policies"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
