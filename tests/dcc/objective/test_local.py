"""The local problem and its Lagrangian [DCC eqs. 6 to 11]."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import lagrangian as exact
from lp_solvers.finite_mdp import with_cost
from lp_solvers.occupancy import occupancy_of_policy
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD, DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import (
    LocalProblem,
    approximate_cost,
    approximate_reward,
    discounted_reward,
    lagrangian,
    local_cmdp,
    multiplier_step,
    offload_frequency,
    others_of,
    shaped_cost,
)
from refimpl.dcc.policies import always_offload, never_offload
from tests.dcc.golden import TEN_DEVICES
from tests.dcc.objective.strategies import local_problems, random_budgets
from tests.dcc.strategies import congestions, random_policy, seeds

SMALL = device_mdp(DeviceParameters(0, 1, 1, 3, max_aoi=3, battery=2, gamma=0.8))
PROBLEM = LocalProblem(SMALL, 0.2, 1.5, power_law(2.0, 2.0))


@given(random_budgets(), congestions())
def test_everybody_expects_the_others_budgets(budgets, congestion):
    others = others_of(budgets)
    for i in range(len(budgets)):
        assert others[i] == pytest.approx(np.delete(budgets, i).sum(), abs=1e-15)
    alone = np.full((len(budgets), len(budgets)), 0)
    np.fill_diagonal(alone, OFFLOAD)
    paid = approximate_reward(np.zeros_like(alone), alone, budgets, congestion)
    np.testing.assert_array_equal(paid, congestion.penalty(1.0 + others))


def test_approximate_reward_is_the_sum_of_the_local_tables():
    budgets, states = np.array([0.1, 0.4, 0.3]), np.array([0, 5, 8])
    for actions in ([0, 1, 2], [2, 2, 2], [1, 1, 0]):
        tables = [
            approximate_cost(LocalProblem(SMALL, own, rest, power_law()))
            for own, rest in zip(budgets, others_of(budgets), strict=True)
        ]
        expected = sum(t[s, a] for t, s, a in zip(tables, states, actions, strict=True))
        got = approximate_reward(SMALL.cost[states, actions], actions, budgets, power_law())
        assert got == pytest.approx(expected, rel=1e-15)


def test_an_offloading_device_counts_itself_as_one_not_as_its_budget():
    # Two devices at budget 1/2 under d(n) = n - 1: each offloading device meets half a crowd.
    assert approximate_reward([0.0, 0.0], [OFFLOAD, 0], [0.5, 0.5], power_law()) == 0.5


@given(local_problems(), seeds)
def test_reward_is_local_cost_plus_price_times_count(problem, seed):
    policy = random_policy(problem.mdp, seed)
    visits = occupancy_of_policy(problem.mdp, policy)
    price = float(problem.congestion.penalty(1.0 + problem.others))
    count = visits[:, OFFLOAD].sum()
    expected = (visits * problem.mdp.cost).sum() + price * count
    assert discounted_reward(problem, policy) == pytest.approx(expected, rel=1e-11)
    frequency = offload_frequency(problem.mdp, policy)
    assert frequency == pytest.approx(count * (1 - problem.mdp.gamma), rel=1e-11)


def test_frequency_is_one_for_always_and_zero_for_never():
    assert offload_frequency(SMALL, always_offload(SMALL.n_states)) == pytest.approx(1.0, rel=1e-14)
    assert offload_frequency(SMALL, never_offload(SMALL)) == 0.0


@given(local_problems(), seeds, st.floats(0, 50))
def test_lagrangian_is_reward_plus_priced_excess(problem, seed, multiplier):
    policy = random_policy(problem.mdp, seed)
    excess = offload_frequency(problem.mdp, policy) - problem.budget
    expected = discounted_reward(problem, policy) + multiplier * excess / (1 - problem.mdp.gamma)
    scale = 1.0 + abs(expected) + multiplier / (1 - problem.mdp.gamma)
    assert lagrangian(problem, policy, multiplier) == pytest.approx(expected, abs=1e-11 * scale)


@given(local_problems(), st.floats(0, 50), seeds)
def test_optimum_is_a_saddle_point(problem, multiplier, seed):
    solution = exact.solve(local_cmdp(problem))
    best = float(solution.multipliers[0])
    slack = 1e-9 * (1.0 + abs(solution.value))
    assert lagrangian(problem, solution.policy, multiplier) <= solution.value + slack
    rival = random_policy(problem.mdp, seed)
    assert lagrangian(problem, rival, best) >= solution.value - slack


@given(local_problems(), st.floats(0, 50))
def test_any_multiplier_bounds_the_optimum_from_below(problem, multiplier):
    shaped = with_cost(problem.mdp, shaped_cost(problem, multiplier))
    bound = shaped.start @ policy_iteration(shaped).value - multiplier * problem.discounted_budget
    solution = exact.solve(local_cmdp(problem))
    assert bound <= solution.value + 1e-9 * (1.0 + abs(solution.value))


def test_shaped_cost_prices_offloading_only():
    change = shaped_cost(PROBLEM, 3.0) - SMALL.cost
    np.testing.assert_array_equal(change[:, :OFFLOAD], 0.0)
    np.testing.assert_allclose(change[:, OFFLOAD], 2.0 * 1.5**2 + 3.0, rtol=1e-15)
    np.testing.assert_array_equal(approximate_cost(PROBLEM), shaped_cost(PROBLEM, 0.0))


def test_multiplier_rises_above_the_budget_falls_below_and_stops_at_zero():
    assert multiplier_step(1.0, 0.5, 0.2, 2.0) == pytest.approx(1.6)
    assert multiplier_step(1.0, 0.1, 0.2, 2.0) == pytest.approx(0.8)
    assert multiplier_step(0.1, 0.0, 0.2, 2.0) == 0.0


@pytest.mark.parametrize(("beta", "budget", "value", "local", "coupling"), TEN_DEVICES)
def test_golden_values_of_ten_identical_devices(beta, budget, value, local, coupling):
    mdp = device_mdp(DeviceParameters(0, 2, 1, 7))
    problem = LocalProblem(mdp, budget, 9 * budget, power_law(1.0, beta))
    solution = exact.solve(local_cmdp(problem))
    assert f"{solution.value:.4f}" == value
    assert f"{-solution.multipliers[0] / (1 - mdp.gamma):.3f}" == local
    slope = float(problem.congestion.derivative(1.0 + problem.others))
    assert slope * solution.constraint_values[0] == pytest.approx(coupling, rel=1e-9)


def test_problems_survive_pickling():
    copy = pickle.loads(pickle.dumps(PROBLEM))
    assert exact.solve(local_cmdp(copy)).value == exact.solve(local_cmdp(PROBLEM)).value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LocalProblem(SMALL, -0.1, 0.0, power_law()), r"budget must be .* got -0\.1"),
        (lambda: LocalProblem(SMALL, 1.1, 0.0, power_law()), r"budget must be .* got 1\.1"),
        (lambda: LocalProblem(SMALL, np.nan, 0.0, power_law()), "budget must be .* got nan"),
        (lambda: LocalProblem(SMALL, 0.1, -1e-9, power_law()), "others must be .* got -1e-09"),
        (lambda: LocalProblem(SMALL, 0.1, np.inf, power_law()), "others must be .* got inf"),
        (lambda: others_of([0.1, 1.2]), r"budgets must lie in \[0, 1\]; got budgets\[1\] = 1\.2"),
        (lambda: others_of([0.1, np.nan]), r"got budgets\[1\] = nan"),
        (lambda: others_of([]), r"budgets must be a vector of N >= 1 numbers; got shape \(0,\)"),
        (lambda: others_of([[0.1]]), r"got shape \(1, 1\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
