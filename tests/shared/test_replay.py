"""Replay: keeps exactly the newest transitions and draws them uniformly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.shared.replay import Transitions, add, draw, replay
from refimpl.shared.statistics import binomial_z_score


def numbered(start: int, n: int) -> Transitions:
    """Transitions whose columns all tell their number."""
    index = np.arange(start, start + n)
    return Transitions(
        np.stack([index, index], axis=1).astype(float),
        index,
        index.astype(float),
        np.stack([index + 1, index + 1], axis=1).astype(float),
        index % 2 == 0,
    )


@given(st.integers(1, 8), st.lists(st.integers(0, 8), max_size=8), st.integers(0, 2**32 - 1))
def test_the_newest_are_kept_and_rows_stay_together(
    capacity: int, sizes: list[int], seed: int
) -> None:
    memory, total = replay(numbered(0, 1), capacity), 0
    for size in sizes:
        size = min(size, capacity)
        memory = add(memory, numbered(total, size))
        total += size
    kept = range(max(0, total - capacity), total)
    assert memory.size == len(kept)
    assert memory.capacity == capacity
    assert sorted(memory.memory.actions[: memory.size]) == list(kept)
    if not kept:
        return
    drawn = draw(memory, 20, np.random.default_rng(seed))
    assert len(drawn) == 20
    assert set(drawn.actions) <= set(kept)
    assert np.array_equal(drawn.observations[:, 0], drawn.actions)
    assert np.array_equal(drawn.costs, drawn.actions)
    assert np.array_equal(drawn.next_observations[:, 1], drawn.actions + 1)
    assert np.array_equal(drawn.terminated, drawn.actions % 2 == 0)


@pytest.mark.parametrize("filled", [3, 8])
def test_draws_are_uniform_over_what_is_stored(filled: int) -> None:
    memory = add(replay(numbered(0, 1), 5), numbered(0, min(filled, 5)))
    memory = add(memory, numbered(5, filled - len(memory.memory))) if filled > 5 else memory
    drawn = draw(memory, 5000, np.random.default_rng(0)).actions
    kept = range(max(0, filled - 5), filled)
    for number in kept:
        count = int((drawn == number).sum())
        assert abs(binomial_z_score(count, 5000, 1 / len(kept))) < 4


def test_dtypes_are_those_of_the_example() -> None:
    like = replace(numbered(0, 1), observations=np.zeros((1, 2, 3), dtype=np.float32))
    memory = replay(like, 4).memory
    assert memory.observations.dtype == np.float32
    assert memory.observations.shape == (4, 2, 3)
    assert memory.terminated.dtype == np.bool_


FULL = add(replay(numbered(0, 1), 3), numbered(0, 2))
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: replay(numbered(0, 1), 0), "capacity must be at least 1; got 0"),
        (lambda: draw(replay(numbered(0, 1), 3), 1, RNG), "memory must hold at least one"),
        (lambda: draw(FULL, 0, RNG), "n must be at least 1; got 0"),
        (lambda: add(FULL, numbered(0, 4)), "new must fit the capacity 3; got 4 rows"),
        (
            lambda: add(FULL, replace(numbered(0, 1), actions=np.zeros(2, dtype=int))),
            r"new.actions must have shape \(1,\); got \(2,\)",
        ),
        (
            lambda: add(FULL, replace(numbered(0, 1), observations=np.zeros((1, 3)))),
            r"new.observations must have shape \(1, 2\); got \(1, 3\)",
        ),
        (
            lambda: add(FULL, replace(numbered(0, 1), costs=np.full(1, np.nan))),
            "new.costs must be finite; got nan in row 0",
        ),
    ],
)
def test_bad_input_is_named_and_changes_nothing(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
    assert FULL.memory.actions.tolist() == [0, 1, 0]
