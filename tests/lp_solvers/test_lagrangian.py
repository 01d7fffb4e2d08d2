"""The fast constrained solver against enumeration, the linear program and the exact duals."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import lagrangian
from lp_solvers.budget_sweep import budget_sweep
from lp_solvers.certificate import verify_farkas
from lp_solvers.constrained_mdp import (
    ConstrainedMDP,
    cmdp_lp,
    constrained_mdp,
    dual_function,
    solve_by_lp,
)
from lp_solvers.dual_lines import PricedMDP
from lp_solvers.duality import multiplier_range
from lp_solvers.errors import InfeasibleError
from lp_solvers.finite_mdp import finite_mdp
from lp_solvers.highs import solve as highs_solve
from lp_solvers.occupancy import occupancy_of_policy
from tests.lp_solvers.strategies import feasible_cmdps, infeasible_cmdps, random_mdp
from tests.lp_solvers.test_constrained_mdp import check_solution, closeness, n_randomised
from tests.oracles.policy_enumeration import enumerate_policies, lower_hull, optimum_of_pairs
from tests.oracles.test_policy_enumeration import GOING, STAY_OR_GO


def _random_cmdp(seed: int, n_states: int, share: float) -> ConstrainedMDP:
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, n_states, 3)
    extra = rng.random((n_states, 3))
    problem = PricedMDP(mdp, extra)
    low, high = problem.sparing_line().count, problem.cheapest_line().count
    return constrained_mdp(mdp, extra, low + share * (high - low))


@given(feasible_cmdps())
def test_against_enumeration_and_the_linear_program(cmdp: ConstrainedMDP) -> None:
    solution = lagrangian.solve(cmdp)
    check_solution(cmdp, solution)
    slack = closeness(cmdp) * (1.0 + solution.multipliers.sum())
    points = enumerate_policies(cmdp.mdp, cmdp.constraint_costs)
    best = optimum_of_pairs(points, cmdp.budgets[0] + closeness(cmdp))
    assert solution.value == pytest.approx(best, abs=2 * slack)
    assert solution.value == pytest.approx(solve_by_lp(cmdp).value, abs=2 * slack)


@given(feasible_cmdps())
def test_residuals_are_rounding_not_tolerance(cmdp: ConstrainedMDP) -> None:
    assert lagrangian.solve(cmdp).certificate.worst <= 1e-12


@given(feasible_cmdps())
def test_at_most_one_state_is_randomised(cmdp: ConstrainedMDP) -> None:
    assert n_randomised(lagrangian.solve(cmdp)) <= 1


@given(feasible_cmdps())
def test_a_slack_budget_has_no_price_and_the_least_count(cmdp: ConstrainedMDP) -> None:
    counts, _ = lower_hull(enumerate_policies(cmdp.mdp, cmdp.constraint_costs))
    solution = lagrangian.solve(cmdp)
    if cmdp.budgets[0] > counts[-1] + 1e-8:
        assert solution.multipliers[0] == 0.0
        assert solution.constraint_values[0] == pytest.approx(counts[-1], abs=1e-8)
    elif cmdp.budgets[0] < counts[-1] - 1e-8:
        assert solution.multipliers[0] > 0.0
        assert solution.constraint_values[0] == pytest.approx(cmdp.budgets[0], abs=1e-10)


@given(feasible_cmdps())
def test_the_interval_of_multipliers_is_the_enumerated_one(cmdp: ConstrainedMDP) -> None:
    counts, costs = lower_hull(enumerate_policies(cmdp.mdp, cmdp.constraint_costs))
    slopes = np.concatenate([[-np.inf], np.diff(costs) / np.diff(counts), [0.0]])
    budget = cmdp.budgets[0]
    at = np.abs(counts - budget) <= 1e-8
    left = np.searchsorted(counts, budget - 1e-8) if at.any() else np.searchsorted(counts, budget)
    right = left + 1 if at.any() else left
    low, high = lagrangian.multiplier_interval(cmdp)
    assert low == pytest.approx(-slopes[right], rel=1e-6, abs=1e-8)
    assert high == pytest.approx(-slopes[left], rel=1e-6, abs=1e-8)
    assert lagrangian.solve(cmdp).multipliers == pytest.approx([low], rel=1e-6, abs=1e-8)


@given(feasible_cmdps())
def test_every_multiplier_in_the_interval_reaches_the_optimum(cmdp: ConstrainedMDP) -> None:
    low, high = lagrangian.multiplier_interval(cmdp)
    value = lagrangian.solve(cmdp).value
    for y in (low, high if np.isfinite(high) else low + 10.0):
        slack = closeness(cmdp) * (1.0 + y)
        assert dual_function(cmdp, [y]).value == pytest.approx(value, abs=slack)


@pytest.mark.parametrize("share", [0.0, 1e-3, 0.3, 0.9, 1.0])
def test_larger_problems_against_the_linear_program(share: float) -> None:
    cmdp = _random_cmdp(10, 60, share)
    fast, slow = lagrangian.solve(cmdp), solve_by_lp(cmdp)
    check_solution(cmdp, fast)
    assert fast.value == pytest.approx(slow.value, rel=1e-9)
    low, high = lagrangian.multiplier_interval(cmdp)
    assert low * (1 - 1e-6) - 1e-9 <= slow.multipliers[0] <= high * (1 + 1e-6) + 1e-9
    assert fast.certificate.worst <= 1e-13


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_the_interval_is_the_range_of_the_linear_programs_duals(share: float) -> None:
    """Exact range of the multiplier over the optimal face of the dual, two more programs."""
    generic = _random_cmdp(11, 10, share)
    vertex = lagrangian.solve(generic).policy
    vertex = np.eye(3)[vertex.argmax(axis=1)]
    count = (occupancy_of_policy(generic.mdp, vertex) * generic.constraint_costs[0]).sum()
    for budget in (generic.budgets[0], count):
        cmdp = constrained_mdp(generic.mdp, generic.constraint_costs, budget)
        lp = cmdp_lp(cmdp)
        expected = multiplier_range(lp, highs_solve(lp), 0)
        assert lagrangian.multiplier_interval(cmdp) == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_multiplier_is_monotone_in_the_budget() -> None:
    multipliers = [
        lagrangian.solve(_random_cmdp(12, 40, share)).multipliers[0]
        for share in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.05)
    ]
    assert (np.diff(multipliers) <= 1e-9).all()
    assert multipliers[-1] == 0.0
    assert multipliers[0] > multipliers[3] > 0.0


def test_multiplier_is_minus_the_derivative_by_the_budget() -> None:
    """Between breakpoints the value is linear, so any small difference is exact up to rounding."""
    cmdp, step = _random_cmdp(13, 30, 0.43), 1e-5
    ends = [
        lagrangian.solve(constrained_mdp(cmdp.mdp, cmdp.constraint_costs, b)).value
        for b in (cmdp.budgets[0] - step, cmdp.budgets[0] + step)
    ]
    slope = (ends[1] - ends[0]) / (2 * step)
    assert slope == pytest.approx(-lagrangian.solve(cmdp).multipliers[0], abs=1e-7)


def test_ties_everywhere() -> None:
    """Six independent copies of one decision: every mixture over them is optimal.

    The policy returned still randomises in one state only.
    """
    n = 6
    P = np.zeros((n, 2, n))
    P[np.arange(n), :, np.arange(n)] = 1.0
    costs = np.tile([1.0, 0.0], (n, 1))
    mdp = finite_mdp(P, costs, 0.5, np.full(n, 1 / n))
    cmdp = constrained_mdp(mdp, 1.0 - costs, 0.7)
    solution = lagrangian.solve(cmdp)
    check_solution(cmdp, solution)
    assert solution.value == pytest.approx(2.0 - 0.7)
    assert solution.multipliers == pytest.approx([1.0])
    assert n_randomised(solution) == 1
    assert lagrangian.multiplier_interval(cmdp) == pytest.approx((1.0, 1.0))


def test_an_action_that_helps_for_free_is_not_overpriced() -> None:
    """Least count and least cost at once: the budget is never felt, even exactly at the count."""
    mdp = finite_mdp([[[1.0], [1.0]]], [[1.0, 1.0]], 0.5, [1.0])
    solution = lagrangian.solve(constrained_mdp(mdp, [[0.0, 1.0]], 0.0))
    assert solution.multipliers[0] == 0.0
    assert solution.policy.tolist() == [[1, 0]]


def test_stay_or_go_at_both_ends_and_between() -> None:
    for budget, interval in ((0.0, (7.0, np.inf)), (0.5, (7.0, 7.0)), (1.0, (0.0, 7.0))):
        cmdp = constrained_mdp(STAY_OR_GO, GOING, budget)
        assert lagrangian.multiplier_interval(cmdp) == pytest.approx(interval)
        assert lagrangian.solve(cmdp).value == pytest.approx(8.0 - 7.0 * budget)


@given(infeasible_cmdps())
def test_infeasible_budgets_carry_a_verified_ray(cmdp: ConstrainedMDP) -> None:
    for function in (lagrangian.solve, lagrangian.multiplier_interval):
        with pytest.raises(InfeasibleError, match=r"budgets must be at least .*; got") as error:
            function(cmdp)
        assert verify_farkas(cmdp_lp(cmdp), error.value.ray)
        assert np.abs(error.value.ray.y_eq).max() <= 1.0


@given(feasible_cmdps(), st.sampled_from([0.0, 1e-14, 1e-12, 1e-10]))
def test_the_least_feasible_budget_is_accepted_up_to_rounding(
    cmdp: ConstrainedMDP, short: float
) -> None:
    least = PricedMDP(cmdp.mdp, cmdp.constraint_costs[0]).sparing_line()
    budget = max(0.0, least.count * (1.0 - short))
    at_least = constrained_mdp(cmdp.mdp, cmdp.constraint_costs, budget)
    solution = lagrangian.solve(at_least)
    check_solution(at_least, solution)
    assert solution.value == pytest.approx(least.cost, abs=closeness(cmdp))
    assert lagrangian.multiplier_interval(at_least)[1] == np.inf
    curve = budget_sweep(cmdp.mdp, cmdp.constraint_costs[0])
    assert curve.value(budget) == pytest.approx(least.cost, abs=closeness(cmdp))


def test_nothing_is_made_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is that of the transitions: solvers never ask for a dense matrix of them."""
    cmdp = _random_cmdp(17, 30, 0.5)

    def refuse(*_: object, **__: object) -> None:
        raise MemoryError("a sparse matrix was made dense")

    for kind in (sp.csr_array, sp.csc_array, sp.coo_array, sp.csc_matrix, sp.csr_matrix):
        for name in ("toarray", "todense"):
            monkeypatch.setattr(kind, name, refuse)
    with pytest.raises(MemoryError):
        _ = cmdp.mdp.P
    lagrangian.solve(cmdp)
    lagrangian.multiplier_interval(cmdp)
    budget_sweep(cmdp.mdp, cmdp.constraint_costs[0])


def test_other_numbers_of_constraints_are_refused() -> None:
    for m in (0, 2):
        cmdp = constrained_mdp(STAY_OR_GO, np.ones((m, 2, 2)), np.ones(m))
        with pytest.raises(ValueError, match=f"cmdp must have exactly one constraint; got {m}"):
            lagrangian.solve(cmdp)
