"""Specifies independent Q-learning: what devices are charged, and how runs are recorded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD, WAIT
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import global_reward, individual_rewards
from refimpl.dcc.train.evaluation import policy_values
from refimpl.dcc.train.iql import common_cost, independent_q, own_cost
from refimpl.dcc.train.population import Population
from refimpl.dcc.train.record import CURVE_KEYS
from refimpl.dcc.train.tabular import greedy_policy
from tests.dcc.train.strategies import KINDS, brief, pair, populations, seeds
from tests.shared.interruptions import assert_resumes, assert_same_bits

SHORT = brief(steps=160)


def slot(population, seed):
    """Local costs of one slot, and who offloads, (E, N) each."""
    rng = np.random.default_rng(seed)
    shape = (population.n_games, population.n_devices)
    return rng.uniform(0.0, 9.0, shape), rng.random(shape) < rng.random()


@given(populations(max_devices=5), seeds)
def test_own_cost_is_that_of_the_game(population, seed):
    local, offloading = slot(population, seed)
    actions = np.where(offloading, OFFLOAD, WAIT)
    expected = individual_rewards(local, actions, population.congestion)
    found = own_cost(population)(local.ravel(), offloading.ravel())
    np.testing.assert_allclose(found, expected.ravel(), rtol=1e-14)


@given(populations(max_devices=5), seeds)
def test_common_cost_is_the_mean_of_the_game(population, seed):
    local, offloading = slot(population, seed)
    actions = np.where(offloading, OFFLOAD, WAIT)
    mean = global_reward(local, actions, population.congestion) / population.n_devices
    found = common_cost(population)(local.ravel(), offloading.ravel())
    np.testing.assert_allclose(found, np.repeat(mean, population.n_devices), rtol=1e-13)


@given(populations(max_devices=4), seeds)
def test_shaping_leaves_its_arguments_alone(population, seed):
    local, offloading = (x.ravel() for x in slot(population, seed))
    before = local.copy(), offloading.copy()
    for shaping_of in (own_cost, common_cost):
        shaping_of(population)(local, offloading)
    np.testing.assert_array_equal(local, before[0])
    np.testing.assert_array_equal(offloading, before[1])


@given(populations(max_devices=2, max_games=2), st.sampled_from([1, 2, 4]), seeds)
def test_curves_have_equidistant_points_and_documented_shapes(population, points, seed):
    result = independent_q(population, own_cost, SHORT, points, seed)
    np.testing.assert_array_equal(result["steps"], 160 // points * np.arange(1, points + 1))
    for key in CURVE_KEYS[1:]:
        assert result[key].shape == (points, population.n_games)
    assert result["q"].shape == result["visits"].shape == (population.batch.n_rows, 16, 3)
    # One update per device and step; nobody has a budget to overrun.
    np.testing.assert_array_equal(result["visits"].sum(axis=(1, 2)), 160)
    assert (result["violation"] == 0.0).all()


def test_the_last_point_is_the_greedy_policy_when_nothing_is_averaged():
    population = pair(2)
    result = independent_q(population, own_cost, brief(steps=160, averaged=0.0), 2, 0)
    greedy = population.joint_cost(greedy_policy(result["q"]).astype(float))
    np.testing.assert_allclose(result["cost"][-1], greedy.total, rtol=1e-12)
    np.testing.assert_allclose(result["use"][-1], greedy.use.mean(axis=1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shaping", [own_cost, common_cost])
def test_killed_anywhere_it_resumes_to_the_same_bits(tmp_path, shaping):
    population = pair(2)
    assert_resumes(
        tmp_path, lambda path: independent_q(population, shaping, SHORT, 4, 7, path), saves=4
    )


def test_same_seed_same_bits_other_seed_others():
    one, two, other = (independent_q(pair(), own_cost, SHORT, 2, seed) for seed in (1, 1, 2))
    assert_same_bits(one, two)
    assert (one["q"] != other["q"]).any()


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    independent_q(pair(), own_cost, SHORT, 2, 0, path)
    for other in (
        (pair(), common_cost, SHORT, 2, 0),
        (pair(2), own_cost, SHORT, 2, 0),
        (pair(), own_cost, brief(steps=160, q_start=1.0), 2, 0),
        (pair(), own_cost, SHORT, 4, 0),
        (pair(), own_cost, SHORT, 2, 1),
    ):
        with pytest.raises(ValueError, match="must belong to the run"):
            independent_q(*other, path)


@pytest.mark.parametrize("points", [0, -1, 3, 5])
def test_points_must_divide_the_blocks(points):
    with pytest.raises(ValueError, match=f"points must divide the 4 blocks.*; got {points}"):
        independent_q(pair(), own_cost, SHORT, points, 0)


def test_lone_devices_learn_their_unconstrained_optimum():
    """A lone device pays nothing for offloading, so it learns its free optimum.

    Greedy play costs at most 1% more than the optimum, measured exactly, in all of 60 copies; at
    the start, tables of equal entries wait for ever and cost three times as much.
    """
    population = Population(KINDS[:1] * 60, 1, power_law())
    settings = brief(steps=12_000, block=400, episode=20, q_start=10.0, exploration=0.3)
    result = independent_q(population, own_cost, settings, 1, 0)
    mdp = device_mdp(KINDS[0])
    best = float(mdp.start @ policy_iteration(mdp).value)
    cost, _ = policy_values(population.model, greedy_policy(result["q"]).astype(float))
    assert cost.max() < 1.01 * best
    assert cost.min() >= best * (1.0 - 1e-9)
