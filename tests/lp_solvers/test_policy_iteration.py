"""Policy iteration: exact optimum, Bellman equation, invariances, no endless ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.finite_mdp import (
    FiniteMDP,
    bellman_q,
    deterministic,
    finite_mdp,
    policy_value,
    with_cost,
)
from lp_solvers.policy_iteration import advantages, improved, policy_iteration
from lp_solvers.value_iteration import value_iteration
from tests.lp_solvers.strategies import mdps, policies, random_mdp, relabellings
from tests.lp_solvers.test_finite_mdp import tolerance
from tests.oracles.policy_enumeration import enumerate_policies


@given(mdps(max_states=3))
def test_optimal_in_every_state_against_enumeration(mdp: FiniteMDP) -> None:
    best = enumerate_policies(mdp).values.min(axis=0)
    assert np.abs(policy_iteration(mdp).value - best).max() <= 2 * tolerance(mdp)


@given(mdps())
def test_value_solves_the_bellman_equation_and_is_the_policys_own(mdp: FiniteMDP) -> None:
    result = policy_iteration(mdp)
    policy = deterministic(result.actions, mdp.n_actions)
    assert np.abs(bellman_q(mdp, result.value).min(axis=1) - result.value).max() <= tolerance(mdp)
    assert np.abs(policy_value(mdp, policy) - result.value).max() <= tolerance(mdp)
    assert not (policy[~mdp.allowed]).any()


@given(st.data())
def test_any_start_leads_to_the_same_value(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    start = np.argmax(data.draw(policies(mdp)), axis=1)
    error = policy_iteration(mdp, start).value - policy_iteration(mdp).value
    assert np.abs(error).max() <= 2 * tolerance(mdp)


@given(st.data())
def test_names_of_states_and_actions_do_not_matter(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    s, a = data.draw(relabellings(mdp))
    renamed = finite_mdp(
        mdp.P[s][:, a][:, :, s], mdp.cost[s][:, a], mdp.gamma, mdp.start[s], mdp.allowed[s][:, a]
    )
    error = policy_iteration(renamed).value - policy_iteration(mdp).value[s]
    assert np.abs(error).max() <= 2 * tolerance(mdp)


@given(mdps(), st.sampled_from([0.5, 3.0, 1e6]), st.integers(-3, 3))
def test_scaling_and_shifting_the_cost(mdp: FiniteMDP, scale: float, shift: int) -> None:
    """Cost ``scale * cost + shift`` has value ``scale * V + shift / (1 - gamma)``."""
    changed = with_cost(mdp, scale * mdp.cost + shift)
    expected = scale * policy_iteration(mdp).value + shift / (1.0 - mdp.gamma)
    error = np.abs(policy_iteration(changed).value - expected).max()
    assert error <= 2 * tolerance(changed) + 2 * scale * tolerance(mdp)


@pytest.mark.parametrize("gamma", [0.0, 0.9, 0.999])
def test_larger_processes_agree_with_value_iteration(gamma: float) -> None:
    mdp = random_mdp(np.random.default_rng(3), 60, 4, gamma)
    result = policy_iteration(mdp)
    other = value_iteration(mdp, 1e-6)
    assert np.abs(result.value - other.value).max() <= 1e-6
    assert result.n_evaluations <= 3


def test_equally_good_actions_never_replace_each_other() -> None:
    """All actions are copies, so every policy is optimal and the first evaluated one stays."""
    one = random_mdp(np.random.default_rng(4), 50, 1)
    copies = finite_mdp(
        np.repeat(one.P, 3, axis=1), np.repeat(one.cost, 3, axis=1), one.gamma, one.start
    )
    start = np.random.default_rng(5).integers(0, 3, 50)
    result = policy_iteration(copies, start)
    assert (result.actions == start).all()
    assert result.n_evaluations == 1


def test_an_improvement_larger_than_rounding_is_taken() -> None:
    """A cost difference of 1e-10 in one action of one state decides."""
    cost = np.ones((2, 2))
    cost[1, 1] -= 1e-10
    mdp = finite_mdp(np.full((2, 2, 2), 0.5), cost, 0.9, [0.5, 0.5])
    assert policy_iteration(mdp, [0, 0]).actions.tolist() == [0, 1]


@given(mdps())
def test_advantages_vanish_exactly_for_the_policys_own_actions(mdp: FiniteMDP) -> None:
    result = policy_iteration(mdp)
    table = advantages(mdp, result.value)
    own = np.take_along_axis(table, result.actions[:, None], axis=1)
    assert np.abs(own).max() <= tolerance(mdp)
    assert table.min() >= -tolerance(mdp)
    assert (table[~mdp.allowed] == np.inf).all()
    assert improved(mdp, result.actions, result.value) is None


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ([0], r"actions must be 2 integers; got \[0\]"),
        ([0.0, 1.0], "actions must be 2 integers"),
        ([0, 1], "actions must be allowed; got 1 at state 1"),
        ([-1, 0], "actions must be allowed; got -1 at state 0"),
        ([0, 2], "actions must be allowed; got 2 at state 1"),
    ],
)
def test_bad_starts_are_refused(start: Any, message: str) -> None:
    allowed = np.array([[True, True], [True, False]])
    mdp = finite_mdp(np.full((2, 2, 2), 0.5), np.zeros((2, 2)), 0.9, [0.5, 0.5], allowed)
    with pytest.raises(ValueError, match=message):
        policy_iteration(mdp, start)
