"""The scalable actor-critic against its formulas written as loops, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from linear_models.categorical import probabilities
from refimpl.meanfield.model.epoch import tabulated_epoch
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring
from refimpl.meanfield.policies.discrete import neighbourhoods
from refimpl.meanfield.train.local_critics import NEURAL, TABULAR
from refimpl.meanfield.train.scalable_actor_critic import (
    ActorCriticTraining,
    learn_values,
    play_round,
    policy_step,
    train,
)
from tests.shared.interruptions import assert_resumes

SYSTEM = System(ring(4), buffer=1, dt=3.0)
PLACES = neighbourhoods(SYSTEM.graph)
SETTINGS = ActorCriticTraining(rounds=6, horizon=5, evaluate_every=3)


def episode(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((4, 8, 3))
    played = play_round(SYSTEM, PLACES, tabulated_epoch(SYSTEM), logits, 5, rng)
    return logits, played


def test_a_round_is_an_episode_of_the_system() -> None:
    """Replayed from the recorded states and choices: the same drops."""
    _, played = episode(0)
    epoch = tabulated_epoch(SYSTEM)
    assert not played.around.states[0].any()
    for t in range(5):
        states = played.around.states[t][:, 0]
        for i in range(4):
            around = [i, *SYSTEM.graph.neighbours_of(i)]
            assert played.around.states[t, i].tolist() == states[around].tolist()
            assert played.around.choices[t, i].tolist() == played.choices[t, around].tolist()
        shares = PLACES.received(played.choices[t])
        drops = [
            epoch(states[None], (rate * shares)[None], np.zeros((1, 4)))[1][0]
            for rate in SYSTEM.modulation.rates
        ]
        assert any(np.allclose(played.rewards[t], -d, rtol=1e-12) for d in drops)


def test_values_learn_by_temporal_differences() -> None:
    """The rule of the reference implementation, entry by entry."""
    _, played = episode(1)
    critic = TABULAR.start(4, 2, 3, np.random.default_rng(0))
    learn_values(SETTINGS, critic, played, 7)
    q: dict[Any, float] = {}

    def key(i: int, t: int) -> Any:
        return (i, *played.around.states[t, i], *played.around.choices[t, i])

    for t in range(5):
        following = [q.get(key(i, t + 1), 0.0) for i in range(4)]
        for i in range(4):
            target = played.rewards[t, i] + 0.7 * following[i]
            old = q.get(key(i, t), 0.0)
            q[key(i, t)] = old + (target - old) / np.sqrt(7 * 5 + t + 1)
    for t in range(5):
        expected = [q[key(i, t)] for i in range(4)]
        np.testing.assert_allclose(TABULAR.values(critic, played.at(t)), expected, rtol=1e-12)


@pytest.mark.parametrize("index", [0, 3, 205])
def test_the_policy_step_is_its_formula(index: int) -> None:
    logits, played = episode(2)
    critic = TABULAR.start(4, 2, 3, np.random.default_rng(0))
    critic["q"][:] = np.random.default_rng(3).standard_normal(critic["q"].shape)
    change = policy_step(SETTINGS, PLACES, logits, critic, played, index)
    expected = np.zeros_like(logits)
    for t in range(5):
        values = TABULAR.values(critic, played.at(t))
        for i in range(4):
            code, choice = played.codes[t, i], played.choices[t, i]
            around = [i, *SYSTEM.graph.neighbours_of(i)]
            credit = 0.7**t * values[around].sum() / 4
            slope = np.eye(3)[choice] - probabilities(logits[i, code])
            expected[i, code] += 5 / np.sqrt(index % 100 + 1) * credit * slope
    np.testing.assert_allclose(change, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("critic", [TABULAR, NEURAL], ids=lambda c: c.name)
def test_killed_anywhere_it_resumes_to_the_same_bits(critic: Any, tmp_path: Any) -> None:
    settings = replace(SETTINGS, critic=critic)
    assert_resumes(tmp_path, lambda path: train(SYSTEM, settings, 3, path), saves=2)


def test_checkpoints_of_another_critic_are_refused(tmp_path: Any) -> None:
    train(SYSTEM, SETTINGS, 3, tmp_path / "run.npz")
    with pytest.raises(ValueError, match="must belong to the run"):
        train(SYSTEM, replace(SETTINGS, critic=NEURAL), 3, tmp_path / "run.npz")


def test_it_learns() -> None:
    system = System(ring(3), buffer=3, dt=1.0)
    result = train(system, ActorCriticTraining(rounds=1000, evaluate_every=500), 0)
    assert result["logits"].shape == (3, 64, 3)
    start = train(system, ActorCriticTraining(rounds=1, evaluate_every=1), 0)
    curve = [*start["curve.evaluation"], *result["curve.evaluation"]]
    assert np.all(np.diff(curve) < 0)
    assert curve[-1] < 0.95 * curve[0]
    assert result["curve.steps"].tolist() == [5000.0, 10000.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds": 0}, "rounds must be an integer >= 1; got 0"),
        ({"gamma": 1.5}, r"gamma must be in \[0, 1\]; got 1.5"),
        ({"policy_rate": 0.0}, "policy_rate must be finite and > 0; got 0.0"),
        ({"evaluate_every": 4}, "evaluate_every must divide the 6 rounds; got 4"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **changes)


def test_irregular_graphs_are_refused() -> None:
    with pytest.raises(ValueError, match="graph must be regular"):
        train(System(path(4)), SETTINGS, 0)
