"""Constrained PPO of one device against the exact constrained optimum."""

from dataclasses import replace

import numpy as np
import pytest

from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.train.local_dynamics import LocalProblem
from refimpl.dcc.train.local_ppo import LocalPPOSettings, constrained_ppo
from tests.dcc.train.games import SMALL

SHORT = replace(LocalPPOSettings(), n_envs=8, iterations=50, averaged=0.4)


def discounted(policy):
    mdp = device_mdp(SMALL)
    occupancy = occupancy_of_policy(mdp, policy)
    offload = offload_cost(mdp)
    return (occupancy * mdp.cost).sum(), (1 - mdp.gamma) * (occupancy * offload).sum()


def test_learns_to_keep_its_budget_and_beats_never_offloading():
    result = constrained_ppo(LocalProblem(SMALL, 0.0, 0.1), SHORT, seed=1)
    cost, use = discounted(result["policy"])
    never = constrained_ppo(LocalProblem(SMALL, 50.0, 1.0), SHORT, seed=1)
    cost_never, use_never = discounted(never["policy"])
    assert use == pytest.approx(0.1, abs=0.04)
    assert use_never < 0.02
    assert cost < cost_never


def test_multiplier_follows_the_projected_recursion():
    result = constrained_ppo(LocalProblem(SMALL, 0.0, 0.1), replace(SHORT, iterations=8), seed=2)
    price = 0.0
    for k, use in enumerate(result["use"]):
        price = max(price + (use - 0.1) / (k + 1) ** 0.6, 0.0)
        assert result["multipliers"][k + 1] == pytest.approx(price, rel=1e-12)


def test_continues_from_a_checkpoint_to_the_same_bits(tmp_path):
    problem, settings = LocalProblem(SMALL, 0.5, 0.1), replace(SHORT, iterations=6)
    whole = constrained_ppo(problem, settings, seed=3)
    path = tmp_path / "run.npz"
    kept = constrained_ppo(problem, settings, seed=3, checkpoint=path)
    again = constrained_ppo(problem, settings, seed=3, checkpoint=path)
    for key in whole:
        np.testing.assert_array_equal(whole[key], kept[key])
        np.testing.assert_array_equal(whole[key], again[key])


def test_policies_are_distributions():
    result = constrained_ppo(LocalProblem(SMALL, 0.5, 0.1), replace(SHORT, iterations=4), seed=4)
    np.testing.assert_allclose(result["policy"].sum(axis=1), 1.0, rtol=1e-12)
