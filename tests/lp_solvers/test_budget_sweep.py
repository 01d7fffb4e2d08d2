"""The exact curve of value over budget: shape, completeness, agreement with other methods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.budget_sweep import BudgetCurve, budget_sweep
from lp_solvers.certificate import verify_farkas
from lp_solvers.constrained_mdp import cmdp_lp, constrained_mdp, solve_by_lp
from lp_solvers.errors import DegenerateError, InfeasibleError
from lp_solvers.finite_mdp import FiniteMDP, deterministic, finite_mdp, start_value, with_cost
from lp_solvers.parametric import value_curve
from lp_solvers.policy_iteration import policy_iteration
from tests.lp_solvers.strategies import Draw, costs, mdps, random_mdp
from tests.oracles.policy_enumeration import enumerate_policies, lower_hull
from tests.oracles.test_policy_enumeration import GOING, STAY_OR_GO

Swept = tuple[FiniteMDP, NDArray[np.float64], BudgetCurve]


@st.composite
def sweeps(draw: Draw) -> Swept:
    mdp = draw(mdps(3, 3))
    constraint_cost = draw(costs(mdp.cost.shape))
    return mdp, constraint_cost, budget_sweep(mdp, constraint_cost)


def _close(curve: BudgetCurve) -> float:
    return 1e-8 * (1.0 + float(np.abs(curve.values).max()))


def _inside(curve: BudgetCurve, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Budgets from the least to a little beyond the last vertex."""
    low, high = curve.budgets[[0, -1]]
    return low + shares * (1.1 * (high - low) + 0.1)


@pytest.fixture(scope="module")
def large() -> Swept:
    rng = np.random.default_rng(14)
    mdp, constraint_cost = random_mdp(rng, 40, 3), rng.random((40, 3))
    return mdp, constraint_cost, budget_sweep(mdp, constraint_cost)


def test_stay_or_go_by_hand() -> None:
    curve = budget_sweep(STAY_OR_GO, GOING[0])
    assert curve.budgets == pytest.approx([0, 1])
    assert curve.values == pytest.approx([8, 1])
    assert curve.slopes == pytest.approx([-7])
    assert curve.actions.tolist() == [[0, 0], [1, 0]]
    assert curve.value([0.25, 1.0, 99.0]) == pytest.approx([6.25, 1, 1])
    left, right = curve.slopes_at([0.0, 0.5, 1.0, 2.0])
    assert left == pytest.approx([-np.inf, -7, -7, 0])
    assert right == pytest.approx([-7, -7, 0, 0])
    assert curve.multiplier(0.5) == pytest.approx(7.0)


