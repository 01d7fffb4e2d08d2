"""Gradient estimates from values alone [DCC eq. 15, Prop. 2]."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.objective.coordination import (
    exact_gradient,
    gradient_from_parts,
    objective,
    one_sided_derivatives,
)
from refimpl.dcc.objective.estimates import simultaneous_perturbation, three_evaluations
from refimpl.dcc.objective.local import others_of
from refimpl.dcc.objective.response import respond
from tests.dcc.objective.strategies import DEVICES, curves_of

N = len(DEVICES)
ALL = curves_of(*range(N))
CONGESTION = power_law(1.0, 1.5)
THETA = np.array([0.05, 0.11, 0.03, 0.02, 0.08])


def values(budgets, others):
    return respond(ALL, budgets, others, CONGESTION).values


def test_three_evaluations_are_three_evaluations():
    calls = []

    def counted(budgets, others):
        calls.append((budgets, others))
        return values(budgets, others)

    own, crowd = np.full(N, 0.01), np.full(N, -0.02)
    found = three_evaluations(counted, THETA, own, crowd)
    others = others_of(THETA)
    assert len(calls) == 3
    np.testing.assert_array_equal(calls[1], (THETA + 0.01, others))
    np.testing.assert_array_equal(calls[2], (THETA, others - 0.02))
    np.testing.assert_array_equal(found.values, values(THETA, others))
    np.testing.assert_allclose(found.local * 0.01, values(*calls[1]) - found.values, atol=1e-12)
    np.testing.assert_allclose(found.coupling * -0.02, values(*calls[2]) - found.values, atol=1e-12)


def test_small_perturbations_give_the_exact_gradient():
    steps = np.full(N, 1e-7)
    left, right = one_sided_derivatives(ALL, THETA, CONGESTION)
    np.testing.assert_allclose(left, right, rtol=1e-12)  # no kink at the point
    found = three_evaluations(values, THETA, steps, steps)
    got = gradient_from_parts(found.local, found.coupling)
    np.testing.assert_allclose(got, exact_gradient(ALL, CONGESTION)(THETA), rtol=1e-6)


@given(st.floats(1e-4, 0.3), st.sampled_from([-1.0, 1.0]))
def test_own_differences_lie_between_the_derivatives_at_both_ends(width, sign):
    """V_i is convex in its own budget."""
    found = three_evaluations(values, THETA, np.full(N, sign * width), np.full(N, 0.1))
    step = np.where(THETA + sign * width >= 0.0, sign * width, width)
    others = others_of(THETA)
    here = respond(ALL, THETA, others, CONGESTION).local
    there = respond(ALL, np.clip(THETA + step, 0.0, 1.0), others, CONGESTION).local
    low = np.where(step > 0, here[1], there[1])
    high = np.where(step > 0, there[0], here[0])
    assert (found.local >= low - 1e-8).all()
    assert (found.local <= high + 1e-8).all()


def test_at_the_ends_of_the_box_perturbations_are_reflected():
    ends = np.array([0.0, 1.0, 0.0, 0.5, 0.5])
    seen = []

    def record(budgets, others):
        seen.append((budgets, others))
        return budgets + others

    own = np.array([-0.1, 0.1, 0.1, -0.1, 0.1])
    three_evaluations(record, ends, own, np.full(N, 2.0))
    np.testing.assert_allclose(seen[1][0], [0.1, 0.9, 0.1, 0.4, 0.6])
    # The others' sums are 2, 1, 2, 1.5, 1.5 of at most 4: all of them can grow by 2.
    np.testing.assert_allclose(seen[2][1], [4.0, 3.0, 4.0, 3.5, 3.5])


def test_perturbations_of_the_sum_stay_within_zero_and_n_minus_one():
    seen = []

    def record(budgets, others):
        seen.append(others)
        return budgets + others

    two = np.array([0.9, 0.1])
    found = three_evaluations(record, two, np.array([0.05, 0.05]), np.array([-0.3, 0.3]))
    np.testing.assert_allclose(seen[2], [0.1 + 0.3, 0.9 - 0.3])
    np.testing.assert_allclose(found.coupling, [1.0, 1.0])


@given(st.integers(1, 4), st.integers(0, 2**32 - 1), st.floats(0.01, 10.0))
def test_signs_estimate_a_quadratic_without_bias(n, seed, width):
    rng = np.random.default_rng(seed)
    slope, bend, point = rng.normal(size=n), rng.normal(size=(n, n)), rng.normal(size=n)

    def quadratic(x):
        return float(slope @ x + 0.5 * x @ (bend + bend.T) @ x)

    signs = [np.array(s) for s in product((-1.0, 1.0), repeat=n)]
    estimates = [simultaneous_perturbation(quadratic, point, width, s) for s in signs]
    exact = slope + (bend + bend.T) @ point
    scale = 1e-13 * (1 + abs(quadratic(point))) * (1 + width + 1 / width)
    np.testing.assert_allclose(np.mean(estimates, axis=0), exact, atol=100 * scale)


def test_signs_estimate_the_objective_up_to_the_width():
    signs = [np.array(s) for s in product((-1.0, 1.0), repeat=N)]

    def value(theta):
        return objective(ALL, theta, CONGESTION)

    estimates = [simultaneous_perturbation(value, THETA, 1e-7, s) for s in signs]
    exact = exact_gradient(ALL, CONGESTION)(THETA)
    np.testing.assert_allclose(np.mean(estimates, axis=0), exact, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: three_evaluations(values, THETA, np.zeros(N), np.ones(N)),
            "own must be 5 finite non-zero numbers; got",
        ),
        (
            lambda: three_evaluations(values, THETA, np.ones(N), np.full(N, np.nan)),
            "crowd must be 5 finite non-zero numbers|own must leave",
        ),
        (
            lambda: three_evaluations(values, THETA, np.full(N, 0.97), np.full(N, 0.1)),
            r"own must leave 0\.05 in \[0, 1\.0\]; got 0\.97",
        ),
        (
            lambda: three_evaluations(values, THETA, np.full(3, 0.1), np.full(N, 0.1)),
            "own must be 5 finite non-zero numbers",
        ),
        (
            lambda: simultaneous_perturbation(np.sum, THETA, 0.0, np.ones(N)),
            r"width must be positive; got 0\.0",
        ),
        (
            lambda: simultaneous_perturbation(np.sum, THETA, 0.1, np.zeros(N)),
            "directions must be 5 finite non-zero numbers; got",
        ),
        (
            lambda: simultaneous_perturbation(np.sum, THETA, 0.1, np.ones(2)),
            "directions must be 5 finite non-zero numbers; got",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
