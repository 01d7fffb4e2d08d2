"""Specifies the named instances: what they are, and every number that is known of them.

The golden numbers come from an independent reconstruction of the paper's device and are compared
to all printed digits.
"""

from __future__ import annotations

import numpy as np
import pytest

from lp_solvers.constrained_mdp import solve_by_lp
from lp_solvers.finite_mdp import deterministic, policy_value
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import OFFLOAD, PROCESS, WAIT, DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate_identical
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.objective.response import local_budget_curve, respond, response_curves
from refimpl.dcc.policies import always_offload
from refimpl.dcc.theory.instances import GAMMA, age_only, golden_device, toy_device
from tests.dcc.golden import TEN_DEVICES

GRID = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)


@pytest.fixture(scope="module")
def golden():
    """Golden device, its budget curve, and its responses."""
    mdp = device_mdp(golden_device())
    curve = local_budget_curve(mdp)
    return mdp, curve, response_curves([curve], GAMMA)


def test_the_golden_device_is_the_paper_s():
    device = golden_device()
    assert (device.max_aoi, device.battery, device.gamma, device.deficit_power) == (15, 15, 0.95, 2)
    assert (device.harvest_low, device.harvest_high) == (0, 2)
    assert (device.cost_low, device.cost_high) == (1, 7)


@pytest.mark.parametrize(
    ("bounds", "printed"),
    [
        ((0, 2, 1, 7), "46.1"),
        ((0, 1, 1, 5), "51.1"),
        ((1, 3, 1, 5), "25.8"),
        ((0, 1, 1, 10), "83.2"),
    ],
)
def test_golden_values_without_and_with_free_offloading(bounds, printed):
    curve = local_budget_curve(device_mdp(DeviceParameters(*bounds)))
    assert f"{curve.values[0]:.1f}" == printed
    # Free offloading keeps the age at 1 for ever: sum of 0.95^t.
    assert curve.values[-1] == pytest.approx(20.0, rel=1e-9)


@pytest.mark.parametrize(("beta", "budget", "value", "local", "coupling"), TEN_DEVICES)
def test_golden_values_of_ten_devices_by_two_ways(golden, beta, budget, value, local, coupling):
    mdp, _, curves = golden
    congestion, others = power_law(beta=beta), 9 * budget
    program = solve_by_lp(local_cmdp(LocalProblem(mdp, budget, others, congestion)))
    assert program.certificate.worst < 1e-9
    assert f"{program.value:.4f}" == value
    assert f"{-program.multipliers[0] / (1.0 - GAMMA):.3f}" == local
    answer = respond(curves, [budget], [others], congestion)
    assert f"{answer.values[0]:.4f}" == value
    assert {f"{side[0]:.3f}" for side in answer.local} == {local}
    assert [float(side[0]) for side in answer.coupling] == pytest.approx([coupling] * 2, rel=1e-9)
    slope = float(congestion.derivative(1.0 + others)) * program.constraint_values[0]
    assert slope == pytest.approx(coupling, rel=1e-8)


@pytest.mark.parametrize(
    ("n", "beta", "best"),
    [(10, 1, 0.15), (10, 2, 0.1), (20, 1, 0.1), (20, 2, 0.07), (50, 1, 0.05), (50, 2, 0.03)],
)
def test_best_common_budgets_on_a_coarse_grid(golden, n, beta, best):
    values = [respond(golden[2], [b], [(n - 1) * b], power_law(beta=beta)).values[0] for b in GRID]
    assert GRID[int(np.argmin(values))] == best


@pytest.mark.parametrize(("n", "times"), [(10, 3), (20, 6), (50, 14)])
def test_selfish_play_costs_a_multiple_of_never_offloading(golden, n, times):
    """How often devices offload when it is free is not unique, so the multiple is not either.

    It lies between those of the vertex that offloads least and of offloading always.
    """
    mdp, curve, _ = golden
    ends = (deterministic(curve.actions[-1], 3), always_offload(mdp.n_states))
    least, most = (
        evaluate_identical(mdp, policy, n, power_law()).total / n / curve.values[0]
        for policy in ends
    )
    assert least < times < most
    assert most == pytest.approx(20.0 * n / curve.values[0], rel=1e-9)


def test_the_toy_device_has_25_states_and_the_stated_laws():
    device, mdp = toy_device(), device_mdp(toy_device())
    assert mdp.n_states == 25
    assert mdp.gamma == GAMMA == 0.95
    np.testing.assert_allclose(device.harvest.amounts, [[0.6, 0.4]])
    np.testing.assert_allclose(device.cost.amounts, [[0.0, 0.5, 0.3, 0.2]])
    # Waiting at age x costs x whatever the battery.
    np.testing.assert_allclose(mdp.cost[:, WAIT], np.repeat(np.arange(1.0, 6.0), 5))


@pytest.mark.parametrize("max_aoi", [2, 4, 7])
def test_age_only_is_deterministic_and_without_energy(max_aoi):
    mdp = age_only(max_aoi)
    assert set(np.unique(mdp.P)) == {0.0, 1.0}
    assert not mdp.allowed[:, PROCESS].any()
    assert mdp.allowed[:, [WAIT, OFFLOAD]].all()
    np.testing.assert_allclose(mdp.cost[:, OFFLOAD], (np.arange(1, max_aoi + 1) / max_aoi) ** 2)
    np.testing.assert_array_equal(mdp.start, np.eye(max_aoi)[0])


def test_age_only_offloads_always_if_it_is_free_and_ages_if_it_never_does():
    mdp = age_only(4)
    assert (policy_iteration(mdp).actions[1:] == OFFLOAD).all()
    waiting = mdp.start @ policy_value(mdp, deterministic(np.zeros(4, dtype=int), 3))
    ages = np.minimum(np.arange(2000), 3) + 1.0
    assert waiting == pytest.approx((GAMMA ** np.arange(2000)) @ (ages / 4) ** 2, rel=1e-12)


@pytest.mark.parametrize("max_aoi", [1, 0, -3])
def test_a_single_age_leaves_nothing_to_decide(max_aoi):
    with pytest.raises(ValueError, match=f"max_aoi must be at least 2; got {max_aoi}"):
        age_only(max_aoi)
