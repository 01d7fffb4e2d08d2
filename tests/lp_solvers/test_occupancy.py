"""Occupancies: mass, flow, costs, and the way there and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import cvx, highs
from lp_solvers.certificate import certify
from lp_solvers.finite_mdp import FiniteMDP, deterministic, finite_mdp, start_value
from lp_solvers.occupancy import (
    occupancy_from_pairs,
    occupancy_lp,
    occupancy_of_policy,
    policy_from_occupancy,
    state_visits,
    stationary_distribution,
)
from lp_solvers.policy_iteration import policy_iteration
from tests.lp_solvers.strategies import mdps, policies
from tests.lp_solvers.test_finite_mdp import tolerance
from tests.oracles.policy_enumeration import enumerate_policies


@given(st.data())
def test_mass_flow_and_support(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    x = occupancy_of_policy(mdp, data.draw(policies(mdp)))
    noise = 1e-13 / (1.0 - mdp.gamma) ** 2
    assert x.sum() == pytest.approx(1.0 / (1.0 - mdp.gamma), abs=noise)
    inflow = mdp.start + mdp.gamma * np.einsum("sa,sat->t", x, mdp.P)
    assert np.abs(x.sum(axis=1) - inflow).max() <= noise
    assert x.min() >= 0.0
    assert not x[~mdp.allowed].any()


@given(st.data())
def test_costs_are_linear_in_the_occupancy(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    cost = float((occupancy_of_policy(mdp, policy) * mdp.cost).sum())
    assert cost == pytest.approx(start_value(mdp, policy), abs=2 * tolerance(mdp))


@given(st.data())
def test_it_is_the_discounted_sum_of_state_laws(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    chain, law, visits = np.einsum("sa,sat->st", policy, mdp.P), mdp.start, 0.0
    for t in range(60):
        visits, law = visits + mdp.gamma**t * law, law @ chain
    missing = mdp.gamma**60 / (1.0 - mdp.gamma)
    assert np.abs(state_visits(mdp, policy) - visits).max() <= missing + 1e-12 / (1 - mdp.gamma)


@given(st.data())
def test_a_policy_comes_back_from_its_occupancy_where_it_matters(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    x = occupancy_of_policy(mdp, policy)
    back = policy_from_occupancy(x, mdp.allowed)
    seen = x.sum(axis=1) > 1e-9
    assert np.abs(back - policy)[seen].max(initial=0.0) <= 1e-14
    assert np.abs(occupancy_of_policy(mdp, back) - x).max() <= 1e-12 / (1.0 - mdp.gamma) ** 2


def test_states_never_visited_follow_the_default() -> None:
    allowed = np.array([[True, True], [True, False]])
    x = [[1.0, 3.0], [0.0, 0.0]]
    assert policy_from_occupancy(x, allowed).tolist() == [[0.25, 0.75], [1, 0]]
    x = [[0.0, 0.0], [2.0, 0.0]]
    assert policy_from_occupancy(x, allowed).tolist() == [[0.5, 0.5], [1, 0]]
    chosen = deterministic([1, 0], 2)
    assert policy_from_occupancy(x, allowed, chosen).tolist() == [[0, 1], [1, 0]]


def test_solver_noise_is_not_read_as_a_policy() -> None:
    x = [[1.0, -1e-18], [1e-18, 3e-18]]
    allowed = np.ones((2, 2), dtype=bool)
    assert policy_from_occupancy(x, allowed).tolist() == [[1, 0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, 1.0]], r"x must have shape \(2, 2\); got shape \(1, 2\)"),
        ([[1.0, np.nan], [0.0, 0.0]], "x must be finite with positive mass; got nan"),
        ([[0.0, 0.0], [0.0, 0.0]], r"positive mass; got 0\.0"),
        ([[1.0, 0.0], [0.0, 0.5]], r"x must be 0 at disallowed pairs; got 0\.5"),
    ],
)
def test_bad_occupancies_are_refused(x: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy_from_occupancy(x, np.array([[True, True], [True, False]]))


@given(mdps())
def test_linear_program_policy_iteration_and_extracted_policy_agree(mdp: FiniteMDP) -> None:
    lp = occupancy_lp(mdp)
    answer = highs.solve(lp)
    assert certify(lp, answer).worst <= 1e-9
    best = policy_iteration(mdp)
    x = occupancy_from_pairs(mdp, answer.x)
    policy = policy_from_occupancy(x, mdp.allowed)
    # HiGHS holds its constraints to 1e-10; a residual costs up to max|V| = max|cost|/(1-gamma).
    close = 1e-9 * (1.0 + np.abs(mdp.cost).max()) / (1.0 - mdp.gamma) ** 2
    assert answer.value == pytest.approx(mdp.start @ best.value, abs=close)
    assert start_value(mdp, policy) == pytest.approx(answer.value, abs=close)
    assert not x[~mdp.allowed].any()


@given(mdps(max_states=3))
def test_duals_of_the_flow_are_optimal_values_where_they_count(mdp: FiniteMDP) -> None:
    answer = highs.solve(occupancy_lp(mdp))
    best = enumerate_policies(mdp)
    values, visited = best.values.min(axis=0), best.visits[best.costs.argmin()] > 1e-9
    close = 1e-8 * (1.0 + np.abs(mdp.cost).max()) / (1.0 - mdp.gamma) ** 2
    assert np.abs(answer.y_eq - values)[visited].max() <= close


def test_disallowed_pairs_are_no_variables() -> None:
    allowed = np.array([[True, False], [True, True]])
    mdp = finite_mdp(np.full((2, 2, 2), 0.5), np.ones((2, 2)), 0.5, [1, 0], allowed)
    lp = occupancy_lp(mdp)
    assert lp.n_variables == 3
    assert occupancy_from_pairs(mdp, [1.0, 2.0, 3.0]).tolist() == [[1, 0], [2, 3]]


@given(mdps(max_states=3))
def test_second_opinion(mdp: FiniteMDP) -> None:
    lp = occupancy_lp(mdp)
    scale = (1.0 + np.abs(mdp.cost).max()) / (1.0 - mdp.gamma)
    assert cvx.solve(lp).value == pytest.approx(highs.solve(lp).value, abs=1e-7 * scale)


@given(st.data())
def test_long_run_law_is_stationary_and_the_limit_of_averages(data: st.DataObject) -> None:
    """Abel's theorem: ``(1 - gamma)`` times the discounted visits tend to it as gamma to 1."""
    mdp = data.draw(mdps(max_states=4))
    policy = data.draw(policies(mdp))
    law = stationary_distribution(mdp, policy)
    chain = np.einsum("sa,sat->st", policy, mdp.P)
    assert law.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(law @ chain - law).max() <= 1e-12
    patient = finite_mdp(mdp.P, mdp.cost, 1.0 - 1e-8, mdp.start, mdp.allowed)
    average = 1e-8 * state_visits(patient, policy)
    # Weights are at least 1/9, so everything mixes within some hundreds of steps.
    assert np.abs(average - law).max() <= 1e-4


def test_long_run_law_of_a_chain_with_two_closed_classes() -> None:
    """State 0 falls into the cycle {1, 2} with 0.3 and is absorbed in 3 with 0.7; 4 leads to 0."""
    P = np.zeros((5, 1, 5))
    P[0, 0, [1, 3]] = 0.3, 0.7
    P[1, 0, 2] = P[2, 0, 1] = P[3, 0, 3] = P[4, 0, 0] = 1.0
    mdp = finite_mdp(P, np.zeros((5, 1)), 0.5, [0.5, 0, 0, 0, 0.5])
    law = stationary_distribution(mdp, np.ones((5, 1)))
    assert law == pytest.approx([0, 0.15, 0.15, 0.7, 0], abs=1e-15)
