"""Centralised A2C on a small joint game; its Monte-Carlo estimate against the exact cost."""

from dataclasses import replace

import numpy as np

from refimpl.dcc.train.a2c import CentralSettings, CentralView, centralised_a2c, estimate
from refimpl.dcc.train.joint_dynamics import joint_dynamics
from refimpl.dcc.train.population import Population
from tests.dcc.train.games import LINEAR, OTHER, SMALL

GAME = (SMALL, OTHER)
SHORT = replace(CentralSettings(), evaluation_episodes=50)


def test_learns_to_cost_less_than_at_the_start():
    curve = centralised_a2c(GAME, LINEAR, SHORT, (1500, 5), seed=1)
    assert curve["cost"][-1, 0] < 0.95 * curve["cost"][0, 0]
    np.testing.assert_array_equal(curve["steps"], [12000, 24000, 36000, 48000, 60000])


def test_estimate_agrees_with_the_exact_cost_of_a_product_policy():
    view = CentralView(joint_dynamics(GAME, LINEAR))
    shape = (len(GAME), SMALL.max_aoi * (SMALL.battery + 1), 3)
    exact = Population(GAME, len(GAME), LINEAR).joint_cost(np.full(shape, 1 / 3))

    def uniform(observations, rng):
        actions = rng.integers(0, 3, (len(observations), len(GAME)))
        return actions, np.zeros(len(observations))

    settings = replace(SHORT, evaluation_episodes=400)
    runs = [estimate(view, uniform, settings, np.random.default_rng(seed)) for seed in range(30)]
    for key, value in {"cost": exact.total, "local": exact.local, "use": exact.use.mean()}.items():
        sample = np.array([run[key][0] for run in runs])
        z = (sample.mean() - np.squeeze(value)) / (sample.std(ddof=1) / np.sqrt(len(sample)))
        assert abs(z) < 4, (key, z)


def test_continues_from_a_checkpoint_to_the_same_bits(tmp_path):
    path = tmp_path / "run.npz"
    whole = centralised_a2c(GAME, LINEAR, SHORT, (20, 2), seed=2)
    centralised_a2c(GAME, LINEAR, SHORT, (20, 2), seed=2, checkpoint=path)
    again = centralised_a2c(GAME, LINEAR, SHORT, (20, 2), seed=2, checkpoint=path)
    for key in whole:
        np.testing.assert_array_equal(whole[key], again[key])
