"""Baselines: sums ahead, means over a shared path, and advantages of whole episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.train.baselines import (
    critic_values,
    episode_advantages,
    returns_ahead,
    shared_path_values,
)

seeds, unit = st.integers(0, 2**32 - 1), st.floats(0, 1)


@given(seeds, unit)
def test_returns_are_discounted_sums(seed: int, gamma: float) -> None:
    rewards = np.random.default_rng(seed).standard_normal((5, 3))
    ahead = returns_ahead(rewards, gamma)
    for t in range(5):
        weights = gamma ** np.arange(5 - t)
        np.testing.assert_allclose(ahead[t], weights @ rewards[t:], rtol=1e-12, atol=1e-13)


@given(seeds, unit)
def test_a_shared_path_is_compared_with_itself(seed: int, gamma: float) -> None:
    """What the path does to all its episodes alike leaves no trace in the advantages."""
    rng = np.random.default_rng(seed)
    rewards, path = rng.standard_normal((4, 6)), rng.standard_normal((4, 2))
    zero = np.zeros_like(rewards)
    shifted = rewards + np.repeat(path, 3, axis=1)
    for lam in (0.0, 0.7, 1.0):
        both = [
            episode_advantages(r, shared_path_values(r, zero, gamma, 3), gamma, lam)[0]
            for r in (rewards, shifted)
        ]
        np.testing.assert_allclose(both[0], both[1], rtol=0, atol=1e-12)


@given(seeds, unit)
def test_full_advantages_are_returns_minus_values(seed: int, gamma: float) -> None:
    rewards, values = np.random.default_rng(seed).standard_normal((2, 4, 6))
    advantages, returns = episode_advantages(rewards, values, gamma, 1.0)
    ahead = returns_ahead(rewards, gamma)
    np.testing.assert_allclose(advantages, ahead - values, atol=1e-12)
    np.testing.assert_allclose(returns, ahead, atol=1e-12)


def test_values_of_a_group_are_their_mean_return() -> None:
    rewards = np.array([[1.0, 3.0, 10.0, 20.0], [2.0, 2.0, 0.0, 4.0]])
    values = shared_path_values(rewards, np.zeros_like(rewards), 0.5, 2)
    np.testing.assert_allclose(values, [[3.0, 3.0, 16.0, 16.0], [2.0, 2.0, 2.0, 2.0]])


def test_the_critic_is_taken_at_its_word() -> None:
    values = np.arange(6.0).reshape(2, 3)
    assert critic_values(np.ones((2, 3)), values, 0.9, 1) is values


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: shared_path_values(np.ones((2, 3)), np.ones((2, 3)), 0.9, 1),
            "group must be at least 2 for a shared path; got 1",
        ),
        (lambda: returns_ahead(np.ones((2, 3)), 1.5), r"gamma must be in \[0, 1\]; got 1.5"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
