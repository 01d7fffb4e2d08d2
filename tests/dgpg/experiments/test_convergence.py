"""Specifies the convergence criterion [DG-PG App. K]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refimpl.dgpg.experiments.convergence import (
    WITHIN,
    convergence_episode,
    convergence_on_checkpoints,
)

CURVES = hnp.arrays(float, st.integers(1, 30), elements=st.floats(-1e3, -1e-2))


@given(CURVES)
def test_it_is_the_first_episode_within_a_tenth_of_the_best(rewards: np.ndarray) -> None:
    found = convergence_episode(rewards)
    least = rewards.max() - WITHIN * abs(rewards.max())
    assert rewards[found - 1] >= least
    assert (rewards[: found - 1] < least).all()


@given(CURVES, st.floats(0.1, 10.0))
def test_it_does_not_depend_on_the_unit_of_the_reward(rewards: np.ndarray, unit: float) -> None:
    # Powers of two scale without rounding.
    exact = 2.0 ** round(np.log2(unit))
    assert convergence_episode(exact * rewards) == convergence_episode(rewards)


def test_worked_examples() -> None:
    assert convergence_episode(np.array([-50.0, -12.0, -11.0, -10.5, -10.0])) == 3
    assert convergence_episode(np.array([-1.0, -2.0])) == 1


def test_checkpoints_are_counted_in_episodes() -> None:
    rewards = np.full((6, 2), np.nan)
    rewards[1], rewards[3], rewards[5] = (-100, -90), (-10, -11), (-10, -10)
    assert convergence_on_checkpoints(rewards) == 4


@pytest.mark.parametrize("bad", [np.zeros(0), np.array([1.0, np.nan]), np.zeros((2, 2))])
def test_bad_rewards_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rewards must be a vector of finite numbers"):
        convergence_episode(bad)
