"""Finite MDPs: validation, Bellman operators and values against definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.finite_mdp import (
    EPS,
    FiniteMDP,
    bellman_q,
    checked_policy,
    deterministic,
    finite_mdp,
    greedy,
    policy_value,
    start_value,
    with_cost,
    with_fewer_actions,
)
from lp_solvers.value_iteration import rounding
from tests.lp_solvers.strategies import costs, mdps, policies, relabellings

P = np.array([[[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.0, 1.0]]])
COST = np.array([[1.0, 2.0], [3.0, 4.0]])
START = np.array([0.5, 0.5])


def tolerance(mdp: FiniteMDP) -> float:
    """Error of a computed value: residual of a solve, amplified by 1 / (1 - gamma)."""
    largest = float(np.abs(mdp.cost).max()) / (1.0 - mdp.gamma)
    return rounding(mdp, largest) / (1.0 - mdp.gamma) + EPS


def bad(**changes: Any) -> dict[str, Any]:
    return {"P": P, "cost": COST, "gamma": 0.9, "start": START} | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"P": P * [[[1.0], [1.1]], [[1.0], [1.0]]]}, r"P must sum to 1.*row 1 sums to 1\.1"),
        ({"P": P[:, :1]}, r"P must have shape \(2, 2, 2\); got shape \(2, 1, 2\)"),
        ({"P": sp.csr_array(np.eye(2))}, r"P must have shape \(4, 2\); got shape \(2, 2\)"),
        ({"P": np.where(P == 0.25, np.nan, P)}, r"P must be finite and non-negative; got nan"),
        ({"P": P - np.eye(2)}, r"P must be .*non-negative; got -0\.5"),
        (
            {"cost": [[1.0, np.nan], [0.0, 0.0]]},
            r"cost must be finite; got nan at state 0, action 1",
        ),
        ({"cost": [[1.0, 0.0], [-np.inf, 0.0]]}, r"cost must be finite; got -inf at state 1"),
        ({"cost": [1.0, 2.0]}, r"cost must have shape \(S, A\).*got shape \(2,\)"),
        ({"cost": np.zeros((0, 2))}, r"cost must have shape \(S, A\) with S, A >= 1"),
        ({"cost": np.zeros((2, 0))}, r"cost must have shape \(S, A\) with S, A >= 1"),
        ({"gamma": 1.0}, r"gamma must be in \[0, 1\); got 1\.0"),
        ({"gamma": -0.1}, r"gamma must be in \[0, 1\); got -0\.1"),
        ({"gamma": np.nan}, r"gamma must be in \[0, 1\); got nan"),
        ({"start": [0.5, 0.6]}, r"start must sum to 1.*sums to 1\.1"),
        ({"start": [1.5, -0.5]}, r"start must be finite and non-negative; got -0\.5"),
        ({"start": [1.0]}, r"start must have shape \(2,\); got shape \(1,\)"),
        ({"allowed": [[True, True], [False, False]]}, r"allowed must offer .* state 1 has none"),
        ({"allowed": [[1, 1], [1, 0]]}, r"allowed must be boolean"),
        ({"allowed": [True, True]}, r"allowed must be boolean with shape \(2, 2\)"),
    ],
)
def test_bad_input_is_refused_by_name_rule_and_value(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        finite_mdp(**bad(**changes))


def test_row_sums_are_held_to_rounding_not_to_a_guess() -> None:
    """Two entries: 66 epsilons are accepted, 200 are not."""
    for excess, accepted in ((32 * EPS, True), (200 * EPS, False)):
        rows = P.copy()
        rows[0, 0, 0] += excess
        if accepted:
            finite_mdp(**bad(P=rows))
        else:
            with pytest.raises(ValueError, match="P must sum to 1"):
                finite_mdp(**bad(P=rows))


def test_entries_of_disallowed_actions_are_not_read() -> None:
    allowed = np.array([[True, False], [True, True]])
    rows, cost = P.copy(), COST.copy()
    rows[0, 1], cost[0, 1] = np.nan, np.inf
    mdp = finite_mdp(rows, cost, 0.9, START, allowed)
    assert not mdp.P[0, 1].any()
    assert mdp.cost[0, 1] == 0.0
    assert bellman_q(mdp, np.zeros(2))[0, 1] == np.inf


def test_dense_and_sparse_input_make_the_same_process() -> None:
    dense = finite_mdp(P, COST, 0.9, START)
    for rows in (sp.coo_array(P.reshape(4, 2)), sp.csc_matrix(P.reshape(4, 2))):
        assert (finite_mdp(rows, COST, 0.9, START).P == dense.P).all()


def test_inputs_are_copied() -> None:
    rows, cost = sp.csr_array(P.reshape(4, 2)), COST.copy()
    mdp = finite_mdp(rows, cost, 0.9, START)
    rows.data[:] = 0.0
    cost[:] = 0.0
    assert (mdp.P == P).all()
    assert (mdp.cost == COST).all()


@given(st.data())
def test_value_satisfies_its_definition(data: st.DataObject) -> None:
    """``V = cost_pi + gamma P_pi V``, computed densely."""
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    value = policy_value(mdp, policy)
    chain = np.einsum("sa,sat->st", policy, mdp.P)
    once = (policy * mdp.cost).sum(axis=1) + mdp.gamma * chain @ value
    assert np.abs(value - once).max() <= tolerance(mdp)
    assert start_value(mdp, policy) == pytest.approx(mdp.start @ value, abs=tolerance(mdp))


@given(st.data())
def test_value_is_the_limit_of_finite_horizons(data: st.DataObject) -> None:
    """After n steps what is missing is at most ``gamma^n max|cost| / (1 - gamma)``."""
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    cost, chain = (policy * mdp.cost).sum(axis=1), np.einsum("sa,sat->st", policy, mdp.P)
    total, law = np.zeros(mdp.n_states), np.eye(mdp.n_states)
    for t in range(60):
        total += mdp.gamma**t * law @ cost
        law = law @ chain
    missing = mdp.gamma**60 * np.abs(mdp.cost).max() / (1.0 - mdp.gamma)
    assert np.abs(policy_value(mdp, policy) - total).max() <= missing + tolerance(mdp)


@given(st.data())
def test_value_is_linear_in_the_cost(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy, other = data.draw(policies(mdp)), data.draw(costs(mdp.cost.shape))
    doubled = with_cost(mdp, 2.0 * mdp.cost + other)
    expected = 2.0 * policy_value(mdp, policy) + policy_value(with_cost(mdp, other), policy)
    error = np.abs(policy_value(doubled, policy) - expected).max()
    assert error <= 4.0 * tolerance(doubled) + tolerance(with_cost(mdp, other))


@given(st.data())
def test_a_constant_cost_is_worth_it_over_one_minus_gamma(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    value = policy_value(with_cost(mdp, np.ones(mdp.cost.shape)), data.draw(policies(mdp)))
    assert value * (1.0 - mdp.gamma) == pytest.approx(1.0, abs=1e-13 / (1.0 - mdp.gamma))


@given(st.data())
def test_names_of_states_and_actions_do_not_matter(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    s, a = data.draw(relabellings(mdp))
    renamed = finite_mdp(
        mdp.P[s][:, a][:, :, s], mdp.cost[s][:, a], mdp.gamma, mdp.start[s], mdp.allowed[s][:, a]
    )
    error = policy_value(renamed, policy[s][:, a]) - policy_value(mdp, policy)[s]
    assert np.abs(error).max() <= 2.0 * tolerance(mdp)


@given(st.data())
def test_bellman_q_is_its_definition(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    value = data.draw(costs((mdp.n_states,)))
    q = bellman_q(mdp, value)
    expected = mdp.cost + mdp.gamma * mdp.P @ value
    assert np.allclose(q[mdp.allowed], expected[mdp.allowed], rtol=0, atol=1e-13)
    assert (q[~mdp.allowed] == np.inf).all()
    chosen = greedy(q)
    assert mdp.allowed[np.arange(mdp.n_states), chosen].all()
    assert (np.take_along_axis(q, chosen[:, None], 1) <= q).all()


@given(mdps())
def test_flow_matrix_is_identity_minus_discounted_transitions(mdp: FiniteMDP) -> None:
    identity = np.repeat(np.eye(mdp.n_states), mdp.n_actions, axis=0)
    expected = identity - mdp.gamma * mdp.P.reshape(-1, mdp.n_states)
    assert (mdp.flow.toarray() == expected).all()


def test_variants_share_what_depends_on_the_transitions_only() -> None:
    mdp = finite_mdp(P, COST, 0.9, START)
    prepared = mdp.ordered_flow
    assert with_cost(mdp, COST + 1.0).ordered_flow is prepared
    fewer = with_fewer_actions(mdp, [[True, False], [True, True]])
    assert fewer.flow is mdp.flow
    assert fewer.offered_cost[0, 1] == np.inf


def test_actions_can_be_withdrawn_but_not_added() -> None:
    mdp = with_fewer_actions(finite_mdp(P, COST, 0.9, START), [[True, False], [True, True]])
    with pytest.raises(ValueError, match="subset of the process's; got action 1 at state 0"):
        with_fewer_actions(mdp, np.ones((2, 2), dtype=bool))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (np.ones((2, 3)) / 3, r"policy must have shape \(2, 2\); got shape \(2, 3\)"),
        (np.array([[0.5, 0.4], [1.0, 0.0]]), r"policy must sum to 1.*row 0 sums to 0\.9"),
        (np.array([[1.5, -0.5], [1.0, 0.0]]), r"policy must be .*non-negative; got -0\.5 in row 0"),
        (np.array([[np.nan, 1.0], [1.0, 0.0]]), r"policy must be finite"),
        (np.array([[0.5, 0.5], [1.0, 0.0]]), r"disallowed.*probability 0\.5 at state 0, action 1"),
    ],
)
def test_bad_policies_are_refused(policy: Any, message: str) -> None:
    mdp = finite_mdp(P, COST, 0.9, START, np.array([[True, False], [True, True]]))
    for function in (checked_policy, policy_value, start_value):
        with pytest.raises(ValueError, match=message):
            function(mdp, policy)


def test_deterministic_policies() -> None:
    assert deterministic([1, 0], 2).tolist() == [[0, 1], [1, 0]]
    for actions in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match=r"actions must be in 0\.\.1; got"):
            deterministic(actions, 2)
    for actions in ([[0, 1]], [0.0, 1.0]):
        with pytest.raises(ValueError, match="actions must be a vector of integers"):
            deterministic(actions, 2)


def test_values_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"value must have shape \(2,\); got shape \(3,\)"):
        bellman_q(finite_mdp(P, COST, 0.9, START), np.zeros(3))
