from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.objective.guidance import (
    AFTER_LOAD,
    BEFORE_LOAD,
    CORRECTED_LOAD,
    CORRECTED_UTILIZATION,
)
from refimpl.dgpg.objective.reference import deviation
from refimpl.dgpg.theory.counterexamples import ce_2
from refimpl.dgpg.theory.estimators import (
    augmented_direction,
    coefficients,
    direction_samples,
    discounted_weights,
    equal_weights,
    estimator_moments,
    guidance_gradient,
    guidance_samples,
    joint_moments,
    mean,
    return_samples,
    returns_to_go,
)
from refimpl.dgpg.theory.games import emptied, gradient, gradients, law, logits_of, outcomes
from tests.dgpg.theory.strategies import games


@given(games())
def test_return_samples_have_the_gradient_of_J_as_mean_with_and_without_baseline(drawn) -> None:
    game, logits = drawn
    exact = gradients(game, logits)[0]
    for baseline in (0.0, 3.0):
        samples = return_samples(game, logits, baseline=baseline)
        np.testing.assert_allclose(mean(game, logits, samples), exact, atol=1e-12)


def test_without_the_discount_factor_the_second_step_counts_too_much() -> None:
    np.testing.assert_array_equal(equal_weights(0.5, 3), [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(discounted_weights(0.5, 3), [1.0, 0.5, 0.25])


def test_returns_to_go() -> None:
    rewards = np.array([[1.0, 2.0, 4.0]])
    np.testing.assert_allclose(returns_to_go(rewards, 0.5), [[1 + 1 + 1, 2 + 2, 4]])


@given(games(max_steps=1))
def test_after_the_action_and_corrected_are_unbiased_in_one_step(drawn) -> None:
    game, logits = drawn
    exact = gradients(game, logits)[1]
    for reading in (AFTER_LOAD, CORRECTED_LOAD):
        found = guidance_gradient(game, logits, reading)
        np.testing.assert_allclose(found, exact, atol=1e-12)


@given(games())
def test_over_two_steps_they_are_if_no_load_persists(drawn) -> None:
    game, logits = replace(drawn[0], carry=emptied), drawn[1]
    exact = gradients(game, logits)[1]
    np.testing.assert_allclose(guidance_gradient(game, logits), exact, atol=1e-12)


@given(games(max_steps=1))
def test_the_corrected_coefficient_is_unbiased_in_utilisations_too(drawn) -> None:
    game, logits = drawn
    seen = outcomes(game)
    excess = (seen.after - game.target(seen.after)) / game.capacity
    exact = gradient(logits, seen.actions, 0.5 * (excess**2).sum(axis=(1, 2, 3)))
    found = guidance_gradient(game, logits, CORRECTED_UTILIZATION)
    np.testing.assert_allclose(found, exact, atol=1e-11)


@given(games(max_steps=1))
def test_the_corrected_coefficient_is_the_difference_reward_of_minus_d(drawn) -> None:
    """-d with the job, less -d without it, the reference held: minus the coefficient."""
    game, _ = drawn
    seen = outcomes(game)
    found = coefficients(game, seen, CORRECTED_LOAD)
    reference = game.target(seen.after)
    for agent in range(game.n_agents):
        without = seen.after.copy()
        for p, server in enumerate(seen.actions[:, 0, agent]):
            without[p, 0, server] -= game.demand[agent]
        difference_reward = -seen.deviations + deviation(without, reference)
        np.testing.assert_allclose(-found[:, :, agent], difference_reward, atol=1e-12)


def test_before_the_action_the_empty_cluster_says_nothing() -> None:
    """Two unit jobs, p = q = 3/4: 0 where the gradient is 3/32."""
    game, logits = ce_2(), logits_of([0.75, 0.75])
    assert not guidance_gradient(game, logits, BEFORE_LOAD).any()
    assert gradients(game, logits)[1][0, 0] == pytest.approx(3 / 32)


@given(games(max_steps=1))
def test_the_mixed_sample_has_the_augmented_direction_as_mean(drawn) -> None:
    game, logits = drawn
    samples = direction_samples(return_samples(game, logits), guidance_samples(game, logits), 0.3)
    wanted = augmented_direction(*gradients(game, logits), 0.3)
    np.testing.assert_allclose(mean(game, logits, samples), wanted, atol=1e-12)


def test_moments_of_two_numbers() -> None:
    p, x, y = np.array([0.5, 0.25, 0.25]), np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, -1.0])
    found = joint_moments(p, x, y)
    assert (found.mean_return, found.mean_guidance) == (2.0, 0.0)
    assert (found.var_return, found.var_guidance) == (1.5, 0.5)
    assert found.covariance == pytest.approx(-0.5)
    assert found.correlation == pytest.approx(-0.5 / 0.75**0.5)
    assert found.relative_variances == (1.5 / 4.0, math.inf)


def test_a_constant_in_the_reward_turns_the_correlation_round() -> None:
    """CE-2 at (0.6, 0.3): -0.965, and +0.557 when every profile pays 5 more."""
    game, logits = ce_2(), logits_of([0.6, 0.3])
    more = replace(game, reward=lambda load: game.reward(load) + 5.0)
    assert estimator_moments(game, logits).correlation == pytest.approx(-0.96462, abs=1e-5)
    assert estimator_moments(more, logits).correlation == pytest.approx(0.55695, abs=1e-5)
    # A baseline of 5 takes the constant out again.
    baseline = estimator_moments(more, logits, baseline=5.0)
    assert baseline.correlation == pytest.approx(-0.96462, abs=1e-5)
    assert law(logits, outcomes(game).actions).sum() == pytest.approx(1.0)
