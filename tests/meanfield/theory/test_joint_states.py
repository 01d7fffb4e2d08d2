from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.theory.joint_states import (
    TooLargeError,
    check_size,
    joint_states,
    state_index,
)


@given(st.integers(1, 4), st.integers(1, 4))
def test_each_joint_state_stands_once_at_its_index(n: int, buffer: int) -> None:
    states = joint_states(n, buffer)
    assert states.shape == ((buffer + 1) ** n, n)
    assert len(np.unique(states, axis=0)) == len(states)
    np.testing.assert_array_equal(state_index(states, buffer), np.arange(len(states)))
    assert not states[0].any()


def test_too_many_states_are_refused_with_the_size_needed() -> None:
    with pytest.raises(TooLargeError, match=r"101 queues .* 3\.92e\+78 states .* bytes"):
        joint_states(101, 5)
    with pytest.raises(ValueError, match="states and needs about"):
        joint_states(5000, 5)


def test_the_limit_counts_bytes_of_all_products() -> None:
    check_size(3, 1, limit=1024)
    # 8 states, halves of 4: 16 * 8 * 4 = 512 bytes and four times that
    with pytest.raises(TooLargeError, match=r"8\.00e\+00 states and needs about 2\.05e\+03 bytes"):
        check_size(3, 1, branches=4.0, limit=1024)


@pytest.mark.parametrize("sizes", [(0, 5), (3, 0), (2.5, 5)])
def test_sizes_must_be_counts(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="must be an integer >= 1"):
        check_size(*sizes)
