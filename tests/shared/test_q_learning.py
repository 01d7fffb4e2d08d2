"""Q-learning on rows: each row learns what a plain loop would, bit for bit, and the right thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP, bellman_q
from lp_solvers.policy_iteration import policy_iteration
from refimpl.shared.q_learning import (
    count_visits,
    epsilon_greedy,
    full_table,
    greedy,
    pair_indices,
    state_costs,
    td_update,
    td_update_at,
    zero_counts,
)
from refimpl.shared.statistics import binomial_z_score, z_score
from tests.shared.tabular import deterministic_mdp, random_mdp, sampler

Floats = NDArray[np.float64]


def exact_q(mdp: FiniteMDP) -> Floats:
    """Optimal cost-to-go of every state and action."""
    return bellman_q(mdp, policy_iteration(mdp).value)


def loop_update(
    q: list[Any],
    states: list[int],
    actions: list[int],
    costs: list[float],
    next_states: list[int],
    step_sizes: list[float],
    gamma: float,
) -> None:
    """The same step in plain Python, row by row."""
    for row in range(len(q)):
        s, a = states[row], actions[row]
        target = costs[row] + gamma * min(q[row][next_states[row]])
        q[row][s][a] += step_sizes[row] * (target - q[row][s][a])


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4))
def test_rows_equal_a_plain_loop_bit_for_bit(seed: int, rows: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    q = rng.standard_normal((rows, n, k))
    plain = q.tolist()
    counts, plain_counts = zero_counts(rows, n, k), np.zeros((rows, n, k), dtype=int)
    gamma = rng.random()
    for _ in range(20):
        states, next_states = rng.integers(n, size=(2, rows))
        actions = rng.integers(k, size=rows)
        costs, steps = rng.standard_normal(rows), rng.random(rows)
        visits = count_visits(counts, states, actions)
        for row in range(rows):
            plain_counts[row, states[row], actions[row]] += 1
            assert visits[row] == plain_counts[row, states[row], actions[row]]
        before = [plain[r][states[r]][actions[r]] for r in range(rows)]
        best = [min(plain[r][next_states[r]]) for r in range(rows)]
        errors = td_update(q, states, actions, costs, next_states, steps, gamma)
        loop_update(
            plain,
            states.tolist(),
            actions.tolist(),
            costs.tolist(),
            next_states.tolist(),
            steps.tolist(),
            gamma,
        )
        assert q.tolist() == plain
        assert errors.tolist() == [
            c + gamma * m - o for c, m, o in zip(costs.tolist(), best, before, strict=True)
        ]
        assert np.array_equal(counts, plain_counts)
        assert greedy(q, states).tolist() == [
            min(range(k), key=plain[r][states[r]].__getitem__) for r in range(rows)
        ]


def test_scalar_step_size_and_discount_are_those_of_every_row() -> None:
    rng = np.random.default_rng(0)
    one = rng.random((4, 3, 2))
    two = one.copy()
    states, actions = np.array([0, 1, 2, 0]), np.array([0, 1, 0, 1])
    costs = rng.random(4)
    td_update(one, states, actions, costs, states, 0.3, 0.9)
    td_update(two, states, actions, costs, states, np.full(4, 0.3), np.full(4, 0.9))
    assert np.array_equal(one, two)


def test_discount_zero_ends_the_task_in_that_row_only() -> None:
    q = full_table(2, 2, 2, 5.0)
    at = np.zeros(2, dtype=np.int64)
    td_update(q, at, at, np.array([1.0, 1.0]), at + 1, 1.0, np.array([0.0, 0.5]))
    assert q[:, 0, 0].tolist() == [1.0, 3.5]


def test_ties_go_to_the_first_action() -> None:
    q = np.array([[[1.0, 0.0, 0.0]], [[2.0, 2.0, 2.0]]])
    assert greedy(q, np.zeros(2, dtype=np.int64)).tolist() == [1, 0]


def test_exploration_is_uniform_and_as_frequent_as_epsilon() -> None:
    rng = np.random.default_rng(1)
    rows, epsilon = 3000, 0.3
    q = np.tile(np.array([1.0, 0.0, 1.0]), (rows, 1, 1))
    chosen = epsilon_greedy(q, np.zeros(rows, dtype=np.int64), epsilon, rng)
    for action, p in enumerate((epsilon / 3, 1 - 2 * epsilon / 3, epsilon / 3)):
        assert abs(binomial_z_score(int((chosen == action).sum()), rows, p)) < 4


def test_epsilon_zero_is_greedy_epsilon_one_is_uniform_row_by_row() -> None:
    rng = np.random.default_rng(2)
    rows = 2000
    q = rng.random((rows, 4, 3))
    states = rng.integers(4, size=rows)
    best = greedy(q, states)
    assert np.array_equal(epsilon_greedy(q, states, 0.0, rng), best)
    epsilon = np.repeat([0.0, 1.0], rows // 2)
    chosen = epsilon_greedy(q, states, epsilon, rng)
    assert np.array_equal(chosen[: rows // 2], best[: rows // 2])
    hits = int((chosen == best)[rows // 2 :].sum())
    assert abs(binomial_z_score(hits, rows // 2, 1 / 3)) < 4


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_full_steps_solve_a_deterministic_problem_exactly(seed: int, gamma: float) -> None:
    # With step size 1 a sweep over all pairs is at least a Bellman iteration: the error shrinks by
    # gamma per sweep, from at most 1 / (1 - gamma), until rounding remains.
    mdp = deterministic_mdp(np.random.default_rng(seed), 4, 2, gamma)
    q = full_table(1, 4, 2, 0.0)
    successor = mdp.P.argmax(axis=2)
    n_sweeps = int(np.ceil(np.log(1e-13) / np.log(gamma)))
    for _ in range(n_sweeps):
        for s in range(4):
            for a in range(2):
                td_update(
                    q,
                    np.array([s]),
                    np.array([a]),
                    mdp.cost[s, a : a + 1],
                    successor[s, a : a + 1],
                    1.0,
                    gamma,
                )
    np.testing.assert_allclose(q[0], exact_q(mdp), rtol=0, atol=1e-12 / (1 - gamma))


def test_the_exact_table_is_the_fixed_point_of_the_expected_step() -> None:
    rng = np.random.default_rng(3)
    mdp = random_mdp(rng, 4, 3, 0.8)
    rows, step = 4000, sampler(mdp)
    for s in range(4):
        for a in range(3):
            q = np.tile(exact_q(mdp), (rows, 1, 1))
            states, actions = np.full(rows, s), np.full(rows, a)
            costs, after = step(states, actions, rng)
            errors = td_update(q, states, actions, costs, after, 0.1, mdp.gamma)
            assert abs(z_score(errors, 0.0)) < 4


def test_one_over_n_steps_average_the_costs() -> None:
    rng = np.random.default_rng(4)
    q, counts = full_table(3, 2, 2, 100.0), zero_counts(3, 2, 2)
    at = np.ones(3, dtype=np.int64)
    costs = rng.random((50, 3))
    for row in costs:
        visits = count_visits(counts, at, at)
        td_update(q, at, at, row, at, 1 / visits, 0.0)
    # 50 averaging steps on numbers below 100, each with an error of a few units in the last place.
    np.testing.assert_allclose(q[:, 1, 1], costs.mean(axis=0), rtol=0, atol=50 * 2e-14)
    assert np.all(q[:, 0] == 100.0)
    assert counts.sum() == 150


def test_learning_converges_to_the_exact_table() -> None:
    """Robbins-Monro steps n^-0.7, exploring behaviour. The error of such steps falls like t^-0.35.

    Margins: by at least 1.5 per tenfold time (2.2 expected), to below 5 % of the largest value.
    """
    rng = np.random.default_rng(5)
    mdp = random_mdp(rng, 4, 2, 0.7)
    exact, step, rows = exact_q(mdp), sampler(mdp), 40
    q, counts = full_table(rows, 4, 2, 0.0), zero_counts(rows, 4, 2)
    step_of = np.arange(1, 10001) ** -0.7
    states = rng.integers(4, size=rows)
    errors = []
    for t in range(1, 10001):
        actions = epsilon_greedy(q, states, 0.5, rng)
        costs, after = step(states, actions, rng)
        visits = count_visits(counts, states, actions)
        td_update(q, states, actions, costs, after, step_of.take(visits - 1), mdp.gamma)
        states = after
        if t in (100, 1000, 10000):
            errors.append(np.abs(q - exact).max(axis=(1, 2)).mean())
    assert errors[0] > 1.5 * errors[1] > 1.5**2 * errors[2]
    assert errors[2] < 0.05 * exact.max()


TABLE = np.zeros((2, 3, 2))
AT = np.zeros(2, dtype=np.int64)
COSTS = np.ones(2)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: full_table(0, 1, 1, 0.0), "rows must be at least 1; got 0"),
        (lambda: full_table(1, 1, 1, np.nan), "value must be finite; got nan"),
        (lambda: zero_counts(1, 0, 1), "n_states must be at least 1"),
        (lambda: zero_counts(1, 1, -1), "n_actions must be at least 1; got -1"),
        (lambda: greedy(np.zeros((3, 2)), AT), r"C-contiguous \(rows, S, A\) array; got shape"),
        (lambda: greedy(TABLE, AT + 3), r"states must be in 0..2; row 0 has 3"),
        (lambda: greedy(TABLE, AT - 1), r"states must be in 0..2; row 0 has -1"),
        (lambda: greedy(TABLE, AT[:1]), r"states must be int64 with shape \(2,\)"),
        (lambda: greedy(TABLE, AT.astype(float)), "got float64"),
        (lambda: epsilon_greedy(TABLE, AT, 1.1, RNG), r"epsilon must be in \[0, 1\]; got 1.1"),
        (lambda: epsilon_greedy(TABLE, AT, np.array([0, -0.5]), RNG), "epsilon .* got -0.5"),
        (lambda: epsilon_greedy(TABLE, AT, np.zeros(3), RNG), r"epsilon must .* got \(3,\)"),
        (lambda: count_visits(TABLE, AT, AT + 2), "actions must be in 0..1; row 0 has 2"),
        (lambda: td_update(TABLE[:, ::-1], AT, AT, COSTS, AT, 0.1, 0.9), "C-contiguous"),
        (lambda: td_update(TABLE, AT, AT - 5, COSTS, AT, 0.1, 0.9), "actions .* row 0 has -5"),
        (lambda: td_update(TABLE, AT, AT, COSTS, AT + 7, 0.1, 0.9), "next_states .* has 7"),
        (lambda: td_update(TABLE, AT, AT, COSTS * np.nan, AT, 0.1, 0.9), "costs must be 2 finite"),
        (lambda: td_update(TABLE, AT, AT, np.ones(3), AT, 0.1, 0.9), "costs must be 2 finite"),
        (lambda: td_update(TABLE, AT, AT, COSTS, AT, 1.5, 0.9), "step_sizes .* got 1.5"),
        (lambda: td_update(TABLE, AT, AT, COSTS, AT, np.nan, 0.9), "step_sizes .* got nan"),
        (lambda: td_update(TABLE, AT, AT, COSTS, AT, 0.1, -1), "gamma .* got -1"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
    assert not TABLE.any()


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4))
def test_the_unchecked_steps_are_the_checked_ones(seed: int, rows: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    q = rng.standard_normal((rows, n, k))
    states, next_states = rng.integers(n, size=(2, rows))
    actions, costs, steps = rng.integers(k, size=rows), rng.standard_normal(rows), rng.random(rows)
    inner, pairs = q.copy(), pair_indices(q, states, actions)
    np.testing.assert_array_equal(q.reshape(-1)[pairs], q[np.arange(rows), states, actions])
    np.testing.assert_array_equal(state_costs(q, states), q[np.arange(rows), states])
    errors = td_update_at(inner, pairs, costs, next_states, steps, 0.9)
    np.testing.assert_array_equal(
        td_update(q, states, actions, costs, next_states, steps, 0.9), errors
    )
    np.testing.assert_array_equal(inner, q)
