from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given

from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.objective.reference import deviation, reference_state
from refimpl.dgpg.theory.games import (
    Game,
    discounted,
    emptied,
    expected_deviation,
    gradients,
    law,
    logits_of,
    outcomes,
    performance,
    scores,
)
from tests.dgpg.theory.strategies import games


def total(load):
    return load.sum(axis=(-2, -1))


@given(games())
def test_gradients_are_those_of_the_complex_step(drawn) -> None:
    game, logits = drawn
    direction = np.random.default_rng(0).normal(size=logits.shape)
    of_performance, of_deviation = gradients(game, logits)
    for value, found in ((performance, of_performance), (expected_deviation, of_deviation)):
        slope = complex_step_jvp(lambda at, value=value: value(game, at), logits, direction)
        assert (found * direction).sum() == pytest.approx(float(slope), abs=1e-11)


@given(games())
def test_the_sums_are_those_of_a_loop_over_steps_and_agents(drawn) -> None:
    """An independent enumeration: job by job, step by step, one sequence at a time."""
    game, logits = drawn
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    value, distance, mass = 0.0, 0.0, 0.0
    agents, servers = range(game.n_agents), range(game.n_servers)
    for sequence in itertools.product(
        itertools.product(servers, repeat=game.n_agents), repeat=game.n_steps
    ):
        chance, load, pay, off = 1.0, game.start.copy(), 0.0, 0.0
        for t, actions in enumerate(sequence):
            for i in agents:
                chance *= p[i, actions[i]]
                load[actions[i]] += game.demand[i]
            pay += game.gamma**t * float(game.reward(load))
            goal = reference_state(load, game.capacity)
            off += game.gamma**t * float(deviation(load, goal))
            load = game.carry(load)
        value, distance, mass = value + chance * pay, distance + chance * off, mass + chance
    assert mass == pytest.approx(1.0)
    assert float(performance(game, logits)) == pytest.approx(value)
    assert float(expected_deviation(game, logits)) == pytest.approx(distance)


@given(games())
def test_placements_conserve_the_load_and_scores_have_mean_zero(drawn) -> None:
    game, logits = drawn
    seen = outcomes(game)
    added = (seen.after - seen.before).sum(axis=2)
    np.testing.assert_allclose(added, np.broadcast_to(game.demand.sum(axis=0), added.shape))
    means = np.einsum("p,ptik->tik", law(logits, seen.actions), scores(logits, seen.actions))
    np.testing.assert_allclose(means, 0.0, atol=1e-14)


def test_discounting_starts_at_one() -> None:
    np.testing.assert_allclose(discounted(np.array([[1.0, 10.0, 100.0]]), 0.5), 1 + 5 + 25)


def test_nothing_persists_unless_said() -> None:
    assert not emptied(np.ones((2, 1))).any()
    twice = Game(np.ones((1, 1)), np.ones((2, 1)), total, n_steps=2)
    assert set(outcomes(twice).rewards.reshape(-1)) == {1.0}


def test_logits_give_back_the_probabilities() -> None:
    p = [0.2, 0.9]
    odds = np.exp(logits_of(p))
    np.testing.assert_allclose(odds[:, 0] / odds.sum(axis=1), p)
    for bad in ([0.0], [1.0], [[0.5]]):
        with pytest.raises(ValueError, match="first must be probabilities strictly between"):
            logits_of(bad)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_steps": 0}, "n_steps must be an integer >= 1; got 0"),
        ({"demand": np.ones(2)}, "demand must have two axes"),
        ({"capacity": np.ones(2)}, "capacity must have two axes"),
        ({"demand": np.ones((2, 2))}, r"demand must have shape \(2, 1\)"),
        ({"demand": np.full((2, 1), np.nan)}, "demand must be finite"),
        ({"start": np.ones((3, 1))}, r"start must have shape \(2, 1\)"),
        ({"gamma": 1.5}, r"gamma must be in \[0, 1\]; got 1.5"),
        ({"demand": np.ones((40, 1))}, "at most 262144 sequences of actions are listed"),
    ],
)
def test_bad_games_are_refused(changes, message) -> None:
    fine = {"demand": np.ones((2, 1)), "capacity": np.ones((2, 1)), "reward": total}
    with pytest.raises(ValueError, match=message):
        Game(**(fine | changes))
