"""Specifies the batched exact evaluation, against plain linear solves and the joint game."""

import numpy as np
import pytest
from hypothesis import given

from lp_solvers.finite_mdp import policy_value
from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.device import WAIT, DeviceParameters
from refimpl.dcc.model.exact import device_mdp, offload_cost, with_start
from refimpl.dcc.model.game import evaluate
from refimpl.dcc.train.evaluation import (
    joint_cost,
    offload_probabilities,
    policy_values,
    renewal_model,
)
from tests.dcc.train.strategies import KINDS, pair, populations, random_policies, seeds


@given(populations(), seeds)
def test_values_are_those_of_a_linear_solve_per_device(population, seed):
    policies = random_policies(population, seed)
    cost, use = policy_values(population.model, policies)
    for row, device in enumerate(population.devices):
        mdp = device_mdp(device)
        exact = mdp.start @ policy_value(mdp, policies[row])
        count = (occupancy_of_policy(mdp, policies[row]) * offload_cost(mdp)).sum()
        # Ages and levels are at most 20 with 16 states: rounding stays far below this.
        assert cost[row] == pytest.approx(exact, rel=1e-11)
        assert use[row] == pytest.approx((1 - mdp.gamma) * count, rel=1e-11, abs=1e-14)


@given(populations(), seeds)
def test_joint_cost_is_that_of_the_game(population, seed):
    policies, n = random_policies(population, seed), population.n_devices
    found = population.joint_cost(policies)
    for game in range(population.n_games):
        rows = slice(game * n, (game + 1) * n)
        mdps = [device_mdp(d) for d in population.devices[rows]]
        exact = evaluate(mdps, list(policies[rows]), population.congestion)
        assert found.total[game] == pytest.approx(exact.total / n, rel=1e-9)
        assert found.local[game] == pytest.approx(exact.local.mean(), rel=1e-11)
        assert found.congestion[game] == pytest.approx(exact.congestion.mean(), rel=1e-9, abs=1e-11)
        visits = [occupancy_of_policy(m, p) for m, p in zip(mdps, policies[rows], strict=True)]
        uses = [0.1 * (x * offload_cost(m)).sum() for m, x in zip(mdps, visits, strict=True)]
        np.testing.assert_allclose(found.use[game], uses, rtol=1e-9, atol=1e-12)


@given(populations(), seeds)
def test_discounted_probabilities_add_up_to_the_frequency(population, seed):
    policies = random_policies(population, seed)
    _, use = policy_values(population.model, policies)
    chances = offload_probabilities(population.model, policies, 300)
    discounts = 0.1 * 0.9 ** np.arange(300)
    # What 300 slots leave out is at most 0.9^300 = 2e-14.
    np.testing.assert_allclose(discounts @ chances, use, rtol=1e-10, atol=1e-13)
    assert chances.min() >= 0
    assert chances.max() <= 1 + 1e-12


def test_paper_scale_kernel_is_cut_correctly():
    device = DeviceParameters(0, 2, 1, 7)
    mdp = device_mdp(device)
    model = renewal_model([mdp], np.zeros(1, dtype=np.int64), device.max_aoi)
    policies = np.random.default_rng(0).dirichlet(np.ones(3), (1, mdp.n_states))
    cost, _ = policy_values(model, policies)
    assert cost[0] == pytest.approx(mdp.start @ policy_value(mdp, policies[0]), rel=1e-11)


def test_a_single_age_is_no_special_case():
    device = DeviceParameters(0, 2, 1, 4, max_aoi=1, battery=3, gamma=0.9)
    mdp = device_mdp(device)
    model = renewal_model([mdp], np.zeros(1, dtype=np.int64), 1)
    policies = np.random.default_rng(1).dirichlet(np.ones(3), (1, mdp.n_states))
    cost, _ = policy_values(model, policies)
    assert cost[0] == pytest.approx(mdp.start @ policy_value(mdp, policies[0]), rel=1e-11)


def test_a_shorter_horizon_errs_by_at_most_its_bound():
    population = pair()
    policies = random_policies(population, 3)
    exact = population.joint_cost(policies).total
    for horizon in (5, 20, 60):
        short = joint_cost(population.model, policies, 2, population.congestion, horizon).total
        # Two devices pay at most 1 each when both offload.
        assert abs(short - exact)[0] <= 0.9**horizon / 0.1


def test_models_that_do_not_start_fresh_are_refused():
    mdp = device_mdp(KINDS[0])
    start = np.zeros(mdp.n_states)
    start[-1] = 1.0
    with pytest.raises(ValueError, match="mdps must start at age 1; model 1 does not"):
        renewal_model([mdp, with_start(mdp, start)], np.array([0, 1]), 4)


def test_waiting_for_ever_never_offloads():
    population = pair()
    policies = np.zeros((2, 16, 3))
    policies[..., WAIT] = 1.0
    joint = population.joint_cost(policies)
    # Ages 1, 2, 3, 4, 4, ...: sum of 0.9^t min(t + 1, 4).
    expected = sum(0.9**t * min(t + 1, 4) for t in range(2000))
    assert joint.total[0] == pytest.approx(expected, rel=1e-12)
    assert joint.use.max() == joint.congestion[0] == 0.0
