"""MAPPO on a small joint game: learns, resumes, and is what its table says."""

from dataclasses import replace

import numpy as np
import pytest

from refimpl.dcc.train.mappo import PUBLISHED, MAPPOSettings, mappo
from refimpl.dcc.train.population import Population
from tests.dcc.train.games import LINEAR, OTHER, SMALL

GAME = (SMALL, OTHER, SMALL)
SHORT = replace(MAPPOSettings(), n_steps=100, n_minibatches=8)


def test_learns_to_cost_less_than_uniform_play():
    curve = mappo(GAME, LINEAR, SHORT, (30, 3), seed=1)
    uniform = np.full((3, SMALL.max_aoi * (SMALL.battery + 1), 3), 1 / 3)
    start = Population(GAME, 3, LINEAR).joint_cost(uniform).total[0]
    assert curve["cost"][-1, 0] < 0.9 * start
    np.testing.assert_array_equal(curve["steps"], [8000, 16000, 24000])


def test_continues_from_a_checkpoint_to_the_same_bits(tmp_path):
    path = tmp_path / "run.npz"
    whole = mappo(GAME, LINEAR, SHORT, (4, 2), seed=2)
    mappo(GAME, LINEAR, SHORT, (4, 2), seed=2, checkpoint=path)
    again = mappo(GAME, LINEAR, SHORT, (4, 2), seed=2, checkpoint=path)
    for key in whole:
        np.testing.assert_array_equal(whole[key], again[key])


def test_published_numbers_are_those_of_the_table():
    settings = PUBLISHED.settings
    table = {
        "learning_rate": 1e-3,
        "n_envs": 8,
        "epochs": 2,
        "n_minibatches": 64,
        "gae_lambda": 0.95,
        "clip": 0.2,
        "entropy_coef": 0.01,
        "value_coef": 0.5,
        "max_grad_norm": 0.5,
    }
    assert {name: getattr(settings, name) for name in table} == table
    assert {name for name, tag in PUBLISHED.origin.items() if tag == "published"} == set(table)


def test_points_must_divide_the_iterations():
    with pytest.raises(ValueError, match="points must divide the 4 iterations; got 3"):
        mappo(GAME, LINEAR, SHORT, (4, 3), seed=0)
