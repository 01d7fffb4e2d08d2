"""Specifies the decision rules: what they may choose, and how often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.policies.decisions import RULES, draw, greedy, masked

SCENARIO = sample_scenario(chosen(16).settings, 6, np.random.default_rng(0))


def advanced(steps: int) -> Simulation:
    """Episodes some way on, played at random."""
    sim, rng = Simulation(SCENARIO), np.random.default_rng(1)
    for _ in range(steps):
        sim.step(rng.integers(0, 16, 6))
    return sim


@given(
    st.integers(0, 120), st.integers(0, 2**32 - 1), st.sampled_from(["masked", "masked sampled"])
)
def test_a_masked_rule_takes_a_feasible_server_if_there_is_one(
    steps: int, seed: int, rule: str
) -> None:
    sim, rng = advanced(steps), np.random.default_rng(seed)
    chosen_servers = RULES[rule](sim, rng.normal(size=(6, 16)), rng)
    feasible = sim.feasible()
    able = feasible.any(axis=1)
    assert feasible[sim.rows, chosen_servers][able].all()


def test_greedy_takes_the_highest_score_feasible_or_not() -> None:
    sim = advanced(30)
    scores = np.random.default_rng(2).normal(size=(6, 16))
    assert greedy(sim, scores, np.random.default_rng(0)).tolist() == scores.argmax(axis=1).tolist()


@pytest.mark.parametrize("rule", RULES)
def test_absent_servers_are_never_taken(rule: str) -> None:
    gone = SCENARIO.with_events(fails=np.where(np.arange(16) < 15, 0.0, np.inf))
    sim, rng = Simulation(gone), np.random.default_rng(0)
    scores = np.where(np.arange(16) < 15, 9.0, -9.0) * np.ones((6, 1))
    if rule.startswith("masked"):
        sim.task[:] = -1
        assert RULES[rule](sim, scores, rng).shape == (6,)
    else:
        assert RULES[rule](sim, scores, rng).tolist() == [15] * 6


def test_a_row_without_a_feasible_server_is_left_whole() -> None:
    scores = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = masked(scores, np.array([[True, False], [False, False]]))
    assert found.tolist() == [[1.0, -np.inf], [3.0, 4.0]]


def test_draws_have_the_softmax_as_their_law() -> None:
    scores = np.log([0.1, 0.2, 0.7])
    n = 20_000
    drawn = draw(np.tile(scores, (n, 1)), np.random.default_rng(3))
    for k, p in enumerate((0.1, 0.2, 0.7)):
        z = (np.mean(drawn == k) - p) / np.sqrt(p * (1 - p) / n)
        assert abs(z) < 4


def test_a_score_of_minus_infinity_is_never_drawn() -> None:
    scores = np.tile([0.0, -np.inf, 0.0], (1000, 1))
    assert set(draw(scores, np.random.default_rng(0))) == {0, 2}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="scores"), np.errstate(invalid="ignore"):
        draw(np.array([[0.0, bad]]), np.random.default_rng(0))
