"""Specifies the estimators of the outer loop and its step, against exact values and by their laws.

Devices whose value is linear in both arguments stand in for a solver where the points that an
estimator asks for are the matter: on them difference quotients are exact.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.constrained_mdp import solve_by_lp
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.train.coordination import Base, Solution
from refimpl.dcc.train.exact_solver import exact
from refimpl.dcc.train.gradients import (
    multiplier_substitution,
    normalised_step,
    three_evaluations,
)
from refimpl.dcc.train.population import Population
from tests.dcc.train.strategies import KINDS, pair, populations, random_budgets, seeds

noises = st.sampled_from([0.01, 0.05, 0.25, 0.5])
exponents = st.sampled_from([0.0, 0.25, 1.0])


class LinearDevices:
    """Values ``own * budgets + coupling * others``; remembers the points it was asked for."""

    def __init__(self, population, seed):
        rng = np.random.default_rng(seed)
        self.own, self.coupling = rng.normal(size=(2, population.n_games, population.n_devices))
        self.points = []

    def values(self, budgets, others):
        return self.own * budgets + self.coupling * others

    def ask(self, budgets, others):
        self.points.append((budgets, others))
        values = self.values(budgets, others)
        return Solution(values, values * 0.0, values * 0.0, np.zeros((len(budgets), 1, 1, 1)), {})


def base_of(budgets, values=None, iteration=0):
    zeros = np.zeros_like(budgets)
    return Base(budgets, zeros if values is None else values, zeros, zeros, iteration)


def edge_budgets(population, seed, noise):
    """Budgets in [0, 1], many of them at the ends or within the noise of them."""
    rng = np.random.default_rng(seed)
    shape = (population.n_games, population.n_devices)
    near = rng.choice([0.0, 0.5 * noise, 1.0 - 0.5 * noise, 1.0], shape)
    return np.where(rng.random(shape) < 0.5, near, rng.random(shape))


@given(populations(), seeds, noises, exponents, st.integers(0, 6))
def test_three_evaluations_stay_in_the_box_and_move_one_argument_each(
    population, seed, noise, exponent, iteration
):
    devices, rng = LinearDevices(population, seed), np.random.default_rng(seed)
    budgets = edge_budgets(population, seed, noise)
    others = population.others(budgets)
    base = base_of(budgets, devices.values(budgets, others), iteration)
    estimate = three_evaluations(noise, exponent)(population, base, devices.ask, rng)
    ((asked, crowd),) = devices.points
    size = noise / (iteration + 1) ** exponent
    assert estimate.n_solves == len(asked) == len(crowd) == 2
    np.testing.assert_array_equal(asked[1], budgets)
    np.testing.assert_array_equal(crowd[0], others)
    np.testing.assert_allclose(np.abs(asked[0] - budgets), size, rtol=1e-12)
    # The end of the box is met up to one rounding.
    assert asked[0].min() >= 0.0
    assert asked[0].max() <= 1.0 + np.finfo(float).eps
    assert crowd.min() >= 0.0
    assert np.abs(crowd[1] - others).min() >= size / 2 * (1.0 - 1e-12)


@given(populations(), seeds, noises)
def test_three_evaluations_are_exact_where_values_are_linear(population, seed, noise):
    devices, rng = LinearDevices(population, seed), np.random.default_rng(seed)
    budgets = edge_budgets(population, seed, noise)
    values = devices.values(budgets, population.others(budgets))
    base = base_of(budgets, values)
    estimate = three_evaluations(noise, 0.25)(population, base, devices.ask, rng)
    # Values are below 20, so two roundings are divided by at least half of 0.01.
    np.testing.assert_allclose(estimate.own, devices.own, rtol=0, atol=1e-11)
    np.testing.assert_allclose(estimate.coupling, devices.coupling, rtol=0, atol=1e-11)


@given(seeds)
def test_signs_are_random_where_there_is_room(seed):
    population = pair(200)
    budgets = np.full((200, 2), 0.5)
    devices = LinearDevices(population, seed)
    base = base_of(budgets)
    three_evaluations(0.05, 0.25)(population, base, devices.ask, np.random.default_rng(seed))
    up = (devices.points[0][0][0] > budgets).sum()
    # 400 fair signs have a standard deviation of 10; 60 is z = 6, met once in 5e8 examples.
    assert abs(up - 200) < 60


def program_value(device, budget, others, congestion):
    problem = LocalProblem(device_mdp(device), budget, others, congestion)
    return solve_by_lp(local_cmdp(problem)).value


@pytest.mark.parametrize("seed", range(16))
def test_multipliers_are_the_slopes_of_linear_programs(seed):
    """Away from kinks: there one-sided slopes agree, and only there they are derivatives."""
    rng, h = np.random.default_rng(seed), 1e-4
    law = power_law(rng.choice([0.1, 1.0, 3.0]), rng.choice([1.0, 1.5, 2.0, 3.0]))
    n = 1 + seed % 3
    population = Population(tuple(KINDS[k] for k in rng.integers(0, 3, n)), n, law)
    budgets = rng.uniform(0.01, 0.4, (1, population.n_devices))
    others = population.others(budgets)
    solution = exact(population).solve(budgets[None], others[None], rng, {})
    base = Base(budgets, solution.values[0], solution.multipliers[0], solution.use[0], 0)
    estimate = multiplier_substitution(population, base, None, None)
    assert estimate.n_solves == 0
    smooth = 0
    for i, device in enumerate(population.devices):
        value = partial(program_value, device, congestion=population.congestion)
        here, rest = budgets[0, i], others[0, i]
        middle = value(here, rest)
        left, right = (middle - value(here - h, rest)) / h, (value(here + h, rest) - middle) / h
        if abs(left - right) > 1e-4:
            continue
        # Values below 100 to a relative 1e-12, divided by h.
        assert estimate.own[0, i] == pytest.approx(right, rel=1e-5, abs=1e-5)
        smooth += 1
        if n == 1:
            continue
        left, right = (middle - value(here, rest - h)) / h, (value(here, rest + h) - middle) / h
        if abs(left - right) > 0.02 * max(1.0, right):
            continue
        # At most h^2 d''' / 6 times ten offloads: 2e-5 at rest 0.01.
        assert estimate.coupling[0, i] == pytest.approx(0.5 * (left + right), rel=1e-4, abs=1e-4)
    assert smooth > 0, "kinks are rare: budgets are drawn from a continuum"


@given(populations(), seeds, st.sampled_from([0.25, 1.0, 3.0]), exponents, st.integers(0, 6))
def test_a_step_moves_against_the_gradient_within_the_box(
    population, seed, rate, exponent, iteration
):
    budgets, rng = random_budgets(population, seed), np.random.default_rng(seed)
    gradient = rng.normal(size=budgets.shape) * rng.choice([0.1, 1.0, 100.0])
    moved = normalised_step(rate, exponent)(budgets, gradient, iteration)
    assert moved.min() >= 0.0
    assert moved.max() <= 1.0
    allowed = rate / (iteration + 1) ** exponent
    assert (np.abs(moved - budgets).sum(axis=1) <= allowed * (1 + 1e-12)).all()
    assert ((moved - budgets) * gradient <= 0.0).all()
    norm = np.abs(gradient).sum(axis=1, keepdims=True)
    unbounded = budgets - allowed * gradient / np.where(norm > 1.0, norm, 1.0)
    inside = (unbounded >= 0.0) & (unbounded <= 1.0)
    np.testing.assert_allclose(moved[inside], unbounded[inside], rtol=1e-12, atol=1e-15)
    assert np.isin(moved[~inside], [0.0, 1.0]).all()


def test_a_long_gradient_in_the_open_moves_all_budgets_by_exactly_the_rate():
    gradient = np.array([[30.0, -50.0, 20.0]])
    moved = normalised_step(0.25, 1.0)(np.full((1, 3), 0.5), gradient, 1)
    np.testing.assert_allclose(moved, 0.5 - 0.125 * gradient / 100.0, rtol=1e-14)


def test_each_game_is_normalised_by_itself():
    budgets, step = np.full((2, 2), 0.5), normalised_step(0.1, 1.0)
    gradient = np.array([[0.3, -0.1], [30.0, -10.0]])
    together = step(budgets, gradient, 0)
    for game in (0, 1):
        alone = step(budgets[[game]], gradient[[game]], 0)
        np.testing.assert_array_equal(together[[game]], alone)
    np.testing.assert_allclose(together[0], [0.47, 0.51], rtol=1e-14)


@pytest.mark.parametrize("noise", [0.0, -0.1, 0.6, 1.5, float("nan")])
def test_noise_out_of_range_is_named(noise):
    with pytest.raises(ValueError, match=rf"noise must lie in \(0, 0.5\]; got {noise}"):
        three_evaluations(noise, 0.25)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_rates_that_do_not_move_are_named(rate):
    with pytest.raises(ValueError, match=f"rate must be positive; got {rate}"):
        normalised_step(rate, 1.0)


def test_a_single_device_has_a_coupling_derivative_too():
    population = Population(KINDS[:1], 1, power_law())
    devices = LinearDevices(population, 0)
    base = base_of(np.zeros((1, 1)))
    estimate = three_evaluations(0.05, 0.25)(
        population, base, devices.ask, np.random.default_rng(0)
    )
    np.testing.assert_allclose(estimate.coupling, devices.coupling, rtol=1e-12)
    np.testing.assert_allclose(estimate.total, devices.own, rtol=1e-12)
