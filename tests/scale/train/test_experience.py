"""States as vectors, rollouts as transitions, memories as arrays."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from refimpl.scale.train.experience import (
    empty_memory,
    memory_arrays,
    parts,
    restored_memory,
    transitions,
    vectors,
)
from refimpl.scale.train.masks import truncated
from refimpl.shared.replay import Transitions, add, draw
from tests.scale.train.strategies import DQN, N, states
from tests.scale.train.test_rollouts import gathered


def test_vectors_and_back() -> None:
    task, servers = states(np.random.default_rng(0), 4)
    flat = vectors(task, servers)
    assert flat.shape == (4, 5 + 5 * N)
    np.testing.assert_array_equal(flat[1, 5:10], servers[1, 0])
    for found, expected in zip(parts(flat), (task, servers), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_transitions_are_the_steps_in_order() -> None:
    _, rollout = gathered(steps=12)
    found = transitions(DQN, rollout)
    task, servers = rollout.following()
    row = 0
    for t in range(12):
        for e in range(3):
            before, after = parts(found.observations[[row]]), parts(found.next_observations[[row]])
            np.testing.assert_array_equal(before[0][0], rollout.task[t, e])
            np.testing.assert_array_equal(before[1][0], rollout.servers[t, e])
            np.testing.assert_array_equal(after[0][0], task[t, e])
            np.testing.assert_array_equal(after[1][0], servers[t, e])
            assert found.actions[row] == rollout.actions[t, e]
            assert found.costs[row] == np.float32(-rollout.rewards[t, e])
            assert found.terminated[row] == rollout.ended[t, e]
            row += 1
    assert row == len(found)
    assert found.terminated.any()
    assert not transitions(replace(DQN, horizon=truncated), rollout).terminated.any()


@pytest.mark.parametrize("steps", [12, 40, 70])
def test_a_memory_comes_back_from_its_arrays(steps) -> None:
    """Empty, partly filled, or full and written over."""
    memory = empty_memory(DQN, N)
    assert memory.size == 0
    assert len(restored_memory(DQN, memory_arrays(memory)).memory) == memory.capacity
    for seed in range(2):
        new = transitions(DQN, gathered(seed, environments=1, steps=steps)[1])
        memory = add(memory, new)
    back = restored_memory(DQN, memory_arrays(memory))
    assert (back.size, back.cursor, back.capacity) == (memory.size, memory.cursor, memory.capacity)
    one, two = (draw(each, 30, np.random.default_rng(1)) for each in (memory, back))
    for field in fields(Transitions):
        column = getattr(two, field.name)
        np.testing.assert_array_equal(getattr(one, field.name), column)
        assert column.dtype == getattr(one, field.name).dtype
