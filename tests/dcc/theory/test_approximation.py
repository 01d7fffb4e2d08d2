"""Lemma 1 as read here: bounds by enumeration, exactness for linear d, the two-device series."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.exact import stationary_start
from refimpl.dcc.model.game import evaluate
from refimpl.dcc.theory.approximation import (
    approximation_bound,
    chord_penalty,
    curvature_gap_bound,
    penalty_gap_bound,
    repeated_overlap,
    synchronised_pair,
)
from refimpl.dcc.theory.instances import age_only
from tests.dcc.theory.small_devices import congestions, devices, policies

others = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6).map(np.array)
concave = Congestion(lambda n: np.log(np.asarray(n)), lambda n: 1.0 / np.asarray(n), -1)


def enumerated_penalty(p, congestion):
    """``E d(1 + X)`` by summing over every outcome of the others."""
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(p)):
        weight = np.prod(np.where(np.array(outcome) == 1, p, 1.0 - p))
        total += weight * float(congestion.penalty(1.0 + sum(outcome)))
    return total


@given(others, congestions() | st.just(concave))
def test_truth_lies_between_the_function_and_its_chord(p, congestion):
    true, mean = enumerated_penalty(p, congestion), min(p.sum(), len(p))
    function = float(congestion.penalty(1.0 + mean))
    chord = float(chord_penalty(mean, len(p), congestion))
    slack = 1e-12 * (1.0 + abs(chord))
    assert min(function, chord) - slack <= true <= max(function, chord) + slack
    assert abs(true - function) <= float(penalty_gap_bound(mean, len(p), congestion)) + slack


@given(others)
def test_taylor_bound_is_exact_for_a_square(p):
    gap = enumerated_penalty(p, power_law(beta=2.0)) - p.sum() ** 2
    assert gap == pytest.approx(curvature_gap_bound(p, 2.0), abs=1e-12)


@given(others, st.sampled_from([2.0, 3.0]))
def test_taylor_bound_holds(p, beta):
    steepest = beta * (beta - 1.0) * len(p) ** (beta - 2.0)
    gap = enumerated_penalty(p, power_law(beta=beta)) - p.sum() ** beta
    assert -1e-10 <= gap <= curvature_gap_bound(p, steepest) + 1e-10


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5), st.floats(0.1, 3.0))
def test_linear_congestion_has_no_error(budgets, kappa):
    bound = approximation_bound(budgets, power_law(kappa), 0.9)
    np.testing.assert_allclose(bound, 0.0, atol=1e-12 * kappa * 100)


def test_bound_of_the_power_law_in_closed_form():
    budgets, gamma = np.full(10, 0.1), 0.95
    for beta, expected in ((1.5, 3.69), (2.0, 14.58)):
        bound = approximation_bound(budgets, power_law(beta=beta), gamma)
        closed = 0.1 / (1 - gamma) * (0.9 * 9 ** (beta - 1) - 0.9**beta)
        np.testing.assert_allclose(bound, closed, rtol=1e-12)
        assert np.round(bound, 2) == pytest.approx(expected)


@given(st.lists(devices(), min_size=2, max_size=4), congestions(), st.data())
def test_from_stationary_starts_the_bound_holds_and_linear_is_exact(parts, congestion, data):
    chosen = [data.draw(policies(part)) for part in parts]
    parts = [stationary_start(part, q) for part, q in zip(parts, chosen, strict=True)]
    value = evaluate(parts, chosen, congestion)
    gamma = parts[0].gamma
    theta = np.clip((1 - gamma) * value.counts, 0.0, 1.0)
    mean = congestion.penalty(1.0 + theta.sum() - theta)
    error = np.abs(value.congestion - value.counts * mean)
    bound = approximation_bound(theta, congestion, gamma)
    assert (error <= bound + 1e-8 * (1 + value.total)).all()


@given(devices(), devices(), st.data())
def test_overlap_is_the_linear_congestion_of_a_pair(one, two, data):
    p, q = data.draw(policies(one)), data.draw(policies(two))
    value = evaluate([one, two], [p, q], power_law())
    assert repeated_overlap((one, p), (two, q)) == pytest.approx(value.congestion[0], rel=1e-10)


@pytest.mark.parametrize("period", [2, 3])
def test_devices_in_lockstep(period):
    # wait until age `period`, offload there; and as the clock starts at age 1 the first offload
    # comes after period - 1 slots, which only discounts both numbers alike
    device = age_only(4)
    actions = np.where(np.arange(4) >= period - 1, 2, 0)
    policy = np.eye(3)[actions]
    true, approximate = synchronised_pair(device.gamma, period)
    delay = device.gamma ** (period - 1)
    assert repeated_overlap((device, policy), (device, policy)) == pytest.approx(delay * true)
    frequency = (1 - device.gamma) * delay * true
    assert frequency**2 / (1 - device.gamma) == pytest.approx(delay**2 * approximate)
    assert true / approximate == pytest.approx((1 - device.gamma**period) / (1 - device.gamma))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="n_others must be at least 1; got 0"):
        chord_penalty(0.0, 0, power_law())
    with pytest.raises(ValueError, match=r"mean_others must lie in \[0, 2\]; got 2.5"):
        penalty_gap_bound(2.5, 2, power_law())
    with pytest.raises(ValueError, match="budgets must be at least two numbers"):
        approximation_bound([0.5], power_law(), 0.9)
    with pytest.raises(ValueError, match="budgets must be at least two numbers"):
        approximation_bound([0.5, np.nan], power_law(), 0.9)
    one, two = age_only(gamma=0.9), age_only(gamma=0.8)
    policy = np.eye(3)[[0, 0, 2, 2]]
    with pytest.raises(ValueError, match=r"discounts must agree; got 0.9 and 0.8"):
        repeated_overlap((one, policy), (two, policy))
