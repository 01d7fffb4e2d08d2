from __future__ import annotations

import numpy as np

from lp_solvers.finite_mdp import finite_mdp, policy_value
from refimpl.dgpg.theory.penalties import (
    Processes,
    changed,
    optimal_actions,
    random_processes,
    shaping,
    state_penalty,
)


def test_listed_policies_are_optimal_by_bellman_s_equation() -> None:
    found = random_processes(5, 3, 2, np.random.default_rng(0))
    best = optimal_actions(found.transition, found.reward, found.gamma)
    for b in range(5):
        mdp = finite_mdp(found.transition[b], -found.reward[b], found.gamma, np.eye(3)[0])
        value = -policy_value(mdp, np.eye(2)[best[b]])
        q = found.reward[b] + found.gamma * found.transition[b] @ value
        np.testing.assert_allclose(q.max(axis=1), value)
        np.testing.assert_array_equal(q.argmax(axis=1), best[b])


def test_potentials_change_no_policy_and_penalties_many() -> None:
    processes = random_processes(500, 3, 2, np.random.default_rng(1))
    assert changed(processes, shaping(processes)) == 0
    # Some 15 in 100; 500 draws have a standard deviation of 8.
    assert 40 <= changed(processes, state_penalty(processes)) <= 115


def test_the_terms() -> None:
    transition = np.array([[[[0.25, 0.75]], [[1.0, 0.0]]]])
    processes = Processes(transition, np.zeros((1, 2, 1)), np.array([[4.0, 8.0]]), 0.5)
    np.testing.assert_allclose(shaping(processes)[0, :, 0], [0.5 * 7 - 4, 0.5 * 4 - 8])
    np.testing.assert_allclose(state_penalty(processes)[0, :, 0], [-8.0, -32.0])
