"""Views say what the games say, and the three ways to a view agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.categorical import probabilities
from refimpl.dgpg.theory.games import Game, logits_of, outcomes
from refimpl.dgpg.theory.small_learners.credits import (
    counterfactual,
    credit_moments,
    guidance,
    sequential,
)
from refimpl.dgpg.theory.small_learners.views import (
    Crowd,
    additive_crowd,
    balancing_crowd,
    game_view,
    sampled_view,
    two_server_view,
)
from tests.dgpg.theory.small_learners.strategies import Floats, games, policies


@given(games(), st.data())
def test_rows_are_what_the_agent_would_have_got(
    drawn: tuple[Game, Floats], data: st.DataObject
) -> None:
    """Each alternative reward and the reward without the job, one by one."""
    game, logits = drawn
    agent = data.draw(st.integers(0, game.n_agents - 1))
    seen, view = outcomes(game), game_view(game, logits, agent)
    np.testing.assert_allclose(view.reward, seen.rewards[:, 0])
    row = data.draw(st.integers(0, view.own.size - 1))
    actions = seen.actions[row, 0].copy()
    for k in range(game.n_servers):
        actions[agent] = k
        load = np.eye(game.n_servers)[actions].T @ game.demand
        assert view.by_action[row, k] == pytest.approx(float(game.reward(load)))
    without = np.eye(game.n_servers)[actions].T @ np.where(
        np.arange(game.n_agents)[:, None] == agent, 0.0, game.demand
    )
    assert view.absent[row] == pytest.approx(float(game.reward(without)))


@given(policies(2), policies(2), st.integers(1, 5))
def test_a_crowd_is_a_game_of_equal_agents(policy: Floats, updated: Floats, n: int) -> None:
    """Two-server crowds against enumeration: every moment of every credit, for the last agent."""
    crowd = balancing_crowd(n, policy, updated)
    game = Game(np.ones((n, 1)), np.ones((2, 1)), lambda x: -0.5 * ((x - n / 2) ** 2).sum((-2, -1)))
    logits, moved = (np.tile(logits_of([p[0]]), (n, 1)) for p in (policy, updated))
    for credit in (counterfactual, guidance, sequential):
        found = credit_moments(two_server_view(crowd), credit)
        expected = credit_moments(game_view(game, logits, n - 1, moved), credit)
        np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-9, atol=1e-12)
        assert found.variance == pytest.approx(expected.variance, rel=1e-9, abs=1e-12)
        assert found.cross_agent == pytest.approx(expected.cross_agent, rel=1e-9, abs=1e-12)


@given(policies(2), st.integers(1, 300))
def test_weights_are_a_law(policy: Floats, n: int) -> None:
    view = two_server_view(balancing_crowd(n, policy))
    assert view.weight.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(view.scores.T @ view.weight, 0.0, atol=1e-12)


def test_samples_have_the_exact_moments() -> None:
    """Mean of the credit over 20000 samples against the exact one, z below 4."""
    crowd = balancing_crowd(6, np.array([0.3, 0.7]), np.array([0.4, 0.6]))
    exact, drawn = two_server_view(crowd), sampled_view(crowd, 20_000, np.random.default_rng(0))
    for read in (lambda v: v.reward, lambda v: v.importance, lambda v: v.guidance, lambda v: v.own):
        mean = float(exact.weight @ read(exact))
        error = read(drawn).std() / 20_000**0.5
        assert abs(read(drawn).mean() - mean) < 4 * error


@given(games())
def test_importance_reweights_to_the_updated_agents(drawn: tuple[Game, Floats]) -> None:
    """Weights times importance are the law when the earlier agents have moved."""
    game, logits = drawn
    updated = logits + np.linspace(-0.5, 0.5, logits.size).reshape(logits.shape)
    last = game.n_agents - 1
    view = game_view(game, logits, last, updated)
    actions = outcomes(game).actions[:, 0]
    moved = probabilities(np.where(np.arange(game.n_agents)[:, None] < last, updated, logits))
    expected = moved[np.arange(game.n_agents), actions].prod(axis=1)
    np.testing.assert_allclose(view.weight * view.importance, expected)


def test_additive_rewards_add() -> None:
    view = two_server_view(additive_crowd(3, np.array([0.5, 0.5]), np.array([2.0, 5.0])))
    np.testing.assert_allclose(view.by_action[:, 1] - view.by_action[:, 0], 3.0)
    np.testing.assert_allclose(view.by_action[:, 0] - view.absent, 2.0)


def test_bad_games_and_crowds_are_refused() -> None:
    game = Game(np.ones((1, 1)), np.ones((2, 1)), lambda x: x.sum((-2, -1)))
    with pytest.raises(ValueError, match="game must have one step; got n_steps 2"):
        game_view(replace(game, n_steps=2), np.zeros((1, 2)), 0)
    half = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="n_agents must be >= 1; got 0"):
        balancing_crowd(0, half)
    with pytest.raises(ValueError, match=r"updated must have shape \(2,\); got \(3,\)"):
        Crowd(1, half, np.negative, half, np.ones(3))
    with pytest.raises(ValueError, match="policy must have two servers; got 3"):
        two_server_view(balancing_crowd(2, np.full(3, 1 / 3)))
