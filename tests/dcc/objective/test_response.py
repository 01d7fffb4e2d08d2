"""Look-ups on the local budget curve against solving every problem anew [DCC eq. 12, Prop. 3]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import highs
from lp_solvers import lagrangian as exact
from lp_solvers.constrained_mdp import solve_by_lp
from lp_solvers.finite_mdp import start_value
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import (
    LocalProblem,
    discounted_reward,
    local_cmdp,
    offload_frequency,
)
from refimpl.dcc.objective.response import (
    local_budget_curve,
    optimal_policy,
    respond,
    response_curves,
)
from refimpl.dcc.policies import never_offload
from tests.dcc.objective.strategies import CURVES, DEVICES, curves_of, local_problems
from tests.dcc.strategies import congestions

GAMMA = 0.9
budgets = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.001, 1.0))
others = st.one_of(st.just(0.0), st.floats(0.001, 8.0))


def answer(problem):
    curves = response_curves([local_budget_curve(problem.mdp)], problem.mdp.gamma)
    return respond(curves, [problem.budget], [problem.others], problem.congestion)


@given(local_problems())
def test_value_count_and_multiplier_are_those_of_the_program(problem):
    found, solution = answer(problem), exact.solve(local_cmdp(problem))
    tolerance = 1e-9 * (1.0 + abs(solution.value))
    assert found.values[0] == pytest.approx(solution.value, abs=tolerance)
    low, high = found.multipliers
    assert low[0] - tolerance <= solution.multipliers[0] <= high[0] + tolerance
    if problem.others > 0.0:  # with free offloading the program may use more than it needs
        least, largest = found.counts
        assert least[0] - 1e-9 <= solution.constraint_values[0] <= largest[0] + 1e-9


@given(local_problems())
def test_value_is_that_of_the_reference_linear_program(problem):
    reference = solve_by_lp(local_cmdp(problem), highs.solve).value
    assert answer(problem).values[0] == pytest.approx(reference, abs=1e-8 * (1.0 + abs(reference)))


@given(local_problems())
def test_multiplier_interval_is_that_of_the_constrained_solver(problem):
    low, high = exact.multiplier_interval(local_cmdp(problem))
    found = answer(problem).multipliers
    scale = 1e-7 * (1.0 + abs(low))
    assert found[0][0] == pytest.approx(low, abs=scale)
    assert found[1][0] == (np.inf if np.isinf(high) else pytest.approx(high, abs=scale))


@given(st.integers(0, len(DEVICES) - 1), budgets, others, congestions())
def test_derivatives_by_the_own_budget_are_one_sided_differences(i, budget, rest, congestion):
    curves, step = curves_of(i), 1e-7

    def value(theta):
        return float(respond(curves, [theta], [rest], congestion).values[0])

    found = respond(curves, [budget], [rest], congestion)
    # Piecewise linear: exact unless a breakpoint lies within the step.
    near = np.abs(curves.counts[0] * (1 - GAMMA) - budget) < 2 * step
    if near.any() and not (np.abs(curves.counts[0] * (1 - GAMMA) - budget)[near] < 1e-14).all():
        return
    rounding = 1e-14 * abs(value(budget)) * 8 / step
    if budget + step <= 1.0:
        forward = (value(budget + step) - value(budget)) / step
        assert forward == pytest.approx(found.local[1][0], rel=1e-6, abs=rounding)
    if budget >= step:
        backward = (value(budget) - value(budget - step)) / step
        assert backward == pytest.approx(found.local[0][0], rel=1e-6, abs=rounding)


@given(st.integers(0, len(DEVICES) - 1), budgets, st.floats(0.01, 8.0), congestions())
def test_derivatives_by_the_others_bracket_the_differences(i, budget, rest, congestion):
    """V is concave in the price, so quotients lie between the derivatives at both ends."""
    curves, step = curves_of(i), 1e-6
    here = respond(curves, [budget], [rest], congestion)
    there = respond(curves, [budget], [rest + step], congestion)
    gain = float(there.values[0] - here.values[0])
    price = float(congestion.penalty(1.0 + rest + step) - congestion.penalty(1.0 + rest))
    rounding = 1e-14 * abs(float(here.values[0]))
    assert gain <= price * here.counts[0][0] + rounding
    assert gain >= price * there.counts[1][0] - rounding
    assert here.coupling[1][0] == congestion.derivative(1.0 + rest) * here.counts[0][0]


@given(
    st.integers(0, len(DEVICES) - 1),
    others,
    congestions(),
    st.lists(budgets, min_size=3, max_size=3),
)
def test_value_is_convex_and_never_rises_with_the_own_budget(i, rest, congestion, points):
    curves = curves_of(i)
    a, b, c = np.sort(points)

    def value(theta):
        return float(respond(curves, [theta], [rest], congestion).values[0])

    assert value(a) >= value(b) - 1e-11 >= value(c) - 2e-11
    if a < b < c:
        share = (b - a) / (c - a)
        assert value(b) <= (1 - share) * value(a) + share * value(c) + 1e-11


@given(st.integers(0, len(DEVICES) - 1), budgets, others, congestions())
def test_signs_of_the_two_derivatives(i, budget, rest, congestion):
    found = respond(curves_of(i), [budget], [rest], congestion)
    assert found.local[0][0] <= found.local[1][0] <= 0.0
    assert found.coupling[0][0] >= found.coupling[1][0] >= 0.0


@given(st.lists(st.integers(0, len(DEVICES) - 1), min_size=1, max_size=6), st.data())
def test_stacking_devices_changes_nothing(indices, data):
    n = len(indices)
    theta = data.draw(st.lists(budgets, min_size=n, max_size=n))
    rest = data.draw(st.lists(others, min_size=n, max_size=n))
    together = respond(curves_of(*indices), theta, rest, power_law(0.7, 1.5))
    for k, i in enumerate(indices):
        alone = respond(curves_of(i), [theta[k]], [rest[k]], power_law(0.7, 1.5))
        assert together.values[k] == alone.values[0]
        for name in ("counts", "multipliers", "local", "coupling"):
            for end in (0, 1):
                assert getattr(together, name)[end][k] == getattr(alone, name)[end][0]


def test_every_breakpoint_is_a_kink():
    curves, counts = curves_of(0), CURVES[0].budgets
    for k in range(1, len(counts) - 1):
        found = respond(curves, [counts[k] * (1 - GAMMA)], [0.0], power_law())
        assert found.multipliers[1][0] == pytest.approx(-CURVES[0].slopes[k - 1], rel=1e-9)
        assert found.multipliers[0][0] == pytest.approx(-CURVES[0].slopes[k], rel=1e-9)
        assert found.multipliers[0][0] < found.multipliers[1][0]


def test_at_budget_zero_the_multipliers_are_unbounded():
    found = respond(curves_of(0), [0.0], [1.0], power_law())
    assert found.multipliers[1][0] == np.inf
    assert found.multipliers[0][0] == pytest.approx(-CURVES[0].slopes[0] - 1.0)
    assert found.local[0][0] == -np.inf
    assert found.counts == (0.0, 0.0)


def test_beyond_use_a_budget_is_worth_nothing():
    curves = curves_of(0)
    found = respond(curves, curves.useful_budgets + 0.01, [0.0], power_law())
    assert found.multipliers[0][0] == found.multipliers[1][0] == 0.0
    assert found.values[0] == CURVES[0].values[-1]


def test_price_on_a_slope_leaves_a_whole_edge_optimal():
    curves = curves_of(1)
    price = -CURVES[1].slopes[2]
    tied = Congestion(lambda n: np.full(np.shape(n), price), lambda n: np.ones(np.shape(n)), 0)
    found = respond(curves, [1.0], [0.0], tied)
    np.testing.assert_allclose(
        [found.counts[0][0], found.counts[1][0]], CURVES[1].budgets[2:4], rtol=1e-12
    )
    assert found.coupling[0][0] > found.coupling[1][0]


def test_prohibitive_congestion_means_never_offloading():
    found = respond(curves_of(0), [1.0], [50.0], power_law(100.0))
    assert found.counts == (0.0, 0.0)
    assert found.values[0] == pytest.approx(start_value(DEVICES[0], never_offload(DEVICES[0])))


def test_golden_device_without_and_with_free_offloading():
    curve = local_budget_curve(device_mdp(DeviceParameters(0, 2, 1, 7)))
    assert f"{curve.values[0]:.4f}" == "46.0595"
    assert curve.values[-1] == pytest.approx(20.0, rel=1e-12)


@given(local_problems())
def test_optimal_policy_has_the_value_within_the_budget(problem):
    curve = local_budget_curve(problem.mdp)
    found = answer(problem)
    policy = optimal_policy(problem.mdp, curve, float(found.counts[0][0]))
    assert discounted_reward(problem, policy) == pytest.approx(float(found.values[0]), rel=1e-9)
    assert offload_frequency(problem.mdp, policy) <= problem.budget + 1e-10


def test_optimal_policy_mixes_only_between_breakpoints():
    at, between = CURVES[0].budgets[1], CURVES[0].budgets[1:3].mean()
    for count, deterministic in ((0.0, True), (at, True), (between, False), (100.0, True)):
        policy = optimal_policy(DEVICES[0], CURVES[0], float(count))
        assert bool(np.isin(policy, (0.0, 1.0)).all()) is deterministic


class Always:
    """Curve of a device that cannot do without offloading."""

    budgets = np.array([1.0, 2.0])
    values = np.array([1.0, 0.0])
    minimum_budget = 1.0
    tolerance = 1e-12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: response_curves([], GAMMA), "curves must hold at least one device; got none"),
        (lambda: response_curves([CURVES[0]], 1.0), r"gamma must be in \[0, 1\); got 1\.0"),
        (lambda: response_curves([Always()], GAMMA), r"start at count 0; curve 0 at 1\.0"),
        (
            lambda: respond(curves_of(0, 1), [0.1], [0.1], power_law()),
            r"must have shape \(2,\); got \(1,\) and \(1,\)",
        ),
        (lambda: respond(curves_of(0), [1.1], [0.1], power_law()), "budgets must lie in"),
        (lambda: respond(curves_of(0), [0.1], [-0.1], power_law()), "n must be >= 1"),
        (lambda: optimal_policy(DEVICES[0], CURVES[0], -1.0), r"count must be >= 0; got -1\.0"),
        (lambda: optimal_policy(DEVICES[0], CURVES[0], np.nan), "count must be >= 0; got nan"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_others_may_be_anything_above_zero():
    problem = LocalProblem(DEVICES[0], 0.2, 3.7, power_law(0.1))
    assert answer(problem).values[0] == pytest.approx(exact.solve(local_cmdp(problem)).value)
