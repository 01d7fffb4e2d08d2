"""Projected steps on the budgets [DCC eq. 14, Theorem 1]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.schedules import power
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import exact_gradient
from refimpl.dcc.objective.descent import (
    clipped,
    coordination_steps_converge,
    descend,
    l1_normalised,
    plain,
    projected_step,
)
from refimpl.dcc.objective.response import local_budget_curve, response_curves

vectors = st.lists(st.floats(-100, 100), min_size=3, max_size=3).map(np.array)
points = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(np.array)


@given(points, vectors, st.floats(0, 10))
def test_steps_stay_in_the_box_and_are_nearest_points(theta, gradient, step):
    got = projected_step(theta, gradient, step)
    target = theta - step * gradient
    assert ((got >= 0) & (got <= 1)).all()
    # Nearest point of a convex set: no point of the set lies ahead of it.
    for corner in (np.zeros(3), np.ones(3), theta):
        assert (target - got) @ (corner - got) <= 1e-12 * (1 + np.abs(target).max())


@given(vectors)
def test_rules_keep_the_direction_of_every_component(gradient):
    for rule in (plain, l1_normalised, clipped):
        assert (rule(gradient) * gradient >= 0).all()
    assert np.abs(l1_normalised(gradient)).sum() <= 1 + 1e-12
    assert np.abs(clipped(gradient)).max() <= 1
    short = gradient / 1000
    np.testing.assert_array_equal(l1_normalised(short), short)
    np.testing.assert_array_equal(clipped(short), short)


@pytest.fixture(scope="module")
def golden():
    """Ten golden devices: the whole gradient of the common budget, from one curve."""
    curve = local_budget_curve(device_mdp(DeviceParameters(0, 2, 1, 7)))
    return exact_gradient(response_curves([curve] * 10, 0.95), power_law())


@pytest.mark.parametrize(
    ("rule", "common"),
    [
        (l1_normalised, [0.0, 0.025, 0.0375, 0.0458, 0.0521, 0.0571]),
        (clipped, [0.0, 0.25, 0.125, 0.2083, 0.1458, 0.1958]),
    ],
)
def test_five_iterations_stop_short_or_oscillate(golden, rule, common):
    """The optimum is at 0.156: normalised steps stop far below it, clipped ones jump across."""
    found = descend(golden, np.zeros(10), power(0.25, 1.0), 5, rule)
    np.testing.assert_allclose(found.budgets, np.tile(common, (10, 1)).T, atol=5e-5)
    assert found.gradients.shape == (5, 10)


def test_zero_steps_leave_the_start():
    found = descend(lambda theta: theta, np.array([0.2, 0.3]), power(0.25, 1.0), 0)
    np.testing.assert_array_equal(found.budgets, [[0.2, 0.3]])


def test_trace_uses_each_step_size_once():
    found = descend(lambda _: np.array([0.1]), [0.5], power(1.0, 1.0), 3, plain)
    np.testing.assert_allclose(np.diff(found.budgets[:, 0]), [-0.1, -0.05, -0.1 / 3])


@pytest.mark.parametrize(
    ("step", "width", "converges"),
    [
        (1.0, 0.25, True),
        (1.0, 0.5, False),  # (a/c)^2 = 1/k is not summable
        (1.0, 0.0, False),  # widths must vanish
        (0.7, 0.25, False),  # a c = k^-0.95 is not summable
        (1.1, 0.25, False),  # steps must have an infinite sum
        (0.9, 0.2, True),
        (0.0, 0.25, False),
    ],
)
def test_conditions_of_the_theorem(step, width, converges):
    assert coordination_steps_converge(step, width) is converges


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: projected_step([0.1], [np.nan], 0.1), "gradient must be 1 finite numbers; got"),
        (lambda: projected_step([0.1], [1.0, 2.0], 0.1), "gradient must be 1 finite numbers; got"),
        (lambda: projected_step([1.1], [1.0], 0.1), "budgets must lie in"),
        (lambda: projected_step([0.1], [1.0], -0.1), r"step must be >= 0; got -0\.1"),
        (lambda: descend(plain, [0.1], power(1.0, 1.0), -1), "n_steps must be >= 0; got -1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
