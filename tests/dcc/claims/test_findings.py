"""Specifies what checks conclude from errors, and the instances they share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.claims.findings import (
    golden,
    random_policy,
    relative_error,
    small_devices,
    small_environments,
    toy,
    toy_curve,
    toy_curves,
    toy_problem,
)
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import local_cmdp
from refimpl.ledger import Context

sizes = st.floats(1e-12, 1e3)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5), st.floats(-10, 10))
def test_relative_errors_are_relative_to_the_largest_entry_or_to_one(expected, off):
    want = np.array(expected)
    assert relative_error(want, want) == 0.0
    found = relative_error(want + off, want)
    assert found == pytest.approx(abs(off) / max(1.0, np.abs(want).max()), rel=1e-6, abs=1e-12)


def test_nothing_differs_from_nothing():
    assert relative_error([], []) == 0.0


def test_instances_are_those_of_the_theory():
    assert (toy().n_states, golden().n_states) == (25, 240)
    assert toy_curves(3).n_devices == 3
    np.testing.assert_array_equal(toy_curves(2).counts[1], toy_curve().counts[0])
    problem = toy_problem(0.25)
    assert problem.mdp is toy()
    assert local_cmdp(problem).budgets == pytest.approx(0.25 / 0.05)


def test_small_environments_depend_on_the_seed_alone():
    one, two = (small_devices(Context(seed=4), 3, 2) for _ in range(2))
    other = small_devices(Context(seed=5), 20, 2)
    assert one == two
    assert other[:3] != one
    assert [len(devices) for devices in one] == [2, 2, 2]
    assert {(d.max_aoi, d.battery) for devices in one for d in devices} == {(5, 5)}
    mdps = small_environments(Context(seed=4), 3, 2)
    expected = device_mdp(one[2][1])
    np.testing.assert_array_equal(mdps[2][1].cost, expected.cost)


def test_random_policies_are_policies():
    policy = random_policy(toy(), np.random.default_rng(0))
    assert policy.shape == toy().cost.shape
    assert policy.min() >= 0.0
    np.testing.assert_allclose(policy.sum(axis=1), 1.0, rtol=1e-14)
