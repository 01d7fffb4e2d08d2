"""Shaping over two steps: the mean stays, and an oracle that lists every action agrees."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.theory.small_learners.shaping import (
    TwoSteps,
    best_potential,
    deviation_potential,
    mean_potential,
    no_shaping,
    step_moments,
    value_potential,
)

two_steps = st.builds(
    TwoSteps,
    st.integers(1, 30),
    st.floats(0.1, 0.9),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)


@given(two_steps)
def test_the_mean_does_not_move(game: TwoSteps) -> None:
    """Returns are at most n^2, so rounding leaves 1e-11 n^2."""
    plain = step_moments(game, no_shaping)
    for potential in (deviation_potential, mean_potential(game), value_potential(game)):
        found = step_moments(game, potential)
        np.testing.assert_allclose(found.mean, plain.mean, atol=1e-11 * game.n_agents**2)


@given(two_steps)
def test_the_first_step_gains_nothing(game: TwoSteps) -> None:
    """From the start on, shaping adds a constant; 0 for a potential of 0 there."""
    plain, found = step_moments(game, no_shaping), step_moments(game, deviation_potential)
    assert found.variance[0] == pytest.approx(plain.variance[0], rel=1e-9, abs=1e-12)


def test_the_value_of_a_state_by_hand() -> None:
    """One agent, nothing carried: balance is missed by half a job, whatever it does."""
    assert value_potential(TwoSteps(1, persistence=0.0))(np.zeros(1)) == pytest.approx(-0.25)
    skewed = TwoSteps(2, first=0.3, persistence=0.5)
    # Two jobs: excess 2, 0 or -2 with probability 0.09, 0.42 and 0.49, on top of 1.
    expected = -(0.09 * 1.5**2 + 0.42 * 0.5**2 + 0.49 * 0.5**2)
    assert value_potential(skewed)(np.ones(1)) == pytest.approx(expected)


@given(two_steps, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_no_potential_is_better_than_the_best(game: TwoSteps, level: float, slope: float) -> None:
    """Nor is any constant better than the best constant."""
    n, best, constant = game.n_agents, best_potential(game), mean_potential(game)
    found = step_moments(game, best).variance[1]
    others = [value_potential(game), constant, lambda x: best(x) + n * (level + slope * x)]
    for other in others:
        assert found <= step_moments(game, other).variance[1] * (1 + 1e-9) + 1e-12
    shifted = step_moments(game, lambda x: constant(x) + n * level).variance[1]
    assert step_moments(game, constant).variance[1] <= shifted * (1 + 1e-9) + 1e-12


def test_a_potential_at_the_end_moves_the_mean() -> None:
    game = TwoSteps(4, first=0.4)
    plain, kept = step_moments(game, no_shaping), step_moments(game, deviation_potential, end=1.0)
    assert abs(kept.mean[1] - plain.mean[1]) > 0.1


@pytest.mark.parametrize("potential", [no_shaping, deviation_potential])
def test_enumeration_agrees(potential) -> None:
    """Every action of three agents at both steps, the shaped rewards written out."""
    game = TwoSteps(3, first=0.3, persistence=0.6, gamma=0.9)
    law, samples = [], []
    for actions in itertools.product([0, 1], repeat=6):
        first, second = actions[:3], actions[3:]
        excess = [3 - 2 * sum(first)]
        carried = 0.6 * excess[0]
        excess.append(carried + 3 - 2 * sum(second))
        psi = float(potential(np.array([carried]))[0])
        rewards = [-((excess[0] / 2) ** 2) + 0.9 * psi, -((excess[1] / 2) ** 2) - psi]
        law.append(np.prod([0.3 if a == 0 else 0.7 for a in actions]))
        scores = [(a == 0) - 0.3 for a in (first[0], second[0])]
        samples.append([scores[0] * (rewards[0] + 0.9 * rewards[1]), scores[1] * rewards[1]])
    weights, values = np.array(law), np.array(samples)
    mean = weights @ values
    found = step_moments(game, potential)
    np.testing.assert_allclose(found.mean, mean, atol=1e-13)
    np.testing.assert_allclose(found.variance, weights @ (values - mean) ** 2, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "n_agents must be >= 1; got 0"),
        ((2, 1.0), "first must be strictly between 0 and 1; got 1.0"),
        ((2, 0.5, 1.5), r"persistence must be in \[0, 1\]; got 1.5"),
        ((2, 0.5, 0.5, -0.1), r"gamma must be in \[0, 1\]; got -0.1"),
    ],
)
def test_bad_games_are_refused(arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TwoSteps(*arguments)
