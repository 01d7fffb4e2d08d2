"""Value iteration: contraction, its guaranteed bound, and refusal of the impossible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.finite_mdp import FiniteMDP, bellman_q, finite_mdp
from lp_solvers.value_iteration import cheapest, rounding, sweep, value_iteration
from tests.lp_solvers.strategies import costs, mdps
from tests.lp_solvers.test_finite_mdp import tolerance
from tests.oracles.policy_enumeration import enumerate_policies


@given(mdps(max_states=3))
def test_the_bound_holds_against_enumeration(mdp: FiniteMDP) -> None:
    best = enumerate_policies(mdp).values.min(axis=0)
    for wanted in (1e-2, 1e-6):
        result = value_iteration(mdp, wanted)
        assert result.error <= wanted
        assert np.abs(result.value - best).max() <= result.error + tolerance(mdp)


@given(st.data())
def test_a_sweep_contracts_by_gamma(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    one, two = (data.draw(costs((mdp.n_states,))) for _ in range(2))
    gap = np.abs(sweep(mdp, one) - sweep(mdp, two)).max()
    assert gap <= mdp.gamma * np.abs(one - two).max() + 1e-14


@given(st.data())
def test_a_sweep_is_monotone(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    low = data.draw(costs((mdp.n_states,)))
    high = low + data.draw(costs((mdp.n_states,)))
    assert (sweep(mdp, low) <= sweep(mdp, high) + 1e-14).all()


@given(mdps())
def test_cheapest_is_the_minimum_over_allowed_actions(mdp: FiniteMDP) -> None:
    q = bellman_q(mdp, np.zeros(mdp.n_states))
    expected = [min(row[mask]) for row, mask in zip(mdp.cost, mdp.allowed, strict=True)]
    assert cheapest(q).tolist() == expected


def test_without_discounted_future_one_sweep_is_exact() -> None:
    mdp = finite_mdp([[[1.0], [1.0]]], [[3.0, 2.0]], 0.0, [1.0])
    result = value_iteration(mdp, 1e-9)
    assert (result.value.item(), result.actions.item(), result.n_sweeps) == (2.0, 1, 1)


@pytest.mark.parametrize("wanted", [0.0, -1.0, 1e-15, np.nan])
def test_tolerances_below_rounding_are_refused(wanted: float) -> None:
    mdp = finite_mdp([[[1.0], [1.0]]], [[3.0, 2.0]], 0.9, [1.0])
    with pytest.raises(ValueError, match=r"tolerance must exceed the rounding error .*; got"):
        value_iteration(mdp, wanted)


@given(mdps())
def test_rounding_bounds_the_error_of_an_exact_fixed_point(mdp: FiniteMDP) -> None:
    """A constant value's Bellman update is known: ``cost + gamma v``."""
    value = np.full(mdp.n_states, 3.0)
    error = np.abs(bellman_q(mdp, value) - (mdp.cost + mdp.gamma * 3.0))[mdp.allowed].max()
    assert error <= rounding(mdp, 3.0)
