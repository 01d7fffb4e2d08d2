"""Both sources of numbers keep within bounds, and reach them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refimpl.conformance.draws import Draw, HypothesisDraw, RandomDraw


@st.composite
def draws(draw: st.DrawFn) -> Draw:
    """A source of either kind."""
    if draw(st.booleans()):
        return RandomDraw(np.random.default_rng(draw(st.integers(0, 2**32 - 1))))
    return HypothesisDraw(draw, st, hnp, largest=3)


@given(st.data())
def test_values_keep_within_their_bounds(data) -> None:
    source = data.draw(draws())
    x = source.floats((2, 3), -1.5, 0.25)
    k = source.integers((4,), -1, 2)
    assert x.shape == (2, 3)
    assert x.dtype == np.float64
    assert ((x >= -1.5) & (x <= 0.25)).all()
    assert k.shape == (4,)
    assert k.dtype == np.int64
    assert ((k >= -1) & (k <= 2)).all()
    assert source.integer(3, 3) == 3
    assert source.integer(-1, 1) in (-1, 0, 1)
    assert source.choice(("a", "b")) in ("a", "b")
    assert 1 <= source.size(3) <= 3
    assert isinstance(source.generator(), np.random.Generator)


def test_random_draws_reach_both_ends() -> None:
    source = RandomDraw(np.random.default_rng(0))
    assert set(source.integers((100,), 0, 2)) == {0, 1, 2}
    assert {source.integer(0, 2) for _ in range(50)} == {0, 1, 2}
    assert {source.choice("abc") for _ in range(50)} == {"a", "b", "c"}
    assert {source.size(2) for _ in range(50)} == {1, 2}


def test_generators_are_independent_of_each_other() -> None:
    source = RandomDraw(np.random.default_rng(0))
    assert source.generator().random() != source.generator().random()


@given(st.data())
def test_hypothesis_draws_lie_on_a_readable_grid_and_sizes_are_capped(data) -> None:
    source = HypothesisDraw(data.draw, st, hnp, largest=2)
    x = source.floats((3,), -0.7, 0.7)
    assert (x * 64 == np.round(x * 64)).all()
    assert source.size(9) in (1, 2)


@pytest.mark.parametrize("seed", [0, 1])
def test_random_draws_repeat(seed: int) -> None:
    first, second = (RandomDraw(np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first.floats((5,), 0.0, 1.0), second.floats((5,), 0.0, 1.0))
