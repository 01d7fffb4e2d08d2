"""Policies as tables [DCC sec. 5]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.finite_mdp import checked_policy, deterministic, start_value
from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, PROCESS, WAIT, DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.policies import (
    always_offload,
    constant_action,
    mixed_with_offloading,
    never_offload,
    optimal,
    process_at,
    sampler,
    uniform_random,
    without_offloading,
)
from tests.dcc.strategies import device_parameters, random_policy, seeds

SMALL = DeviceParameters(0, 1, 1, 3, max_aoi=3, battery=2)


@given(device_parameters(), seeds)
def test_never_offload_is_best_among_those_that_never_do(parameters, seed):
    mdp = device_mdp(parameters)
    best = never_offload(mdp)
    assert (best[:, OFFLOAD] == 0.0).all()
    rival = random_policy(without_offloading(mdp), seed)
    assert start_value(mdp, best) <= start_value(mdp, rival) * (1 + 1e-12)


@given(device_parameters())
def test_freedom_to_offload_never_costs(parameters):
    mdp = device_mdp(parameters)
    assert start_value(mdp, optimal(mdp)) <= start_value(mdp, never_offload(mdp)) * (1 + 1e-12)


def test_constant_actions():
    np.testing.assert_array_equal(always_offload(2), [[0, 0, 1], [0, 0, 1]])
    np.testing.assert_array_equal(constant_action(1, PROCESS), [[0, 1, 0]])


def test_uniform_random_respects_what_is_allowed():
    mdp = device_mdp(SMALL)
    np.testing.assert_allclose(uniform_random(mdp), 1 / 3)
    np.testing.assert_allclose(uniform_random(without_offloading(mdp))[:, :2], 0.5)
    checked_policy(without_offloading(mdp), uniform_random(without_offloading(mdp)))


def test_thresholds_process_exactly_where_both_are_met():
    table = process_at(SMALL, age=2, level=1).reshape(3, 3, 3)
    assert (table[1:, 1:, PROCESS] == 1.0).all()
    assert (table[0, :, WAIT] == 1.0).all()
    assert (table[:, 0, WAIT] == 1.0).all()


def test_thresholds_beyond_the_largest_mean_never():
    assert (process_at(SMALL, 4, 0)[:, WAIT] == 1.0).all()
    assert (process_at(SMALL, 1, 3)[:, WAIT] == 1.0).all()
    assert (process_at(SMALL, 1, 0)[:, PROCESS] == 1.0).all()


@given(device_parameters(), seeds, st.floats(0, 1))
def test_mixing_offloads_at_least_that_often(parameters, seed, probability):
    mdp = device_mdp(parameters)
    base = random_policy(without_offloading(mdp), seed)
    use = occupancy_of_policy(mdp, mixed_with_offloading(base, probability))[:, OFFLOAD].sum()
    assert use * (1 - mdp.gamma) == pytest.approx(probability, abs=1e-12)


def test_sampler_draws_from_the_table():
    policy, n = np.array([[0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), 20000
    act = sampler(policy)
    drawn = act(np.zeros(n, dtype=int), np.random.default_rng(5))
    for action, p in enumerate(policy[0]):
        z = ((drawn == action).mean() - p) / np.sqrt(p * (1 - p) / n)
        assert abs(z) < 4
    assert (act(np.ones(100, dtype=int), np.random.default_rng(6)) == OFFLOAD).all()
    assert (act(np.full((10, 10), 2), np.random.default_rng(7)) == WAIT).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: constant_action(2, 3), r"actions must be in 0\.\.2; got 3\.\.3"),
        (lambda: process_at(SMALL, 0, 0), r"age must be in 1\.\.4; got 0"),
        (lambda: process_at(SMALL, 1, 4), r"level must be in 0\.\.3; got 4"),
        (
            lambda: mixed_with_offloading(np.ones((1, 3)) / 3, 1.5),
            r"probability must be .* got 1\.5",
        ),
        (lambda: sampler([[0.5, 0.4, 0.0]]), "policy must have rows that are distributions"),
        (lambda: sampler([0.5, 0.5]), "policy must have rows that are distributions"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_state_with_nothing_but_offloading_is_named():
    mdp = device_mdp(SMALL)
    only = without_offloading(mdp).allowed.copy()
    only[4] = [False, False, True]
    from dataclasses import replace

    with pytest.raises(ValueError, match="state 4 has none"):
        without_offloading(replace(mdp, allowed=only))


def test_tables_have_one_column_per_action():
    assert N_ACTIONS == deterministic(np.array([OFFLOAD]), N_ACTIONS).shape[1] == 3
