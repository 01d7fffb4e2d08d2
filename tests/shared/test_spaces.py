"""Spaces: samples are elements, and membership looks at value, shape and type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.shared.spaces import Box, Discrete, MultiDiscrete, Space, box
from refimpl.shared.statistics import binomial_z_score

seeds = st.integers(0, 2**32 - 1)
counts = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
spaces = st.one_of(
    st.builds(Discrete, st.integers(1, 9)),
    st.builds(MultiDiscrete, counts),
    st.builds(
        lambda low, width, shape, dtype: box(low, low + width, shape, dtype),
        st.floats(-10, 10),
        st.floats(0, 5),
        st.sampled_from([(), (3,), (2, 2)]),
        st.sampled_from([np.float32, np.float64]),
    ),
)


@given(spaces, seeds)
def test_samples_are_elements(space: Space, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert all(space.contains(space.sample(rng)) for _ in range(10))


@pytest.mark.parametrize(
    ("space", "draws"),
    [
        (Discrete(4), lambda xs: np.array(xs)),
        (MultiDiscrete((2, 4)), lambda xs: np.array(xs)[:, 1]),
        (box(0, 4, (1,)), lambda xs: np.floor(np.array(xs)[:, 0])),
    ],
)
def test_samples_are_uniform(space: Space, draws: Any) -> None:
    rng = np.random.default_rng(0)
    values = draws([space.sample(rng) for _ in range(2000)])
    for quarter in range(4):
        assert abs(binomial_z_score(int((values == quarter).sum()), 2000, 0.25)) < 4


SQUARE = box([0.0, -1.0], 1.0, (2,))


@pytest.mark.parametrize(
    ("space", "element", "inside"),
    [
        (Discrete(3), 2, True),
        (Discrete(3), np.int32(0), True),
        (Discrete(3), 3, False),
        (Discrete(3), -1, False),
        (Discrete(3), 1.0, False),
        (Discrete(3), True, False),
        (Discrete(3), np.array([1]), False),
        (Discrete(3), "1", False),
        (MultiDiscrete((2, 3)), np.array([1, 2]), True),
        (MultiDiscrete((2, 3)), np.array([2, 0]), False),
        (MultiDiscrete((2, 3)), np.array([0, -1]), False),
        (MultiDiscrete((2, 3)), np.array([0]), False),
        (MultiDiscrete((2, 3)), np.array([0.0, 0.0]), False),
        (MultiDiscrete((2, 3)), [0, 0], False),
        (SQUARE, np.array([0.0, 1.0]), True),
        (SQUARE, np.array([1.0, -1.0]), True),
        (SQUARE, np.array([-0.1, 0.0]), False),
        (SQUARE, np.array([0.0, 1.1]), False),
        (SQUARE, np.array([np.nan, 0.0]), False),
        (SQUARE, np.zeros(2, dtype=np.float32), False),
        (SQUARE, np.zeros((1, 2)), False),
        (SQUARE, 0.5, False),
    ],
)
def test_membership(space: Space, element: Any, inside: bool) -> None:
    assert space.contains(element) is inside


def test_bounds_are_broadcast_and_copied() -> None:
    low = np.zeros(2)
    made = box(low, 1, (3, 2), np.float32)
    low[0] = 5
    assert made.low.shape == made.high.shape == (3, 2)
    assert made.low.dtype == np.float32
    assert not made.low.any()
    assert isinstance(made, Box)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Discrete(0), "n must be a positive integer; got 0"),
        (lambda: Discrete(1.5), "n must be a positive integer; got 1.5"),
        (lambda: MultiDiscrete(()), "counts must hold at least one entry"),
        (lambda: MultiDiscrete((2, 0)), r"counts\[1\] must be a positive integer; got 0"),
        (lambda: box(0, np.inf, (1,)), "high must be finite; got inf"),
        (lambda: box(np.nan, 1, (1,)), "low must be finite; got nan"),
        (lambda: box(0, [1, -1], (2,)), r"at index \(1,\) 0.0 > -1.0"),
        (lambda: box([0, 0, 0], 1, (2,)), r"low must broadcast to shape \(2,\); got shape \(3,\)"),
        (lambda: box(0, 1, (1,), np.int64), "dtype must be a floating type; got int64"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
