"""The factorisation kernel against dense algebra, and the order of elimination."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.finite_mdp import FiniteMDP, deterministic, finite_mdp
from lp_solvers.policy_factor import factor_actions, factor_policy, mixed_rows, ordered_flow
from tests.lp_solvers.strategies import Array, costs, mdps, policies, random_mdp
from tests.lp_solvers.test_finite_mdp import tolerance


def _dense(mdp: FiniteMDP, policy: Array) -> Array:
    return np.eye(mdp.n_states) - mdp.gamma * np.einsum("sa,sat->st", policy, mdp.P)


@given(st.data())
def test_solves_with_the_matrix_and_its_transpose(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    factor, matrix = factor_policy(mdp.ordered_flow, policy), _dense(mdp, policy)
    right = data.draw(costs((mdp.n_states,)))
    assert np.abs(matrix @ factor.values(right) - right).max() <= 10 * tolerance(mdp)
    assert np.abs(factor.visits(right) @ matrix - right).max() <= 10 * tolerance(mdp)


@given(st.data())
def test_several_costs_at_once_are_the_same_as_one_by_one(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    factor = factor_policy(mdp.ordered_flow, data.draw(policies(mdp)))
    both = data.draw(costs((mdp.n_states, 2)))
    together = factor.values(both)
    for k in range(2):
        single = factor.values(np.ascontiguousarray(both[:, k]))
        assert np.abs(together[:, k] - single).max() <= tolerance(mdp)


@given(st.data())
def test_actions_are_the_special_case_of_a_deterministic_policy(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    actions = np.argmax(data.draw(policies(mdp)), axis=1)
    value = factor_actions(mdp.ordered_flow, actions).values(np.ones(mdp.n_states))
    policy = deterministic(actions, mdp.n_actions)
    expected = factor_policy(mdp.ordered_flow, policy).values(np.ones(mdp.n_states))
    assert np.abs(value - expected).max() <= tolerance(mdp)


@given(st.data())
def test_mixed_rows_leave_their_input_alone(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    before = policy.copy()
    chain = mixed_rows(mdp.transitions, policy)
    expected = np.einsum("sa,sat->st", policy, mdp.P)
    assert np.allclose(chain.toarray(), expected, rtol=0, atol=1e-15)
    assert (policy == before).all()


@given(mdps(max_states=6))
def test_the_order_is_a_permutation_and_relabels_columns_only(mdp: FiniteMDP) -> None:
    flow = ordered_flow(mdp.flow)
    assert sorted(flow.order) == list(range(mdp.n_states))
    assert (flow.rows.toarray() == mdp.flow.toarray()[:, flow.order]).all()


@pytest.mark.parametrize("restart", [0.0, 0.1])
def test_the_order_keeps_factors_of_local_dynamics_sparse(restart: float) -> None:
    """A randomly labelled line of 400 states, without and with restarts to one of them.

    A band of width w has at most (2 w + 1) entries a row in both factors together plus the
    diagonal; here w <= 2, and the restart column adds one row and one column.
    """
    n, rng = 400, np.random.default_rng(1)
    names = rng.permutation(n)
    rows = np.zeros((n, n))
    for s in range(n):
        for step in (-1, 1):
            rows[names[s], names[min(max(s + step, 0), n - 1)]] += 0.5 * (1.0 - restart)
        rows[names[s], names[n // 2]] += restart
    mdp = finite_mdp(sp.csr_array(rows), np.zeros((n, 1)), 0.9, np.full(n, 1 / n))
    lu = factor_actions(mdp.ordered_flow, np.zeros(n, dtype=np.intp)).transposed
    assert lu.L.nnz + lu.U.nnz <= 8 * n


def test_the_order_does_not_depend_on_the_policy_evaluated_first() -> None:
    """So the same problem gives the same bits whatever was solved before on the same object."""
    mdp = random_mdp(np.random.default_rng(2), 40, 3)
    actions = np.ones(40, dtype=np.intp)
    fresh = factor_actions(ordered_flow(mdp.flow), actions).values(mdp.start)
    factor_policy(mdp.ordered_flow, np.full((40, 3), 1 / 3))
    assert (factor_actions(mdp.ordered_flow, actions).values(mdp.start) == fresh).all()
