"""All unbiased credits have one mean; what they differ in is noise."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.theory.games import Game, gradients
from refimpl.dgpg.theory.small_learners.credits import (
    counterfactual,
    credit_moments,
    difference_reward,
    guidance,
    mixture,
    raw_return,
    sequential,
    shaped_return,
    shared_return,
)
from refimpl.dgpg.theory.small_learners.views import balancing_crowd, game_view, two_server_view
from tests.dgpg.theory.small_learners.strategies import Floats, games, policies

UNBIASED = (
    raw_return,
    shared_return,
    partial(shaped_return, potential=3.0),
    difference_reward,
    counterfactual,
)


@given(games(), st.sampled_from(UNBIASED))
def test_means_are_the_gradient(drawn: tuple[Game, Floats], credit) -> None:
    """Rewards are some dozens, so rounding leaves 1e-11."""
    game, logits = drawn
    expected, _ = gradients(game, logits)
    for agent in range(game.n_agents):
        found = credit_moments(game_view(game, logits, agent), credit).mean
        np.testing.assert_allclose(found, expected[agent], atol=1e-10)


@given(games())
def test_the_counterfactual_credit_is_nothing_on_average(drawn: tuple[Game, Floats]) -> None:
    """Whatever the others do, it is measured from the agent's own mean."""
    game, logits = drawn
    view = game_view(game, logits, game.n_agents - 1)
    credit = counterfactual(view).reshape(-1, game.n_servers)
    np.testing.assert_allclose(credit @ view.policy, 0.0, atol=1e-10)


@given(games())
def test_sequential_mean_is_the_gradient_after_the_earlier_updates(
    drawn: tuple[Game, Floats],
) -> None:
    game, logits = drawn
    updated = logits + np.linspace(0.4, -0.3, logits.size).reshape(logits.shape)
    for agent in range(game.n_agents):
        mixed = np.where(np.arange(game.n_agents)[:, None] < agent, updated, logits)
        expected, _ = gradients(game, mixed)
        found = credit_moments(game_view(game, logits, agent, updated), sequential).mean
        np.testing.assert_allclose(found, expected[agent], atol=1e-10)


@given(games())
def test_the_first_agent_of_a_sequence_has_the_shared_return(drawn: tuple[Game, Floats]) -> None:
    game, logits = drawn
    view = game_view(game, logits, 0, logits + 1.0)
    np.testing.assert_array_equal(sequential(view), shared_return(view))


@given(policies(2), st.integers(1, 40))
def test_guidance_is_the_difference_reward_of_minus_the_deviation(policy: Floats, n: int) -> None:
    """Up to half the squared influence, 1/2 for unit jobs."""
    view = two_server_view(balancing_crowd(n, policy))
    size = float(np.abs(view.absent).max()) + 1.0
    np.testing.assert_allclose(guidance(view) + 0.5, difference_reward(view), atol=1e-12 * size)


@given(st.integers(1, 60))
def test_counterfactual_and_guidance_have_the_same_cross_agent_noise(n: int) -> None:
    """Even policies: what COMA subtracts beyond the difference reward is not noise of others."""
    view = two_server_view(balancing_crowd(n, np.array([0.5, 0.5])))
    noise = [credit_moments(view, credit).cross_agent for credit in (counterfactual, guidance)]
    assert noise[0] == pytest.approx(noise[1], rel=1e-9, abs=1e-12)


@given(games(), st.floats(0.0, 1.0))
def test_mixture_is_affine(drawn: tuple[Game, Floats], alpha: float) -> None:
    game, logits = drawn
    view = game_view(game, logits, 0)
    expected = (1 - alpha) * shared_return(view) - alpha * view.guidance
    np.testing.assert_allclose(mixture(view, alpha), expected)


@given(games(), st.sampled_from(UNBIASED))
def test_total_variance_splits(drawn: tuple[Game, Floats], credit) -> None:
    """Variance = noise of the others + variance of the mean given the own action."""
    game, logits = drawn
    view = game_view(game, logits, 0)
    found, values = credit_moments(view, credit), credit(view)
    own = 0.0
    for k in range(game.n_servers):
        at = view.own == k
        mass = view.weight[at].sum()
        expected = (view.weight[at] @ values[at]) / mass * (np.eye(game.n_servers)[k] - view.policy)
        own += mass * float(((expected - found.mean) ** 2).sum())
    assert found.variance == pytest.approx(found.cross_agent + own, rel=1e-9, abs=1e-9)


def test_closed_forms_on_two_servers() -> None:
    """Uniform policy, both logits: shared (n^2 - n) / 16, guidance n / 8, counterfactual less."""
    for n in (4, 16, 64):
        view = two_server_view(balancing_crowd(n, np.array([0.5, 0.5])))
        assert credit_moments(view, shared_return).variance == pytest.approx((n * n - n) / 16)
        assert credit_moments(view, guidance).variance == pytest.approx(n / 8)
        assert credit_moments(view, counterfactual).variance == pytest.approx((n - 1) / 8)
