"""Objective and exact gradient of the budgets [DCC eqs. 12, 13, 16, Props. 2, 3]."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lp_solvers import highs
from lp_solvers.constrained_mdp import solve_by_lp
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.objective.coordination import (
    coupling_derivative,
    evaluate_device,
    exact_gradient,
    gradient_from_parts,
    local_derivative,
    local_problems,
    objective,
    one_sided_derivatives,
)
from refimpl.dcc.objective.local import others_of
from refimpl.dcc.objective.response import respond
from refimpl.shared.executors import map_tasks
from tests.dcc.objective.strategies import CURVES, DEVICES, curves_of
from tests.dcc.strategies import congestions

N = len(DEVICES)
GAMMA = DEVICES[0].gamma
ALL = curves_of(*range(N))
budget_vectors = st.lists(st.floats(0.01, 0.5), min_size=N, max_size=N).map(np.array)


def distance_to_kinks(theta):
    """Smallest distance of any budget, and of any price, from where V bends."""
    own = np.abs(ALL.counts * (1 - GAMMA) - theta[:, None]).min()
    return float(own)


@given(budget_vectors, congestions())
def test_gradient_is_that_of_the_objective(theta, congestion):
    """All N partial derivatives by central differences of V: the chain rule of eq. (16)."""
    step = 1e-6
    assume(distance_to_kinks(theta) > 2 * step)
    left, right = one_sided_derivatives(ALL, theta, congestion)
    assume(np.allclose(left, right, rtol=1e-9))  # no other bend at the point either
    shifts = step * np.eye(N)
    there = [objective(ALL, theta + e, congestion) for e in shifts]
    back = [objective(ALL, theta - e, congestion) for e in shifts]
    differences = (np.array(there) - np.array(back)) / (2 * step)
    # Curvature of d contributes O(step^2), bends of the price within the step O(jump): bracket.
    ends = [one_sided_derivatives(ALL, theta + s * e, congestion) for e in shifts for s in (-1, 1)]
    flat = np.array([end for pair in ends for end in pair])
    scale = 1e-13 * abs(objective(ALL, theta, congestion)) / step
    spread = np.abs(flat - right).max()
    np.testing.assert_allclose(differences, right, atol=scale + spread + 1e-7 * np.abs(right).max())
    np.testing.assert_array_equal(exact_gradient(ALL, congestion)(theta), right)


@given(budget_vectors, congestions())
def test_objective_is_the_sum_of_separately_solved_problems(theta, congestion):
    total = sum(evaluate_device(p).value for p in local_problems(DEVICES, theta, congestion))
    assert objective(ALL, theta, congestion) == pytest.approx(total, rel=1e-9)


@given(budget_vectors, congestions())
def test_one_solution_gives_both_derivatives(theta, congestion):
    found = respond(ALL, theta, others_of(theta), congestion)
    for i, problem in enumerate(local_problems(DEVICES, theta, congestion)):
        one = evaluate_device(problem)
        assert one.local == -one.multiplier / (1 - GAMMA)
        slack = 1e-7 * (1.0 + abs(one.local))
        assert found.local[0][i] - slack <= one.local <= found.local[1][i] + slack
        slack = 1e-7 * (1.0 + one.coupling)
        assert found.coupling[1][i] - slack <= one.coupling <= found.coupling[0][i] + slack


def test_reference_linear_program_gives_the_same_evaluation():
    problem = local_problems(DEVICES, np.full(N, 0.07), power_law(1.0, 2.0))[1]
    fast = evaluate_device(problem)
    slow = evaluate_device(problem, lambda cmdp: solve_by_lp(cmdp, highs.solve))
    for name in ("value", "multiplier", "count", "local", "coupling"):
        assert getattr(fast, name) == pytest.approx(getattr(slow, name), rel=1e-8)


def test_devices_can_be_evaluated_by_any_executor():
    problems = local_problems(DEVICES, np.full(N, 0.1), power_law())
    serial = map_tasks(evaluate_device, problems)
    with ThreadPoolExecutor(2) as pool:
        assert map_tasks(evaluate_device, problems, pool) == serial
    assert [evaluate_device(pickle.loads(pickle.dumps(p))) for p in problems] == serial


def test_gradient_sums_the_others_coupling_only():
    got = gradient_from_parts([-1.0, -2.0, -3.0], [10.0, 20.0, 40.0])
    np.testing.assert_array_equal(got, [59.0, 48.0, 27.0])


def test_unused_crowded_action_has_no_coupling():
    assert coupling_derivative(2.0, 0.0, power_law(1.0, 3.0)) == 0.0
    assert coupling_derivative(2.0, 1.5, power_law(1.0, 3.0)) == 3 * 4.0 * 1.5
    assert local_derivative(2.0, 0.95) == pytest.approx(-40.0)


def test_at_a_breakpoint_left_and_right_differ():
    theta = np.full(N, 0.05)
    theta[0] = CURVES[0].budgets[1] * (1 - GAMMA)
    left, right = one_sided_derivatives(ALL, theta, power_law())
    assert left[0] < right[0] - 1.0
    np.testing.assert_array_equal(exact_gradient(ALL, power_law())(theta), right)
    step = 1e-8
    here = objective(ALL, theta, power_law())
    for sign, expected in ((1, right[0]), (-1, left[0])):
        moved = objective(ALL, theta + sign * step * np.eye(N)[0], power_law())
        assert (moved - here) / (sign * step) == pytest.approx(expected, abs=1e-4 * abs(left[0]))


def test_where_the_price_ties_counts_the_objective_bends_downwards():
    """Two devices with more budget than they use, at a crowd whose price is a slope of theirs."""
    curves, price = curves_of(1, 1), -float(CURVES[1].slopes[2])
    others = 0.9
    tied = Congestion(lambda n: price + (n - 1.9), lambda n: np.ones(np.shape(n)), 0)
    theta = np.full(2, others)
    left, right = one_sided_derivatives(curves, theta, tied)
    high, low = CURVES[1].budgets[3], CURVES[1].budgets[2]
    np.testing.assert_allclose(left, high)  # the other device would use more, and pay for it
    np.testing.assert_allclose(right, low)
    np.testing.assert_array_equal(exact_gradient(curves, tied)(theta), right)
    step, here = 1e-6, objective(curves, theta, tied)
    for sign, expected in ((1, low), (-1, high)):
        moved = objective(curves, theta + sign * step * np.eye(2)[0], tied)
        assert (moved - here) / (sign * step) == pytest.approx(expected, rel=1e-6)


def test_derivatives_out_of_the_box_are_infinite():
    theta = np.full(N, 0.05)
    theta[[0, 1]] = 0.0, 1.0
    left, right = one_sided_derivatives(ALL, theta, power_law())
    assert left[0] == -np.inf
    assert np.isfinite(right[0])
    assert right[1] == np.inf
    assert np.isfinite(left[1])
    assert np.isfinite([left[2:], right[2:]]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: gradient_from_parts([1.0], [1.0, 2.0]),
            r"vectors of one length; got \(1,\), \(2,\)",
        ),
        (
            lambda: local_problems(DEVICES, [0.1], power_law()),
            f"budgets must be one per device, {N}; got 1",
        ),
        (lambda: objective(ALL, np.full(N, -0.1), power_law()), "budgets must lie in"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
