"""Advantages: the recursion is the sum it stands for, and the two ways to end are kept apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl.shared.gae import generalized_advantages, standardized, td_errors, unscaled
from tests.shared.strategies import Trajectory, trajectories

Floats = NDArray[np.float64]
EPS = float(np.finfo(float).eps)


def rounding(trajectory: Trajectory) -> float:
    """Bound on the rounding error of a sum of at most 6 steps, each of 3 numbers up to 10.

    At most 40 operations, on intermediate results no larger than the sum of all magnitudes.
    """
    total = sum(
        float(np.abs(a).sum())
        for a in (trajectory.rewards, trajectory.values, trajectory.next_values)
    )
    return 40 * EPS * (1 + total)


def double_loop(trajectory: Trajectory) -> Floats:
    """``A_t = sum_k (gamma lam)^k delta_{t+k}`` up to the end of the episode, written out."""
    n_steps, n_envs = trajectory.rewards.shape
    advantages = np.zeros((n_steps, n_envs))
    for e in range(n_envs):
        for t in range(n_steps):
            weight = 1.0
            for k in range(t, n_steps):
                going_on = 0.0 if trajectory.terminated[k, e] else 1.0
                delta = trajectory.rewards[k, e] - trajectory.values[k, e]
                delta += trajectory.gamma * going_on * trajectory.next_values[k, e]
                advantages[t, e] += weight * delta
                if trajectory.ended[k, e]:
                    break
                weight *= trajectory.gamma * trajectory.lam
    return advantages


def discounted_returns(trajectory: Trajectory) -> Floats:
    """Rewards to the end of the episode, and beyond it what the critic promises."""
    n_steps, n_envs = trajectory.rewards.shape
    returns = np.zeros((n_steps, n_envs))
    for e in range(n_envs):
        for t in range(n_steps):
            weight = 1.0
            for k in range(t, n_steps):
                returns[t, e] += weight * trajectory.rewards[k, e]
                weight *= trajectory.gamma
                if trajectory.ended[k, e] or k == n_steps - 1:
                    promised = 0.0 if trajectory.terminated[k, e] else trajectory.next_values[k, e]
                    returns[t, e] += weight * promised
                    break
    return returns


def consistent(trajectory: Trajectory) -> Trajectory:
    """Same, with the next value inside an episode equal to the value of the next row."""
    next_values = trajectory.next_values.copy()
    inside = ~trajectory.ended[:-1]
    next_values[:-1][inside] = trajectory.values[1:][inside]
    return Trajectory(
        trajectory.rewards,
        trajectory.values,
        next_values,
        trajectory.terminated,
        trajectory.ended,
        trajectory.gamma,
        trajectory.lam,
    )


@given(trajectories())
def test_recursion_is_the_explicit_sum(trajectory: Trajectory) -> None:
    advantages, returns = generalized_advantages(*trajectory.arguments())
    np.testing.assert_allclose(
        advantages, double_loop(trajectory), rtol=0, atol=rounding(trajectory)
    )
    assert np.array_equal(returns, advantages + trajectory.values)


@given(trajectories())
def test_lambda_zero_is_the_one_step_error(trajectory: Trajectory) -> None:
    advantages, _ = generalized_advantages(*trajectory.arguments()[:-1], 0.0)
    assert np.array_equal(advantages, td_errors(*trajectory.arguments()[:4], trajectory.gamma))


@given(trajectories())
def test_lambda_one_is_return_minus_value(trajectory: Trajectory) -> None:
    trajectory = consistent(trajectory)
    advantages, returns = generalized_advantages(*trajectory.arguments()[:-1], 1.0)
    expected = discounted_returns(trajectory)
    np.testing.assert_allclose(returns, expected, rtol=0, atol=rounding(trajectory))
    np.testing.assert_allclose(
        advantages, expected - trajectory.values, rtol=0, atol=rounding(trajectory)
    )


@given(trajectories(), st.floats(-5, 5))
def test_termination_ignores_the_next_value(trajectory: Trajectory, change: float) -> None:
    rewards, values, next_values, terminated, *rest = trajectory.arguments()
    other = next_values + change * terminated
    before, _ = generalized_advantages(rewards, values, next_values, terminated, *rest)
    after, _ = generalized_advantages(rewards, values, other, terminated, *rest)
    assert np.array_equal(before, after)


@given(trajectories(), st.floats(1, 5))
def test_truncation_bootstraps_from_the_next_value(trajectory: Trajectory, change: float) -> None:
    rewards, values, next_values, terminated, ended, gamma, lam = trajectory.arguments()
    truncated = ended & ~terminated
    before, _ = generalized_advantages(*trajectory.arguments())
    after, _ = generalized_advantages(
        rewards, values, next_values + change * truncated, terminated, ended, gamma, lam
    )
    np.testing.assert_allclose(
        (after - before)[truncated], gamma * change, rtol=0, atol=rounding(trajectory)
    )


@given(trajectories(), st.floats(1, 5))
def test_the_end_of_an_episode_cuts_the_sum(trajectory: Trajectory, change: float) -> None:
    rewards, values, next_values, terminated, ended, gamma, lam = trajectory.arguments()
    ended = ended.copy()
    cut = len(rewards) // 2
    ended[cut] = True
    later = np.arange(len(rewards))[:, None] > cut
    before, _ = generalized_advantages(rewards, values, next_values, terminated, ended, gamma, lam)
    after, _ = generalized_advantages(
        rewards + change * later,
        values - change * later,
        next_values * (1 + later),
        terminated,
        ended,
        gamma,
        lam,
    )
    assert np.array_equal(before[: cut + 1], after[: cut + 1])


@given(trajectories())
def test_further_axes_are_independent(trajectory: Trajectory) -> None:
    rewards, values, next_values, terminated, ended, gamma, lam = trajectory.arguments()
    agents = np.arange(1, 3)
    shape = (*rewards.shape, 2)
    wide, _ = generalized_advantages(
        rewards[..., None] * agents,
        values[..., None] * agents,
        next_values[..., None] * agents,
        np.broadcast_to(terminated[..., None], shape),
        np.broadcast_to(ended[..., None], shape),
        gamma,
        lam,
    )
    narrow, _ = generalized_advantages(*trajectory.arguments())
    # Doubling is exact in binary arithmetic.
    assert np.array_equal(wide, narrow[..., None] * agents)


@given(st.floats(0, 0.99), st.floats(0, 1), st.floats(-10, 10))
def test_a_critic_that_knows_the_value_is_never_surprised(
    gamma: float, lam: float, reward: float
) -> None:
    shape, value = (5, 2), reward / (1 - gamma)
    no = np.zeros(shape, dtype=bool)
    full = np.full(shape, value)
    advantages, _ = generalized_advantages(np.full(shape, reward), full, full, no, no, gamma, lam)
    # Each error is rounded to a few units in the last place of the value; 5 of them are summed.
    assert np.abs(advantages).max() <= 5 * 4 * EPS * (1 + abs(value))


def test_inputs_are_left_as_they_are_and_float32_stays_float32() -> None:
    rng = np.random.default_rng(0)
    columns = [rng.standard_normal((4, 2)).astype(np.float32) for _ in range(3)]
    copies = [column.copy() for column in columns]
    flags = np.zeros((4, 2), dtype=bool)
    advantages, returns = generalized_advantages(*columns, flags, flags, 0.9, 0.8)
    assert advantages.dtype == returns.dtype == np.float32
    assert all(np.array_equal(a, b) for a, b in zip(columns, copies, strict=True))


@given(trajectories())
def test_standardized_has_mean_zero_and_deviation_one(trajectory: Trajectory) -> None:
    spread = (
        trajectory.rewards
        + np.arange(trajectory.rewards.size).reshape(trajectory.rewards.shape) * 50
    )
    scaled = standardized(spread)
    assert abs(scaled.mean()) <= 100 * EPS
    # Off by the 1e-8 in the denominator, relative to a deviation above 1.
    assert spread.size == 1 or abs(scaled.std() - 1) <= 2e-8
    assert unscaled(spread) is spread


def test_standardized_of_equal_entries_is_zero() -> None:
    assert np.array_equal(standardized(np.full(3, 0.5)), np.zeros(3))


GOOD = (np.ones((2, 1)),) * 3 + (np.zeros((2, 1), dtype=bool),) * 2 + (0.9, 0.8)


@pytest.mark.parametrize(
    ("position", "bad", "message"),
    [
        (0, np.zeros((0, 1)), "rewards must not be empty"),
        (0, np.array([[1.0], [np.nan]]), "rewards must be finite; got nan"),
        (1, np.ones((2, 2)), r"values must have shape \(2, 1\); got \(2, 2\)"),
        (1, np.array([[np.inf], [1.0]]), "values must be finite; got inf"),
        (2, np.ones(2), r"next_values must have shape \(2, 1\)"),
        (3, np.zeros((2, 1)), "terminated must be boolean; got dtype float64"),
        (3, np.ones((2, 1), dtype=bool), "ended must be true wherever terminated is"),
        (4, np.zeros((1, 1), dtype=bool), r"ended must have shape \(2, 1\)"),
        (4, np.zeros((2, 1), dtype=int), "ended must be boolean"),
        (5, 1.5, r"gamma must be in \[0, 1\]; got 1.5"),
        (5, float("nan"), "gamma must be in"),
        (6, -0.1, r"lam must be in \[0, 1\]; got -0.1"),
    ],
)
def test_bad_input_is_named(position: int, bad: object, message: str) -> None:
    arguments = [*GOOD]
    arguments[position] = bad
    with pytest.raises(ValueError, match=message):
        generalized_advantages(*arguments)