@given(sweeps(), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_against_enumeration(swept: Swept, shares: list[float]) -> None:
    mdp, constraint_cost, curve = swept
    counts, values = lower_hull(enumerate_policies(mdp, constraint_cost[None]))
    assert curve.minimum_budget == pytest.approx(counts[0], abs=_close(curve))
    assert curve.budgets[-1] == pytest.approx(counts[-1], abs=_close(curve))
    b = np.concatenate([_inside(curve, np.array(shares)), np.maximum(counts, counts[0])])
    b = np.maximum(b, curve.minimum_budget)
    steepest = 1.0 + np.abs(curve.slopes).max(initial=0.0)
    expected = np.interp(b, counts, values)
    assert np.abs(curve.value(b) - expected).max() <= _close(curve) * steepest


@given(sweeps())
def test_shape(swept: Swept) -> None:
    """Increasing budgets, decreasing values, slopes negative and strictly increasing."""
    curve = swept[2]
    assert (np.diff(curve.budgets) > curve.tolerance).all()
    assert (np.diff(curve.values) < 0.0).all()
    assert (np.diff(curve.slopes) > 0.0).all()
    assert (curve.slopes < 0.0).all()


@given(sweeps())
def test_vertices_are_their_policies_and_optimal_between_their_multipliers(swept: Swept) -> None:
    mdp, constraint_cost, curve = swept
    steepest = curve.slopes.min(initial=0.0)
    slopes = np.concatenate([[steepest - 1.0], curve.slopes, [0.0]])
    for k, actions in enumerate(curve.actions):
        policy = deterministic(actions, mdp.n_actions)
        count = start_value(with_cost(mdp, constraint_cost), policy)
        assert start_value(mdp, policy) == pytest.approx(curve.values[k], abs=_close(curve))
        assert count == pytest.approx(curve.budgets[k], abs=_close(curve))
        multiplier = -(slopes[k] + slopes[k + 1]) / 2
        shaped = with_cost(mdp, mdp.cost + multiplier * constraint_cost)
        best = mdp.start @ policy_iteration(shaped).value
        assert start_value(shaped, policy) == pytest.approx(
            best, abs=_close(curve) * (1.0 + multiplier)
        )


@given(sweeps(), st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_against_the_fast_solver_at_vertices_and_elsewhere(
    swept: Swept, shares: list[float]
) -> None:
    mdp, constraint_cost, curve = swept
    for b in np.concatenate([_inside(curve, np.array(shares)), curve.budgets]):
        cmdp = constrained_mdp(mdp, constraint_cost, b)
        solution = lagrangian.solve(cmdp)
        assert solution.value == pytest.approx(curve.value(b), abs=_close(curve))
        low, high = (float(end) for end in curve.multiplier_interval(b))
        assert lagrangian.multiplier_interval(cmdp) == pytest.approx(
            (low, high), rel=1e-6, abs=1e-7
        )
        assert low * (1 - 1e-6) - 1e-7 <= solution.multipliers[0] <= high * (1 + 1e-6) + 1e-7


def test_large_curve_against_the_linear_program(large: Swept) -> None:
    mdp, constraint_cost, curve = large
    rng = np.random.default_rng(15)
    chosen = np.concatenate([_inside(curve, rng.random(4)), rng.choice(curve.budgets[1:], 3)])
    for b in chosen:
        solution = solve_by_lp(constrained_mdp(mdp, constraint_cost, b))
        assert curve.value(b) == pytest.approx(solution.value, abs=1e-9)
        low, high = curve.multiplier_interval(b)
        assert low * (1 - 1e-6) <= solution.multipliers[0] <= high * (1 + 1e-6)


def test_large_curve_misses_no_vertex_and_has_no_false_one(large: Swept) -> None:
    """Midpoints of edges are on the curve; every vertex is below the chord of its neighbours."""
    mdp, constraint_cost, curve = large
    assert len(curve.budgets) > 30
    middles = (curve.budgets[1:] + curve.budgets[:-1]) / 2
    for b in middles[:: len(middles) // 12]:
        solution = lagrangian.solve(constrained_mdp(mdp, constraint_cost, b))
        assert solution.value == pytest.approx(curve.value(b), abs=1e-12)
        assert solution.multipliers[0] == pytest.approx(-curve.slopes_at(b)[0], rel=1e-6)
    share = np.diff(curve.budgets)[:-1] / (curve.budgets[2:] - curve.budgets[:-2])
    chord = (1 - share) * curve.values[:-2] + share * curve.values[2:]
    assert (curve.values[1:-1] < chord - 1e-12).all()


def test_large_curve_against_the_generic_parametric_program(large: Swept) -> None:
    """Same breakpoints from a method that knows nothing of MDPs, on a stretch of the curve."""
    mdp, constraint_cost, curve = large
    ends = (curve.budgets[10] + 1e-3, curve.budgets[16] - 1e-3)
    lp = cmdp_lp(constrained_mdp(mdp, constraint_cost, 0.0))
    other = value_curve(lp, np.ones(1), ends)
    inside = (curve.budgets > ends[0]) & (curve.budgets < ends[1])
    assert other.breakpoints[1:-1] == pytest.approx(curve.budgets[inside], rel=1e-7)
    assert other.values == pytest.approx(curve.value(other.breakpoints), abs=1e-9)


def test_evaluation_is_vectorised_and_keeps_shape(large: Swept) -> None:
    curve = large[2]
    b = _inside(curve, np.random.default_rng(16).random((3, 4)))
    for function in (curve.value, lambda x: curve.slopes_at(x)[0], lambda x: curve.slopes_at(x)[1]):
        table = function(b)
        assert table.shape == (3, 4)
        assert table[1, 2] == function(b[1, 2])
        assert function(float(b[0, 0])).shape == ()


def test_the_multiplier_at_a_kink_is_refused_with_its_interval(large: Swept) -> None:
    curve = large[2]
    kink = float(curve.budgets[5])
    with pytest.raises(DegenerateError, match=r"multiplier must be unique; at budget") as error:
        curve.multiplier(kink)
    assert error.value.interval == pytest.approx((-curve.slopes[5], -curve.slopes[4]))
    with pytest.raises(DegenerateError, match="inf") as error:
        curve.multiplier(curve.minimum_budget)
    assert error.value.interval[1] == np.inf
    assert curve.multiplier(float(curve.budgets[-1]) + 1.0) == 0.0


def test_budgets_below_the_least_are_infeasible_with_a_ray(large: Swept) -> None:
    mdp, constraint_cost, curve = large
    short = curve.minimum_budget - 1e-3
    for function in (curve.value, curve.slopes_at, curve.multiplier_interval, curve.multiplier):
        with pytest.raises(InfeasibleError, match="at least minimum_budget") as error:
            function(short)
        lp = cmdp_lp(constrained_mdp(mdp, constraint_cost, short))
        assert verify_farkas(lp, error.value.ray)


def test_a_cost_that_no_policy_can_change_gives_one_point() -> None:
    mdp = finite_mdp(np.full((2, 2, 2), 0.5), [[1.0, 2.0], [3.0, 0.0]], 0.5, [1.0, 0.0])
    curve = budget_sweep(mdp, np.ones((2, 2)))
    assert curve.budgets == pytest.approx([2.0])
    assert curve.values == pytest.approx([mdp.start @ policy_iteration(mdp).value])
    assert curve.slopes.size == 0
    assert curve.value([2.0, 3.0]) == pytest.approx([curve.values[0]] * 2)
    assert curve.multiplier(2.5) == 0.0


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"constraint_cost must have shape \(2, 2\); got"):
        budget_sweep(STAY_OR_GO, np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"constraint_cost must be finite; got nan at state 0"):
        budget_sweep(STAY_OR_GO, np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="budget must be a number; got nan"):
        budget_sweep(STAY_OR_GO, GOING[0]).value(np.nan)
