"""Schedules at their ends and between, and the Robbins-Monro conditions by their series."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import schedules as s

numbers = st.floats(-10, 10)
rates = st.floats(0, 10)
counts = st.integers(1, 50)

ANY = {
    "constant": s.constant(0.3),
    "linear": s.linear(1.0, 0.1, 10),
    "cosine": s.cosine(1.0, 0.1, 10),
    "exponential": s.exponential(1.0, 0.9, 0.1),
    "power": s.power(1.0, 0.75),
}


@given(numbers, numbers, counts)
@pytest.mark.parametrize("schedule", [s.linear, s.cosine])
def test_ends_are_exact_and_held(schedule, start, end, steps) -> None:
    at = schedule(start, end, steps)
    assert at(0) == start
    assert at(steps) == pytest.approx(end, abs=1e-12)
    assert at(steps + 7) == at(steps)


@given(numbers, numbers, counts)
def test_linear_interpolates(start, end, steps) -> None:
    expected = np.interp(np.arange(60), [0, steps], [start, end])
    np.testing.assert_allclose(
        [s.linear(start, end, steps)(k) for k in range(60)], expected, atol=1e-12
    )


def test_cosine_is_flat_at_both_ends_and_halfway_in_the_middle() -> None:
    at = s.cosine(2.0, 1.0, 1000)
    assert at(500) == pytest.approx(1.5)
    assert at(250) == pytest.approx(1.5 + 0.5 * math.cos(math.pi / 4))
    # Curvature pi^2 / 4 times the square of the elapsed fraction, at both ends.
    assert 2.0 - at(1) == pytest.approx(math.pi**2 / 4e6, rel=1e-4)
    assert at(999) - 1.0 == pytest.approx(math.pi**2 / 4e6, rel=1e-4)


@given(rates, st.floats(0.1, 1), st.floats(0, 1))
def test_exponential_is_the_recurrence_above_its_floor(start, rate, floor) -> None:
    at, value = s.exponential(start, rate, floor), start
    for k in range(20):
        assert at(k) == pytest.approx(max(floor, value), rel=1e-12, abs=1e-300)
        value *= rate


@given(rates, st.floats(0, 2), st.integers(0, 10**6))
def test_power_times_its_denominator_is_the_start(start, exponent, k) -> None:
    assert s.power(start, exponent)(k) * (k + 1) ** exponent == pytest.approx(start, rel=1e-12)


@pytest.mark.parametrize("schedule", ANY.values(), ids=ANY)
def test_every_schedule_returns_a_plain_float_that_never_grows(schedule) -> None:
    values = [schedule(k) for k in range(30)]
    assert all(type(value) is float for value in values)
    assert all(b <= a for a, b in itertools.pairwise(values))


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [(0.5, False), (0.51, True), (0.75, True), (1.0, True), (1.01, False), (0.0, False)],
)
def test_robbins_monro_is_the_two_series(exponent, expected) -> None:
    """Cauchy condensation: sum k^-x converges exactly when the ratio 2^(1 - x) is below 1."""
    sum_diverges = 2 ** (1 - exponent) >= 1
    squares_converge = 2 ** (1 - 2 * exponent) < 1
    assert s.robbins_monro(exponent) is expected
    assert (sum_diverges and squares_converge) is expected


@pytest.mark.parametrize("schedule", ANY.values(), ids=ANY)
def test_negative_steps_are_named(schedule) -> None:
    with pytest.raises(ValueError, match="step must be >= 0; got -1"):
        schedule(-1)


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: s.constant(NAN), "value must be finite; got nan"),
        (lambda: s.linear(NAN, 0.0, 1), "start must be finite; got nan"),
        (lambda: s.cosine(0.0, math.inf, 1), "end must be finite; got inf"),
        (lambda: s.linear(1.0, 0.0, 0), "steps must be an integer >= 1; got 0"),
        (lambda: s.exponential(-1.0, 0.9), "start must be finite and >= 0; got -1.0"),
        (lambda: s.exponential(1.0, 1.1), r"rate must be in \(0, 1\]; got 1.1"),
        (lambda: s.exponential(1.0, 0.0), r"rate must be in \(0, 1\]; got 0.0"),
        (lambda: s.exponential(1.0, 0.9, -1.0), "floor must be finite and >= 0; got -1.0"),
        (lambda: s.power(1.0, -0.5), "exponent must be finite and >= 0; got -0.5"),
        (lambda: s.power(-1.0, 0.5), "start must be finite and >= 0; got -1.0"),
        (lambda: s.robbins_monro(NAN), "exponent must be finite; got nan"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
