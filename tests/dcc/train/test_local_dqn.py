"""Constrained DQN of one device against the exact constrained optimum."""

from dataclasses import replace

import numpy as np
import pytest

from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.train.local_dqn import LocalDQNSettings, constrained_dqn
from refimpl.dcc.train.local_dynamics import LocalProblem
from tests.dcc.train.games import SMALL

SHORT = replace(LocalDQNSettings(), episodes=30, averaged=0.4)


def discounted_use(policy):
    mdp = device_mdp(SMALL)
    return (1 - mdp.gamma) * (occupancy_of_policy(mdp, policy) * offload_cost(mdp)).sum()


def test_a_high_price_stops_offloading_and_a_free_budget_does_not():
    dear = constrained_dqn(LocalProblem(SMALL, 50.0, 1.0), SHORT, seed=1)
    free = constrained_dqn(LocalProblem(SMALL, 0.0, 1.0), SHORT, seed=1)
    assert discounted_use(dear["policy"]) < 0.02
    assert discounted_use(free["policy"]) > 0.5
    assert free["multiplier"] == 0.0


def test_multiplier_follows_the_projected_recursion():
    result = constrained_dqn(LocalProblem(SMALL, 0.0, 0.1), replace(SHORT, episodes=6), seed=2)
    price = 0.0
    for k, use in enumerate(result["use"]):
        price = max(price + (use - 0.1) / (k + 1) ** 0.6, 0.0)
        assert result["multipliers"][k + 1] == pytest.approx(price, rel=1e-12)


def test_same_seed_same_bits():
    problem, settings = LocalProblem(SMALL, 0.5, 0.1), replace(SHORT, episodes=4)
    first, second = (constrained_dqn(problem, settings, seed=3) for _ in range(2))
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    np.testing.assert_allclose(first["policy"].sum(axis=1), 1.0, rtol=1e-12)
