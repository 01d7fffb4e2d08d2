"""Specifies Lagrangian Q-learning: its multiplier step, its limits, and its averages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.constrained_mdp import solve_by_lp
from lp_solvers.policy_iteration import policy_iteration
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.policies import without_offloading
from refimpl.dcc.train.constrained_q import Learned, Task, learn, multiplier_step
from refimpl.dcc.train.evaluation import policy_values
from refimpl.dcc.train.population import Population
from tests.dcc.train.strategies import BRIEF, brief, pair, populations, seeds

TINY = DeviceParameters(0, 1, 1, 2, max_aoi=3, battery=1, gamma=0.8)


def task_of(population, penalty=0.0, budget=0.1):
    rows = population.batch.n_rows
    return Task(population.batch, np.full(rows, penalty), np.full(rows, budget))


@given(st.integers(1, 6), seeds, st.floats(0.0, 10.0))
def test_multiplier_step_is_projected_dual_ascent(n, seed, rate):
    multipliers, use, budgets = np.random.default_rng(seed).random((3, n))
    found = multiplier_step(multipliers, use, budgets, rate)
    for i in range(n):
        plain = multipliers[i] + rate * (use[i] - budgets[i])
        assert found[i] == max(plain, 0.0)
    over = use > budgets
    assert (found[over] >= multipliers[over]).all()
    assert (found[~over] <= multipliers[~over]).all()


def test_a_multiplier_stays_where_the_budget_is_just_used():
    use = np.array([0.3, 0.7])
    np.testing.assert_array_equal(multiplier_step(np.array([0.0, 2.0]), use, use, 5.0), [0.0, 2.0])


@given(populations(max_devices=3, max_games=2), seeds)
def test_results_are_policies_and_prices(population, seed):
    settings = brief(steps=80)
    learned = learn(task_of(population), settings, np.random.default_rng(seed))
    rows = population.batch.n_rows
    assert learned.policies.shape == learned.q.shape == (rows, 16, 3)
    assert learned.multipliers.shape == (rows,)
    assert learned.multipliers.min() >= 0.0
    np.testing.assert_allclose(learned.policies.sum(axis=-1), 1.0, rtol=1e-14)
    # One snapshot per block, half of them averaged: shares are whole numbers of them.
    shares = learned.policies * max(1, round(0.5 * settings.n_blocks))
    np.testing.assert_array_equal(shares, np.round(shares))


def test_same_stream_same_bits():
    one, two, other = (
        learn(task_of(pair(2)), BRIEF, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    for name in ("policies", "multipliers", "q"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert (one.q != other.q).any()


def test_a_start_is_left_alone():
    rng = np.random.default_rng(0)
    start = Learned(rng.random((2, 16, 3)), rng.random(2), rng.random((2, 16, 3)))
    before = start.q.copy(), start.multipliers.copy()
    learn(task_of(pair()), BRIEF, np.random.default_rng(1), start)
    np.testing.assert_array_equal(start.q, before[0])
    np.testing.assert_array_equal(start.multipliers, before[1])


@pytest.mark.parametrize(
    ("averaged", "snapshots"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.5, 5), (1.0, 10)]
)
def test_the_share_that_is_averaged_is_counted_from_the_end(averaged, snapshots):
    """Multipliers that rise by exactly 1 an episode: the average tells which blocks are in it.

    Budget 0 and a device that always offloads: two episodes a block, ten blocks, prices 2, 4, ...
    """
    population = Population((TINY,), 1, power_law())
    settings = unlearning(
        steps=400,
        averaged=averaged,
        multiplier_rate=1.0 / (1.0 - 0.8**20),
        multiplier_exponent=0.0,
    )
    q = offloading_values()
    learned = learn(
        task_of(population, budget=0.0), settings, fixed_rng(), Learned(q, np.zeros(1), q)
    )
    prices = 2.0 * np.arange(1, 11)
    assert learned.multipliers[0] == pytest.approx(prices[-snapshots:].mean(), rel=1e-12)


def fixed_rng():
    return np.random.default_rng(0)


def unlearning(**changes):
    """Settings under which the table stays as it is: only multipliers move."""
    return brief(step_size=0.0, exploration=0.0, exploration_floor=0.0, **changes)


def offloading_values():
    """Table of one device that always offloads, (1, 6, 3)."""
    q = np.zeros((1, 6, 3))
    q[..., 2] = -1.0
    return q


def test_multiplier_rates_decay_with_the_episodes_over_all_blocks():
    population = Population((TINY,), 1, power_law())
    settings = unlearning(steps=120, averaged=0.0, multiplier_rate=1.0, multiplier_exponent=1.0)
    q = offloading_values()
    start = Learned(q, np.array([3.0]), q)
    learned = learn(task_of(population, budget=0.5), settings, fixed_rng(), start)
    rates = (1.0 / np.arange(1, 7)).sum()
    assert learned.multipliers[0] == pytest.approx(3.0 + rates * (1 - 0.8**20 - 0.5), rel=1e-12)


def test_a_huge_multiplier_teaches_never_to_offload():
    """Fixed price 1000: no copy ever offloads, and all are optimal among such play to 5%."""
    population = Population((TINY,) * 30, 1, power_law())
    settings = brief(
        steps=8000,
        block=400,
        q_start=0.0,
        multiplier_rate=0.0,
        exploration=0.3,
        exploration_floor=0.3,
        averaged=0.0,
        step_size=1.0,
        step_exponent=0.6,
    )
    start = Learned(np.zeros((30, 6, 3)), np.full(30, 1000.0), np.zeros((30, 6, 3)))
    learned = learn(task_of(population), settings, np.random.default_rng(0), start)
    cost, use = policy_values(population.model, learned.policies)
    never = without_offloading(device_mdp(TINY))
    best = never.start @ policy_iteration(never).value
    assert (use == 0.0).all()
    assert cost.max() <= 1.05 * best
    assert cost.min() >= best * (1.0 - 1e-9)
    np.testing.assert_array_equal(learned.multipliers, np.full(30, 1000.0))


def test_it_converges_to_the_constrained_optimum():
    """Six states, 200 copies: means of Lagrangian, frequency and multiplier against the program.

    The learned policies minimise the Lagrangian at the optimal price to 1% and keep the budget to
    0.02. The price itself is slow (its step decays) and still biased: that it comes closer is all.
    """
    population = Population((TINY,) * 200, 1, power_law())
    mdp, budget = device_mdp(TINY), 0.2
    exact = solve_by_lp(local_cmdp(LocalProblem(mdp, budget, 0.5, power_law())))
    price = float(exact.multipliers[0])
    assert price > 0.0
    errors = []
    for steps in (1000, 16_000):
        settings = brief(
            steps=steps,
            block=200,
            episode=20,
            q_start=5.0,
            exploration=0.2,
            exploration_floor=0.05,
            multiplier_rate=2.0,
            multiplier_exponent=0.6,
        )
        task = task_of(population, penalty=0.5, budget=budget)
        learned = learn(task, settings, np.random.default_rng(0))
        local, use = policy_values(population.model, learned.policies)
        scale = 1.0 / (1.0 - mdp.gamma)
        lagrangian = local + scale * (0.5 * use + price * (use - budget))
        # Weak duality: at the optimal price no policy's Lagrangian is below the optimum.
        assert lagrangian.min() >= exact.value * (1.0 - 1e-9)
        errors.append(
            (
                lagrangian.mean() / exact.value - 1.0,
                abs(use.mean() - budget),
                abs(learned.multipliers.mean() / price - 1.0),
            )
        )
    assert (np.array(errors[1]) < [0.01, 0.02, 0.5]).all(), errors
    assert errors[1][0] < errors[0][0]
    assert errors[1][2] < errors[0][2]


@pytest.mark.parametrize("name", ["penalties", "budgets"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(3), r"must have shape \(2,\); got \(3,\)"),
        (np.zeros((2, 1)), r"must have shape \(2,\); got \(2, 1\)"),
        (np.array([0.0, -0.5]), "must be finite and not negative; got -0.5"),
        (np.array([0.0, np.nan]), "must be finite and not negative; got nan"),
        (np.array([0.0, np.inf]), "must be finite and not negative"),
    ],
    ids=["longer", "matrix", "negative", "nan", "infinite"],
)
def test_bad_tasks_are_named(name, values, message):
    good = {"penalties": np.zeros(2), "budgets": np.zeros(2)}
    with pytest.raises(ValueError, match=f"^{name} {message}"):
        Task(pair().batch, **{**good, name: values})


def test_budgets_are_frequencies():
    with pytest.raises(ValueError, match=r"budgets must be frequencies in \[0, 1\]; got 1.5"):
        Task(pair().batch, np.zeros(2), np.array([0.5, 1.5]))
    assert Task(pair().batch, np.full(2, 7.0), np.ones(2)).budgets.max() == 1.0
