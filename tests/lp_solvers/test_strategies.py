"""The generators of random MDPs: what they build is valid, and varied enough to matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from lp_solvers.constrained_mdp import ConstrainedMDP
from lp_solvers.finite_mdp import FiniteMDP, checked_policy
from tests.lp_solvers.strategies import (
    feasible_cmdps,
    infeasible_cmdps,
    mdps,
    policies,
    random_mdp,
    relabellings,
)
from tests.oracles.policy_enumeration import constrained_optimum, enumerate_policies


@given(mdps())
def test_rows_of_allowed_actions_are_distributions_and_others_empty(mdp: FiniteMDP) -> None:
    sums = mdp.P.sum(axis=2)
    assert np.allclose(sums, mdp.allowed, rtol=0, atol=1e-14)
    assert mdp.P.min() >= 0.0
    assert not mdp.cost[~mdp.allowed].any()


@given(st.data())
def test_policies_belong_to_their_process(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    policy = data.draw(policies(mdp))
    assert checked_policy(mdp, policy) is policy


@given(feasible_cmdps(max_constraints=2))
def test_feasible_ones_are(cmdp: ConstrainedMDP) -> None:
    points = enumerate_policies(cmdp.mdp, cmdp.constraint_costs)
    assert constrained_optimum(points, cmdp.budgets + 1e-9) is not None


@given(infeasible_cmdps())
def test_infeasible_ones_are(cmdp: ConstrainedMDP) -> None:
    points = enumerate_policies(cmdp.mdp, cmdp.constraint_costs)
    assert points.counts.min() > cmdp.budgets[0]


@given(st.data())
def test_relabellings_are_permutations(data: st.DataObject) -> None:
    mdp = data.draw(mdps())
    states, actions = data.draw(relabellings(mdp))
    assert sorted(states) == list(range(mdp.n_states))
    assert sorted(actions) == list(range(mdp.n_actions))


def test_hard_cases_are_within_reach() -> None:
    """Withdrawn actions, unreachable states, binding and slack budgets all occur."""

    def occurs(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool]) -> bool:
        # Generation only: a smallest example is not wanted.
        search = settings(max_examples=500, derandomize=True, phases=[Phase.generate])
        try:
            find(strategy, condition, settings=search)
        except NoSuchExample:
            return False
        return True

    assert occurs(mdps(), lambda m: not m.allowed.all() and m.n_states > 1)
    assert occurs(mdps(), lambda m: bool((m.start + m.P.sum(axis=(0, 1)) == 0).any()))
    assert occurs(feasible_cmdps(), lambda c: _least_free_count(c) > c.budgets[0] + 0.1)
    assert occurs(feasible_cmdps(), lambda c: _least_free_count(c) < c.budgets[0] - 0.1)


def test_larger_random_processes_have_few_next_states() -> None:
    mdp = random_mdp(np.random.default_rng(0), 30, 2)
    assert np.diff(mdp.transitions.indptr).max() == 5


def _least_free_count(cmdp: ConstrainedMDP) -> float:
    """Least count of an unconstrained optimum."""
    points = enumerate_policies(cmdp.mdp, cmdp.constraint_costs)
    best = points.costs <= points.costs.min() + 1e-9
    return float(points.counts[best, 0].min())
