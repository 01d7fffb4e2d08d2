from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.theory.games import Game, law, outcomes, scores
from refimpl.dgpg.theory.variance import conditional_moments, main_effects, total_variance
from tests.dgpg.theory.strategies import games


def parts(game, logits):
    seen = outcomes(game)
    p, actions = law(logits, seen.actions), seen.actions[:, 0]
    return p, actions, scores(logits, seen.actions)[:, 0, 0, 0], seen.rewards[:, 0]


@given(games(max_steps=1))
def test_own_and_others_add_up_to_the_variance(drawn) -> None:
    p, actions, score, reward = parts(*drawn)
    sample = score * reward
    variance = p @ sample**2 - (p @ sample) ** 2
    own, others = total_variance(p, actions[:, 0], score, reward)
    assert own >= 0
    assert others >= 0
    assert own + others == pytest.approx(variance, rel=1e-10, abs=1e-13)


@given(games(max_steps=1))
def test_agents_one_by_one_never_add_up_to_more_than_all_others(drawn) -> None:
    p, actions, score, reward = parts(*drawn)
    alone = main_effects(p, actions, score, reward)
    assert len(alone) == actions.shape[1] - 1
    others = total_variance(p, actions[:, 0], score, reward)[1]
    assert alone.sum() <= others * (1 + 1e-10) + 1e-14


def test_they_add_up_where_the_return_is_additive_and_not_where_agents_interact() -> None:
    """Three fair coins: their sum, 1/2 per other agent; the product of all, no main effect."""
    logits = np.zeros((3, 2))
    additive = Game(np.ones((3, 1)), np.ones((2, 1)), lambda x: x[..., 0, 0] - x[..., 1, 0])
    p, actions, score, reward = parts(additive, logits)
    np.testing.assert_allclose(main_effects(p, actions, score, reward), [0.25, 0.25])
    assert total_variance(p, actions[:, 0], score, reward) == pytest.approx((0.0, 0.5))
    product = (1.0 - 2.0 * actions).prod(axis=1)
    np.testing.assert_allclose(main_effects(p, actions, score, product), 0.0, atol=1e-15)
    assert total_variance(p, actions[:, 0], score, product)[1] == pytest.approx(0.25)


def test_conditional_moments() -> None:
    p, own = np.array([0.1, 0.3, 0.6]), np.array([0, 0, 1])
    mass, mean, variance = conditional_moments(p, own, np.array([4.0, 8.0, 5.0]))
    np.testing.assert_allclose(mass, [0.4, 0.6])
    np.testing.assert_allclose(mean, [7.0, 5.0])
    np.testing.assert_allclose(variance, [3.0, 0.0])
