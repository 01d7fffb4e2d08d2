"""Shaping by a potential changes discounted sums by the first potential only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.train.shaping import minus_deviation, minus_imbalance, no_potential, shaped
from tests.dgpg.train.strategies import rngs


@given(rngs, st.integers(1, 6), st.integers(1, 3), st.floats(0, 1))
def test_discounted_sums_differ_by_the_first_potential(rng, steps, rollouts, gamma) -> None:
    rewards, potentials = rng.standard_normal((2, steps, rollouts))
    discounts = gamma ** np.arange(steps)
    before = discounts @ rewards
    after = discounts @ shaped(rewards, potentials, gamma)
    np.testing.assert_allclose(after, before - potentials[0], atol=1e-12)


@given(rngs)
def test_no_potential_leaves_rewards_as_they_are(rng) -> None:
    rewards = rng.standard_normal((4, 3))
    load = rng.random((3, 2, 2))
    potentials = np.stack([no_potential(load, load)] * 4)
    np.testing.assert_array_equal(shaped(rewards, potentials, 0.9), rewards)


@pytest.mark.parametrize("potential", [minus_imbalance, minus_deviation])
def test_potentials_are_highest_where_the_load_is_balanced(potential) -> None:
    capacity = np.array([[[1.0, 2.0], [3.0, 2.0]]])
    balanced, skewed = 0.5 * capacity, np.array([[[2.0, 2.0], [0.0, 0.0]]])
    assert potential(balanced, capacity).shape == (1,)
    assert potential(balanced, capacity)[0] > potential(skewed, capacity)[0]


def test_the_deviation_is_zero_at_balance_and_known_elsewhere() -> None:
    capacity = np.ones((1, 2, 1))
    assert minus_deviation(np.array([[[1.0], [1.0]]]), capacity) == 0
    assert minus_deviation(np.array([[[2.0], [0.0]]]), capacity) == -1
    assert minus_imbalance(np.array([[[2.0], [0.0]]]), capacity) == -2
