"""Dual ascent with exact best responses against the exact optimum [DCC sec. 4.3]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linear_models.schedules import constant, power
from lp_solvers import lagrangian as exact
from lp_solvers.finite_mdp import with_cost
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.dual_ascent import dual_ascent, dual_steps_converge
from refimpl.dcc.objective.local import (
    LocalProblem,
    discounted_reward,
    local_cmdp,
    multiplier_step,
    offload_frequency,
    shaped_cost,
)
from tests.dcc.objective.strategies import DEVICES, local_problems

PROBLEM = LocalProblem(DEVICES[1], 0.1, 0.9, power_law())


@settings(max_examples=15)
@given(local_problems(), st.sampled_from([0.5, 0.9, 1.0]), st.floats(0, 5))
def test_proven_bounds_hold_on_every_problem(problem, exponent, first):
    optimum = exact.solve(local_cmdp(problem)).value
    found = dual_ascent(problem, power(2.0, exponent), 25, first)
    slack = 1e-9 * (1.0 + abs(optimum))
    assert found.lower_bound <= optimum + slack
    assert found.value - optimum <= found.value_gap + slack
    assert found.frequency - problem.budget <= found.violation + 1e-12


@settings(max_examples=15)
@given(local_problems())
def test_averaged_policy_has_the_averaged_value_and_frequency(problem):
    found = dual_ascent(problem, power(1.0, 0.7), 10)
    assert discounted_reward(problem, found.policy) == pytest.approx(found.value, rel=1e-9)
    use = offload_frequency(problem.mdp, found.policy)
    assert use == pytest.approx(found.frequency, abs=1e-10)


def test_trace_follows_the_published_step():
    found = dual_ascent(PROBLEM, power(2.0, 0.9), 12, 1.5)
    assert found.multipliers[0] == 1.5
    for k in range(12):
        step = multiplier_step(
            found.multipliers[k], found.frequencies[k], PROBLEM.budget, 2.0 / (k + 1) ** 0.9
        )
        assert found.multipliers[k + 1] == step


@pytest.fixture(scope="module")
def long_run():
    return dual_ascent(PROBLEM, power(4.0, 0.5), 1200)


def test_converges_as_fast_as_proven(long_run):
    solution = exact.solve(local_cmdp(PROBLEM))
    best, rest = float(solution.multipliers[0]), 1 - PROBLEM.mdp.gamma
    assert long_run.value_gap < 0.01 * solution.value
    # The averaged policy is optimal for some budget, at most its own frequency: V falls with
    # slope at most the multiplier, so overuse cannot gain more than that.
    overuse = max(0.0, long_run.frequency - PROBLEM.budget)
    assert overuse <= long_run.violation < 0.1 * PROBLEM.budget
    assert solution.value - best * overuse / rest - 1e-9 <= long_run.value
    assert long_run.value <= solution.value + long_run.value_gap


def test_averaged_multiplier_is_nearly_optimal(long_run):
    """Subgradient ascent: the dual value falls short by at most the distance bound."""
    solution = exact.solve(local_cmdp(PROBLEM))
    etas = 4.0 / np.sqrt(np.arange(1, 1201))
    moved = etas**2 @ (long_run.frequencies - PROBLEM.budget) ** 2
    gap = (solution.multipliers[0] ** 2 + moved) / (2 * (1 - PROBLEM.mdp.gamma) * etas.sum())
    shaped = with_cost(PROBLEM.mdp, shaped_cost(PROBLEM, long_run.multiplier))
    dual = shaped.start @ policy_iteration(shaped).value
    dual -= long_run.multiplier * PROBLEM.discounted_budget
    assert solution.value - gap <= dual <= solution.value + 1e-9
    assert solution.value - gap <= long_run.lower_bound <= solution.value + 1e-9


def test_best_responses_themselves_never_settle_at_the_budget(long_run):
    """Deterministic policies have isolated frequencies; only their average meets the budget."""
    late = long_run.frequencies[-200:]
    assert late.min() < PROBLEM.budget < late.max()
    assert PROBLEM.budget not in late


def test_a_slack_budget_keeps_the_multiplier_at_zero():
    free = LocalProblem(DEVICES[1], 1.0, 3.0, power_law())
    found = dual_ascent(free, constant(1.0), 5)
    np.testing.assert_array_equal(found.multipliers, 0.0)
    assert found.value == pytest.approx(exact.solve(local_cmdp(free)).value, rel=1e-12)
    assert found.lower_bound == pytest.approx(found.value, rel=1e-12)


def test_small_steps_leave_the_golden_problem_in_violation():
    """The paper's decaying step is too short to reach the multiplier 2.2 of the golden device."""
    mdp = device_mdp(DeviceParameters(0, 2, 1, 7))
    problem = LocalProblem(mdp, 0.1, 0.9, power_law())
    found = dual_ascent(problem, power(1.0, 0.9), 60)
    assert found.multipliers.max() < 2.2010
    assert found.frequency > 0.12


@pytest.mark.parametrize(
    ("exponent", "converges"), [(0.0, False), (0.5, True), (1.0, True), (1.1, False)]
)
def test_step_conditions(exponent, converges):
    assert dual_steps_converge(exponent) is converges


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dual_ascent(PROBLEM, constant(1.0), 0), "n_steps must be at least 1; got 0"),
        (
            lambda: dual_ascent(PROBLEM, lambda k: 1.0 - k, 3),
            r"steps must be positive; got 0\.0 at step 1",
        ),
        (lambda: dual_ascent(PROBLEM, constant(1.0), 1, -1.0), r"multiplier must be >= 0; got -1"),
        (
            lambda: dual_ascent(PROBLEM, constant(1.0), 1, np.nan),
            r"multiplier must be >= 0; got nan",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
