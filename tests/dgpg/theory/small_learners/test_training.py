"""Training ascends what its credit says, and starts from what it is given."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.theory.games import gradients, outcomes, performance
from refimpl.dgpg.theory.small_learners.credits import guidance, sequential, shared_return
from refimpl.dgpg.theory.small_learners.training import (
    best_performance,
    energy_game,
    exact,
    sampled,
    train,
)
from refimpl.dgpg.theory.small_learners.views import game_view

START = np.random.default_rng(0).normal(scale=0.1, size=(4, 3))


def test_one_exact_step_is_a_gradient_step() -> None:
    game = energy_game()
    run = train(game, START, exact(shared_return), 0.5, 1)
    np.testing.assert_allclose(run.logits, START + 0.5 * gradients(game, START)[0], atol=1e-12)
    values = [float(performance(game, logits)) for logits in (START, run.logits)]
    np.testing.assert_allclose(run.performance, values)


def test_sequential_steps_follow_each_other() -> None:
    """The second agent's gradient is taken where the first has moved."""
    game = energy_game()
    run = train(game, START, exact(sequential), 0.5, 1)
    logits = START.copy()
    for agent in range(4):
        logits[agent] += 0.5 * gradients(game, logits)[0][agent]
    np.testing.assert_allclose(run.logits, logits, atol=1e-12)


def test_guidance_descends_the_deviation() -> None:
    """Unit jobs: the coefficient is unbiased, so its mean is minus the gradient of G."""
    game = energy_game()
    run = train(game, START, exact(guidance), 0.5, 1)
    np.testing.assert_allclose(run.logits, START - 0.5 * gradients(game, START)[1], atol=1e-12)


def test_exact_ascent_reaches_the_best_placement() -> None:
    game = energy_game()
    run = train(game, START, exact(shared_return), 1.0, 300)
    assert (np.diff(run.performance) >= 0).all()
    assert best_performance(game) - run.performance[-1] < 0.02


def test_best_placement_by_hand() -> None:
    """Two jobs on each of the two efficient servers."""
    assert best_performance(energy_game()) == pytest.approx(-2 / 1.08 - 2 / 0.95)
    assert len(outcomes(energy_game()).rewards) == 81


def test_samples_have_the_exact_direction_as_their_mean() -> None:
    """400 draws of 32 samples, each coordinate within 4 standard errors."""
    game, rng = energy_game(), np.random.default_rng(0)
    direction = sampled(shared_return, 32, rng)
    view = game_view(game, START, 1)
    drawn = np.array([direction(view) for _ in range(400)])
    error = drawn.std(axis=0) / 400**0.5
    wanted = exact(shared_return)(view)
    assert (np.abs(drawn.mean(axis=0) - wanted) < 4 * error).all()


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rate and steps must be > 0; got 0.0 and 3"):
        train(energy_game(), START, exact(guidance), 0.0, 3)
