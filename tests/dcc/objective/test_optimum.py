"""Best budgets and their certificate [DCC eq. 4]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import objective
from refimpl.dcc.objective.local import others_of
from refimpl.dcc.objective.optimum import (
    NotStationaryError,
    best_common_budget,
    certify,
    optimise_budgets,
)
from refimpl.dcc.objective.response import local_budget_curve, respond, response_curves
from tests.dcc.objective.strategies import DEVICES, curves_of
from tests.dcc.strategies import congestions

GAMMA = DEVICES[0].gamma
LOG = Congestion(np.log, lambda n: 1.0 / np.asarray(n), curvature=-1)
device_sets = st.lists(st.integers(0, len(DEVICES) - 1), min_size=1, max_size=5)
any_congestion = st.one_of(congestions(), st.just(LOG))


def value_of_counts(curves, counts, congestion):
    """F: local values plus congestion of devices that offload exactly ``counts``."""
    local = [
        np.interp(b, x, y) for b, x, y in zip(counts, curves.counts, curves.values, strict=True)
    ]
    crowds = 1.0 + (1 - GAMMA) * np.maximum(counts.sum() - counts, 0.0)
    return float(np.sum(local) + congestion.penalty(crowds) @ counts)


@given(device_sets, any_congestion, st.data())
def test_no_count_can_be_improved_while_the_others_stay(indices, congestion, data):
    curves, n = curves_of(*indices), len(indices)
    start = data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    found = optimise_budgets(curves, congestion, start)
    counts = found.budgets / (1 - GAMMA)
    assert value_of_counts(curves, counts, congestion) == pytest.approx(found.value, rel=1e-12)
    for i in range(n):
        for count in np.append(np.linspace(0, curves.counts[i, -1], 9), curves.counts[i]):
            moved = counts.copy()
            moved[i] = count
            assert value_of_counts(curves, moved, congestion) >= found.value - 1e-10


@given(device_sets, any_congestion, st.data())
def test_no_small_change_of_a_budget_improves_the_objective(indices, congestion, data):
    curves, n, step = curves_of(*indices), len(indices), 1e-6
    start = data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    found = optimise_budgets(curves, congestion, start)
    for move in (*np.eye(n), *-np.eye(n)):
        near = np.clip(found.budgets + step * move, 0.0, 1.0)
        assert objective(curves, near, congestion) >= found.value - 1e-10


def test_a_far_point_on_one_coordinate_may_be_better():
    """With more crowd the device at budget 1 leaves some of it unused, and both gain."""
    curves, congestion = curves_of(3, 4), power_law(3.0)
    found = optimise_budgets(curves, congestion)
    np.testing.assert_allclose(found.budgets, [1.0, 0.0])
    assert found.residual == 0.0
    assert objective(curves, np.array([1.0, 0.075]), congestion) < found.value - 1e-3
    other = optimise_budgets(curves, congestion, [1.0, 0.075])
    assert other.value < found.value - 1e-3


@given(device_sets, any_congestion)
def test_certificate_holds_zero_between_the_derivatives(indices, congestion):
    found = optimise_budgets(curves_of(*indices), congestion)
    slack = found.residual
    assert slack <= 1e-7
    assert (found.left <= slack).all()
    assert (found.right >= -slack).all()


@given(device_sets, any_congestion, st.data())
def test_sweeps_never_raise_the_objective(indices, congestion, data):
    n = len(indices)
    start = data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    found = optimise_budgets(curves_of(*indices), congestion, start)
    assert found.trace[0] == objective(curves_of(*indices), np.array(start), congestion)
    assert (np.diff(found.trace) <= 1e-12 * found.trace[0]).all()
    assert found.value == found.trace[-1]


def test_unused_budget_is_given_back_before_it_is_priced():
    """Minimising from counts that are not optimal would raise V in the first sweep here."""
    found = optimise_budgets(curves_of(2, 3), power_law(3.0, 1.5), [0.71, 0.23])
    assert (np.diff(found.trace) <= 0.0).all()


@given(device_sets, any_congestion)
def test_no_budget_is_left_unused(indices, congestion):
    curves = curves_of(*indices)
    found = optimise_budgets(curves, congestion)
    counts = respond(curves, found.budgets, others_of(found.budgets), congestion).counts[1]
    np.testing.assert_allclose(counts * (1 - GAMMA), found.budgets, atol=1e-11)


def test_one_device_takes_all_it_can_use():
    curves = curves_of(0)
    found = optimise_budgets(curves, power_law())
    assert found.budgets[0] == pytest.approx(curves.useful_budgets[0])
    assert found.value == pytest.approx(curves.values[0, -1])


def test_prohibitive_congestion_leaves_one_device_offloading():
    curves = curves_of(0, 0)
    found = optimise_budgets(curves, power_law(1e6))
    assert (found.budgets == 0.0).sum() == 1
    assert found.kinks.all()


@pytest.fixture(scope="module")
def golden():
    curve = local_budget_curve(device_mdp(DeviceParameters(0, 2, 1, 7)))
    return lambda n: response_curves([curve] * n, 0.95)


@pytest.mark.parametrize(
    ("n", "beta", "noted"),
    [(10, 1, 0.15), (10, 2, 0.10), (20, 1, 0.10), (20, 2, 0.07), (50, 1, 0.05), (50, 2, 0.03)],
)
def test_best_common_budget_is_near_the_coarse_golden_one(golden, n, beta, noted):
    """Notes: best on a coarse grid; the exact one lies within its spacing (0.05, 0.03 or 0.02)."""
    assert best_common_budget(golden(1), n, power_law(1.0, beta)) == pytest.approx(noted, abs=0.02)


@pytest.mark.parametrize(("n", "beta"), [(10, 1.0), (10, 2.0), (20, 1.5)])
def test_best_common_budget_is_best_on_a_fine_grid(golden, n, beta):
    congestion = power_law(1.0, beta)
    found = best_common_budget(golden(1), n, congestion)
    value = objective(golden(n), np.full(n, found), congestion)
    for theta in np.linspace(0.0, 0.5, 201):
        assert value <= objective(golden(n), np.full(n, theta), congestion) + 1e-10


def test_equal_devices_are_better_off_with_unequal_budgets(golden):
    """Linear penalty: the best common budget is not even a local optimum."""
    curves, congestion = golden(10), power_law()
    common = np.full(10, best_common_budget(golden(1), 10, congestion))
    value = objective(curves, common, congestion)
    assert certify(curves, congestion, common, np.array([value])).residual < 1e-9
    found = optimise_budgets(curves, congestion, common)
    assert found.value < value - 0.01
    assert np.ptp(found.budgets) > 0.01


def test_a_point_off_the_optimum_has_no_certificate():
    curves = curves_of(0, 1)
    found = certify(curves, power_law(), [0.01, 0.01], np.zeros(1))
    assert found.residual > 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimise_budgets(curves_of(0), power_law(), [1.1]), "budgets must lie in"),
        (lambda: best_common_budget(curves_of(0, 1), 2, power_law()), "of one device; got 2"),
        (lambda: best_common_budget(curves_of(0), 0, power_law()), "n_devices must be at least 1"),
        (lambda: best_common_budget(curves_of(0), 2, LOG), "congestion must be convex"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_too_few_sweeps_are_an_error_not_an_answer():
    with pytest.raises(NotStationaryError, match="max_sweeps = 0 must suffice"):
        optimise_budgets(curves_of(0, 1), power_law(), max_sweeps=0)
