"""Schedules end where they should, and are straight in the right scale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.train.schedules import Exponential, Linear, fixed

ENDS = st.floats(1e-4, 10)
FRACTIONS = st.floats(0, 1)


@given(ENDS, ENDS, FRACTIONS)
def test_linear_is_a_line(first, last, fraction) -> None:
    schedule = Linear(first, last)
    assert (schedule(0.0), schedule(1.0)) == (first, last)
    assert schedule(fraction) == pytest.approx(first + fraction * (last - first))


@given(ENDS, ENDS, FRACTIONS)
def test_exponential_is_a_line_in_the_logarithm(first, last, fraction) -> None:
    schedule = Exponential(first, last)
    assert (schedule(0.0), schedule(1.0)) == (first, last)
    line = Linear(math.log(first), math.log(last))
    assert math.log(schedule(fraction)) == pytest.approx(line(fraction), abs=1e-9)


@given(ENDS, FRACTIONS)
def test_fixed_never_changes(value, fraction) -> None:
    assert fixed(value)(fraction) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("ends", [(0.0, 1.0), (1.0, 0.0), (1.0, -1.0)])
def test_equal_ratios_need_positive_ends(ends) -> None:
    with pytest.raises(ValueError, match="must be finite and > 0"):
        Exponential(*ends)
