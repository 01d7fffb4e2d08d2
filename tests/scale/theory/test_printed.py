"""Numbers of the paper's tables, and arithmetic on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.theory.printed import (
    COVARIANCE,
    DIVERGENCE,
    FINAL_RETURN,
    HALF_DIGIT,
    REDUCTION,
    RESPONSE,
    RESPONSE_AT_16,
    SIZES,
    TASKS,
    Printed,
    growth,
    reduction,
    rounding_range,
)

means = st.floats(0.1, 100.0)


def test_tables_3_4_and_5_hold_what_the_text_says_of_them() -> None:
    """Numbers that the prose repeats, sec. 5.3 to 5.6."""
    assert TASKS["SCALE"].mean == 8.37
    assert (TASKS["PPO"].mean, TASKS["PPO+SRR"].mean) == (4.03, 4.30)
    assert max(RESPONSE_AT_16, key=lambda name: RESPONSE_AT_16[name].mean) == "DQN"
    assert [RESPONSE["SCALE"][n].mean for n in SIZES] == [4.58, 5.57, 6.22]
    assert [RESPONSE["CrossAttn"][n].mean for n in SIZES] == [4.65, 5.70, 6.83]
    assert max(COVARIANCE["SCALE"].values()) < 0.05
    assert sorted(COVARIANCE["CrossAttn"].values())[::2] == [0.090, 0.274]
    assert DIVERGENCE["CrossAttn"][16] < DIVERGENCE["SCALE"][16]
    assert FINAL_RETURN["CrossAttn"][0] == 1.1


def test_every_table_has_the_same_methods_and_sizes() -> None:
    assert TASKS.keys() == RESPONSE_AT_16.keys()
    for table in (RESPONSE, COVARIANCE, DIVERGENCE):
        assert table.keys() == {"SCALE", "CrossAttn"}
        assert all(tuple(row) == SIZES for row in table.values())
    assert FINAL_RETURN.keys() < TASKS.keys()


def test_golden_arithmetic() -> None:
    scale, plain = RESPONSE["SCALE"], RESPONSE["CrossAttn"]
    assert reduction(scale[48], plain[48]) == pytest.approx(REDUCTION, abs=0.0005)
    assert reduction(scale[48], plain[48]) == pytest.approx(0.0893, abs=5e-5)
    assert growth(scale[16], scale[48]) == pytest.approx(0.358, abs=5e-4)
    assert growth(plain[16], plain[48]) == pytest.approx(0.469, abs=5e-4)
    assert rounding_range(plain[48], scale[48]) == pytest.approx((-0.0907, -0.0879), abs=5e-5)


@given(means, means)
def test_reduction_and_growth_undo_each_other(a, b) -> None:
    first, second = Printed(a, 0.0), Printed(b, 0.0)
    assert a * (1 + growth(first, second)) == pytest.approx(b)
    assert b * (1 - reduction(first, second)) == pytest.approx(a)


@given(means, means, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_whatever_rounds_to_the_printed_numbers_grows_within_the_range(a, b, s, t) -> None:
    low, high = rounding_range(Printed(a, 0.0), Printed(b, 0.0))
    true = growth(Printed(a + s * HALF_DIGIT, 0.0), Printed(b + t * HALF_DIGIT, 0.0))
    assert low - 1e-12 * abs(low) <= true <= high + 1e-12 * abs(high)


def test_nothing_is_relative_to_nothing() -> None:
    with pytest.raises(ValueError, match=r"mean to compare with must be > 0; got 0\.0"):
        growth(Printed(0.0, 1.0), Printed(1.0, 1.0))
