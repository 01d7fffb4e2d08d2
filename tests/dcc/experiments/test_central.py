"""Specifies the centralised baselines as methods: one game a run, the same steps per agent."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.experiments.central import POINTS, train_a2c, train_mappo
from refimpl.dcc.train import a2c, mappo
from refimpl.dcc.train.record import CURVE_KEYS
from tests.dcc.train.strategies import pair

MAPPO, A2C = mappo.PUBLISHED.settings, a2c.PUBLISHED.settings


@pytest.fixture
def asked(monkeypatch):
    """Schedules that the learners are asked for, instead of learning."""
    schedules = []

    def learn(*arguments):
        _, _, settings, schedule, seed, checkpoint = arguments
        schedules.append((schedule, settings, seed, checkpoint))
        return {}

    monkeypatch.setattr(mappo, "mappo", learn)
    monkeypatch.setattr(a2c, "centralised_a2c", learn)
    return schedules


@pytest.mark.parametrize(
    ("train", "per_update", "settings"),
    [
        (train_mappo, MAPPO.n_envs * MAPPO.n_steps, MAPPO),
        (train_a2c, A2C.n_envs * A2C.update.n_steps, A2C),
    ],
)
@pytest.mark.parametrize("updates", [1, 3, 20, 150, 200])
def test_schedules_spend_the_steps_in_equal_parts(asked, train, per_update, settings, updates):
    train(pair(), updates * per_update + per_update // 2, 5, "run.npz")
    (((made, points), used, seed, checkpoint),) = asked
    assert made == updates
    assert 1 <= points <= POINTS
    assert made % points == 0
    assert (used, seed, checkpoint) == (settings, 5, "run.npz")


@pytest.mark.parametrize("train", [train_mappo, train_a2c])
def test_there_is_always_one_update(asked, train):
    train(pair(), 1, 0, None)
    assert asked[0][0] == (1, 1)


@pytest.mark.parametrize("train", [train_mappo, train_a2c])
def test_several_games_are_refused(train):
    with pytest.raises(ValueError, match="population must be one game; got 3"):
        train(pair(3), 1000, 0, None)


def test_a_run_returns_a_curve():
    curve = train_mappo(pair(), 1, 0, None)
    assert curve["steps"].shape == (1,)
    assert {curve[key].shape for key in CURVE_KEYS[1:]} == {(1, 1)}
    assert np.isfinite(curve["cost"]).all()
