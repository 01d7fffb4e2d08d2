"""The alternatives solve the same problem: their values agree with ours."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from benchmarks.dcc.instances import device_instance
from benchmarks.dcc.ready_made import constrained_solvers, quantecon_process
from lp_solvers import lagrangian
from lp_solvers.policy_iteration import policy_iteration


def test_every_installed_solver_finds_our_value() -> None:
    instance = device_instance(quick=True)
    solvers, _ = constrained_solvers()
    ours = lagrangian.solve(instance.constrained(2.0)).value
    assert {"scipy linprog highs", "scipy linprog highs-ipm", "cvxpy CLARABEL"} <= set(solvers)
    for name, solve in solvers.items():
        assert solve(instance, 2.0) == pytest.approx(ours, rel=1e-6), name


def test_absent_packages_are_named_and_their_solvers_skipped() -> None:
    solvers, skipped = constrained_solvers({"cvxpy": "1.0"}.get)
    assert set(solvers) == {"scipy linprog highs", "scipy linprog highs-ipm"}
    assert skipped == {
        "cvxpy CLARABEL": "clarabel not installed",
        "cvxpy ECOS": "ecos not installed",
    }


@pytest.mark.skipif(not importlib.util.find_spec("quantecon"), reason="quantecon not installed")
def test_quantecon_solves_our_process_with_the_sign_changed() -> None:
    instance = device_instance(quick=True)
    theirs = quantecon_process(instance).solve(method="policy_iteration")
    assert -theirs.v == pytest.approx(policy_iteration(instance.build()).value, rel=1e-12)


def test_full_instance_has_the_size_it_is_named_for() -> None:
    instance = device_instance(quick=False)
    assert instance.cost.shape == (720, 3)
    assert instance.transitions.shape == (2160, 720)
    assert np.asarray(instance.transitions.sum(axis=1)).ravel() == pytest.approx(1)
