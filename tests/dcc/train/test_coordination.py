"""Specifies the outer loop: its accounting, its path, its gradient, and that it can be resumed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.constrained_mdp import solve_by_lp
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import exact_gradient, local_problems, objective
from refimpl.dcc.objective.local import local_cmdp
from refimpl.dcc.train.coordination import Estimate, Method, Solution, Solver, coordinate
from refimpl.dcc.train.exact_solver import exact, exact_devices
from refimpl.dcc.train.gradients import (
    multiplier_substitution,
    normalised_step,
    three_evaluations,
)
from refimpl.dcc.train.record import CURVE_KEYS
from tests.dcc.train.strategies import KINDS, pair, populations, random_budgets, seeds
from tests.shared.interruptions import assert_resumes, assert_same_bits

PATHS = ("budget_path", "multiplier_path", "own_path", "coupling_path")
DIFFERENCES = three_evaluations(0.05, 0.25)
STEP = normalised_step(0.25, 1.0)


def method_of(population, estimator=multiplier_substitution, solver=None):
    return Method(solver or exact(population), estimator, STEP, "test")


def zeros(population):
    return np.zeros((population.n_games, population.n_devices))


class Counting:
    """A solver that is cheap, random, and counts; carries how often it was asked for a base."""

    def __init__(self, population):
        self.population, self.calls = population, []

    def solve(self, budgets, others, rng, carry):
        self.calls.append((budgets, others, int(carry.get("asked", 0))))
        shape = self.population.batch
        policies = rng.dirichlet(np.ones(3), (len(budgets), shape.n_rows, shape.n_states))
        noise = rng.random((3, *budgets.shape))
        return Solution(*noise, policies, {"asked": np.array(carry.get("asked", 0) + 1)})

    @property
    def solver(self):
        return Solver(self.solve, 1000, "counting")


@given(populations(max_devices=3, max_games=2), seeds)
def test_first_gradient_is_the_exact_one(population, seed):
    first = random_budgets(population, seed)
    result = coordinate(population, method_of(population), first, 1, seed=0)
    total = Estimate(result["own_path"][0], result["coupling_path"][0], 0).total
    curves = exact_devices(population).by_game(population.n_devices)
    for game, curve in enumerate(curves):
        expected = exact_gradient(curve, population.congestion)(first[game])
        np.testing.assert_allclose(total[game], expected, rtol=1e-12, atol=1e-9)


@given(populations(max_devices=2, max_games=1), seeds)
def test_the_last_solve_is_at_the_last_budgets_and_optimal_there(population, seed):
    first = random_budgets(population, seed)
    result = coordinate(population, method_of(population), first, 3, seed=0)
    np.testing.assert_array_equal(result["budget_path"][-1], result["budgets"])
    np.testing.assert_array_equal(result["multiplier_path"][-1], result["base_multipliers"])
    mdps = [device_mdp(device) for device in population.devices]
    problems = local_problems(mdps, result["budgets"][0], population.congestion)
    values = [solve_by_lp(local_cmdp(problem)).value for problem in problems]
    np.testing.assert_allclose(result["base_values"][0], values, rtol=1e-9)
    (curve,) = exact_devices(population).by_game(population.n_devices)
    total = objective(curve, result["budgets"][0], population.congestion)
    assert sum(values) == pytest.approx(total, rel=1e-9)


@given(
    populations(max_devices=3, max_games=2),
    seeds,
    st.sampled_from([multiplier_substitution, DIFFERENCES]),
)
def test_the_path_is_made_of_projected_steps(population, seed, estimator):
    first = random_budgets(population, seed)
    result = coordinate(population, method_of(population, estimator), first, 3, seed)
    path = result["budget_path"]
    np.testing.assert_array_equal(path[0], first)
    for k in range(3):
        estimate = Estimate(result["own_path"][k], result["coupling_path"][k], 0)
        np.testing.assert_array_equal(path[k + 1], STEP(path[k], estimate.total, k))
    assert path.min() >= 0.0
    assert path.max() <= 1.0


@given(populations(max_devices=3, max_games=2), st.integers(0, 4))
def test_shapes_are_as_documented(population, iterations):
    result = coordinate(population, method_of(population), zeros(population), iterations, seed=0)
    games, n = population.n_games, population.n_devices
    for key in CURVE_KEYS[1:]:
        assert result[key].shape == (iterations + 1, games)
    assert result["steps"].shape == (iterations + 1,)
    shapes = [result[key].shape for key in PATHS]
    assert shapes == [(iterations + 1, games, n)] * 2 + [(iterations, games, n)] * 2


@pytest.mark.parametrize(
    ("estimator", "per_update"), [(multiplier_substitution, 1), (DIFFERENCES, 3)]
)
def test_solves_and_steps_are_counted_as_in_the_paper(estimator, per_update):
    population = pair(2)
    counting = Counting(population)
    method = method_of(population, estimator, counting.solver)
    result = coordinate(population, method, zeros(population), 5, seed=0)
    solved = np.array([1 + k * per_update for k in range(6)])
    np.testing.assert_array_equal(result["steps"], 1000 * solved)
    assert sum(len(budgets) for budgets, _, _ in counting.calls) == solved[-1]


def test_perturbed_points_continue_from_the_last_base_point():
    population = pair()
    counting = Counting(population)
    coordinate(
        population, method_of(population, DIFFERENCES, counting.solver), zeros(population), 2, 0
    )
    assert [(len(budgets), asked) for budgets, _, asked in counting.calls] == [
        (1, 0),
        (2, 1),
        (1, 1),
        (2, 2),
        (1, 2),
    ]


def test_every_solve_and_every_estimate_has_its_own_stream():
    population, drawn = pair(), []
    counting = Counting(population)

    def solve(budgets, others, rng, carry):
        drawn.append(rng.random())
        return counting.solve(budgets, others, rng, carry)

    method = method_of(population, DIFFERENCES, Solver(solve, 1000, "watched"))
    coordinate(population, method, zeros(population), 3, seed=0)
    assert len(set(drawn)) == len(drawn) == 1 + 3 * 2


def test_every_base_point_is_told_the_sum_of_the_others():
    population = pair(2)
    counting = Counting(population)
    result = coordinate(
        population,
        method_of(population, solver=counting.solver),
        np.array([[0.1, 0.2], [0.3, 0.4]]),
        2,
        seed=0,
    )
    for (budgets, others, _), point in zip(counting.calls, result["budget_path"], strict=True):
        np.testing.assert_array_equal(budgets[0], point)
        np.testing.assert_allclose(others[0], point[:, ::-1], rtol=1e-14)


@given(st.integers(1, 6), seeds)
def test_total_adds_the_others_coupling(n, seed):
    own, coupling = np.random.default_rng(seed).normal(size=(2, 3, n))
    total = Estimate(own, coupling, 0).total
    for game, i in np.ndindex(3, n):
        rest = sum(coupling[game, j] for j in range(n) if j != i)
        assert total[game, i] == pytest.approx(own[game, i] + rest, abs=1e-13 * n)


@given(populations(max_devices=3, max_games=2), seeds)
def test_games_do_not_influence_each_other(population, seed):
    first, n = random_budgets(population, seed), population.n_devices
    together = coordinate(population, method_of(population), first, 1, seed=0)
    for game in range(population.n_games):
        alone = replace(population, devices=population.devices[game * n : (game + 1) * n])
        found = coordinate(alone, method_of(alone), first[[game]], 1, seed=0)
        np.testing.assert_allclose(
            together["budget_path"][:, [game]], found["budget_path"], rtol=1e-12, atol=1e-12
        )
        np.testing.assert_allclose(together["cost"][:, [game]], found["cost"], rtol=1e-10)


def test_exact_coordination_from_zero_costs_less_than_never_offloading():
    population = pair(2)
    result = coordinate(population, method_of(population), zeros(population), 15, seed=0)
    assert (result["cost"][-1] < result["cost"][0]).all()
    assert (result["use"][0] == 0.0).all()
    # Exact policies keep their budgets; what is left is rounding.
    assert result["violation"].max() < 1e-10


@pytest.mark.parametrize("solver", ["exact", "random"])
def test_killed_anywhere_it_resumes_to_the_same_bits(tmp_path, solver):
    population = pair(2)

    def run(path):
        chosen = exact(population) if solver == "exact" else Counting(population).solver
        method = method_of(population, DIFFERENCES, chosen)
        return coordinate(population, method, zeros(population), 3, 5, path)

    assert_resumes(tmp_path, run, saves=4)


def test_same_seed_same_bits_other_seed_others():
    population = pair()
    method = method_of(population, DIFFERENCES)
    first = np.full((1, 2), 0.3)
    one, two, other = (coordinate(population, method, first, 3, seed) for seed in (1, 1, 2))
    assert_same_bits(one, two)
    # Each of twelve perturbations has a random sign.
    assert (one["budget_path"] != other["budget_path"]).any()


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    population, path = pair(), tmp_path / "run.npz"
    method = method_of(population)
    coordinate(population, method, zeros(population), 1, 0, path)
    others = (
        (population, method, zeros(population), 1, 1),
        (population, method, np.full((1, 2), 0.1), 1, 0),
        (population, replace(method, name="other"), zeros(population), 1, 0),
        (replace(population, congestion=power_law(2.0)), method, zeros(population), 1, 0),
        (replace(population, devices=KINDS[1:]), method, zeros(population), 1, 0),
    )
    for arguments in others:
        with pytest.raises(ValueError, match="must belong to the run"):
            coordinate(*arguments, path)


@pytest.mark.parametrize(
    ("first", "got"),
    [
        (np.zeros((2, 2)), r"got shape \(2, 2\)"),
        (np.zeros(2), r"got shape \(2,\)"),
        (np.full((1, 2), -0.1), r"values in \[-0\.1, -0\.1\]"),
        (np.array([[0.0, 1.5]]), r"values in \[0\.0, 1\.5\]"),
    ],
)
def test_first_budgets_must_fit(first, got):
    population = pair()
    with pytest.raises(ValueError, match=rf"first must hold budgets in \[0, 1\].*{got}"):
        coordinate(population, method_of(population), first, 1, seed=0)
