from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import central_jvp
from refimpl.dgpg.theory.counterexamples import (
    alignment_along,
    bisect_root,
    ce_1,
    ce_2,
    ce_2_interior,
    ce_3,
    ce_3_threshold,
    ce_4,
    conserved_loads,
    consistency,
    deviation_gain,
    energy,
    invariance,
    lopsided,
    negative_deviation,
    payoffs,
    proportional_game,
    pure_equilibria,
    unit_jobs,
)
from refimpl.dgpg.theory.estimators import augmented_direction
from refimpl.dgpg.theory.games import gradients, logits_of, outcomes, performance

inner = st.floats(0.05, 0.95)


@given(inner)
def test_ce_1_every_policy_is_an_optimum_and_none_but_the_ends_is_after_guidance(p) -> None:
    game = ce_1()
    np.testing.assert_allclose(payoffs(game), -4 / 9)
    of_performance, of_deviation = gradients(game, logits_of([p]))
    np.testing.assert_allclose(of_performance, 0.0, atol=1e-16)
    assert of_deviation[0, 0] == pytest.approx(p * (1 - p) / 3)


def test_ce_2_payoffs_and_interior_equilibria() -> None:
    game = ce_2()
    np.testing.assert_allclose(payoffs(game), [[-1.0, 0.0], [0.0, -3.0]])
    values = {0.0: -0.75, 0.2: -0.753086, 0.5: -0.777778, 0.8: -0.861111}
    for alpha, value in values.items():
        p = ce_2_interior(alpha)
        direction = augmented_direction(*gradients(game, logits_of([p, p])), alpha)
        np.testing.assert_allclose(direction, 0.0, atol=1e-15)
        assert float(performance(game, logits_of([p, p]))) == pytest.approx(value, abs=1e-6)


@given(inner)
def test_ce_2_with_shared_parameters_has_its_best_policy_at_three_quarters(p) -> None:
    assert float(performance(ce_2(), logits_of([p, p]))) <= -0.75 + 1e-12


def test_the_theorem_fails_at_ce_1_and_ce_2_and_holds_at_minus_two_g() -> None:
    for game, point, slope in ((ce_1(), [0.5], 1 / 12), (ce_2(), [0.75, 0.75], 3 / 32)):
        of_performance, of_deviation = consistency(game, logits_of(point))
        assert of_performance < 1e-15
        assert of_deviation == pytest.approx(slope)
        assert invariance(game, logits_of(point), 0.4) == pytest.approx(0.4 * slope)
    even = logits_of([0.5, 0.5])
    assert consistency(proportional_game(), even) == pytest.approx((0.0, 0.0), abs=1e-15)
    assert invariance(proportional_game(), even, 0.4) == pytest.approx(0.0, abs=1e-15)


def test_ce_2_gradients_point_the_same_way_at_0_6() -> None:
    of_performance, of_deviation = gradients(ce_2(), logits_of([0.6, 0.6]))
    assert (of_performance * of_deviation)[:, 0].sum() == pytest.approx(0.013824)


@pytest.mark.parametrize("game", [ce_1(), ce_2(), ce_4(), proportional_game()])
def test_the_aligned_games_are_aligned_everywhere_but_at_the_reference(game) -> None:
    loads = conserved_loads(game)
    away = np.abs(loads - game.target(loads)).max(axis=(1, 2)) > 1e-9
    alignment = alignment_along(game, loads)
    assert (alignment[away] > 0).all()
    np.testing.assert_allclose(alignment[~away], 0.0, atol=1e-12)


def test_ce_3_loses_its_equilibrium_at_the_threshold() -> None:
    game = ce_3()
    by_load = payoffs(game)
    assert [by_load[1, 1], by_load[0, 1], by_load[0, 0]] == pytest.approx(
        [-2.857143, -2.354497, -1.851852], abs=1e-6
    )
    assert ce_3_threshold() == pytest.approx(0.334507, abs=1e-6)
    for alpha in (0.0, 0.2, ce_3_threshold() - 1e-9):
        assert pure_equilibria(payoffs(game, alpha)) == [(0, 0)]
    for alpha in (ce_3_threshold() + 1e-9, 0.4, 0.8):
        assert pure_equilibria(payoffs(game, alpha)) == [(0, 1), (1, 0)]
    both = np.array([[2.0], [0.0]])
    assert float(alignment_along(game, both)) == pytest.approx(-0.502646, abs=1e-6)


@given(inner)
def test_ce_4_has_state_gradients_and_no_parameter_gradient(p) -> None:
    game = ce_4()
    assert np.abs(outcomes(game).after - 0.5).min() == 0.5
    np.testing.assert_allclose(gradients(game, logits_of([p]))[0], 0.0, atol=1e-15)


@given(inner, inner)
def test_a_reward_of_minus_two_d_has_twice_the_gradient(p, q) -> None:
    of_performance, of_deviation = gradients(proportional_game(), logits_of([p, q]))
    np.testing.assert_allclose(of_performance, -2.0 * of_deviation, atol=1e-15)


@given(st.floats(0.0, 2.0))
def test_the_lopsided_reward_has_no_jump_and_no_kink(x) -> None:
    reward = lopsided(1.0, 1.0, 3.0)
    at, along = np.array([[x], [0.0]]), np.array([[1.0], [0.0]])
    weight = 1.0 if x >= 1.0 else 3.0
    # The second derivative jumps by 4 at the target, so a step of 1e-5 errs by about 1e-5 there.
    assert float(central_jvp(reward, at, along)) == pytest.approx(-2 * weight * (x - 1), abs=3e-5)


def test_deviations_of_single_agents() -> None:
    table = np.array([[3.0, 0.0], [0.0, 2.0]])
    assert pure_equilibria(table) == [(0, 0), (1, 1)]
    assert deviation_gain(table, (0, 1)) == 3.0
    assert deviation_gain(table, (1, 1)) == -0.0
    three = np.zeros((2, 2, 2))
    three[0, 1, 0] = 1.0
    assert (0, 1, 0) in pure_equilibria(three)
    assert (0, 0, 0) not in pure_equilibria(three)


def test_small_parts() -> None:
    assert float(energy((2.0, 4.0))(np.array([[1.0], [1.0]]))) == -0.75
    capacity = np.ones((2, 1))
    load = np.array([[2.0], [0.0]])
    assert float(negative_deviation(capacity, 2.0, 1.0)(load)) == -1.0
    assert unit_jobs(3, [1.0, 2.0], energy()).n_agents == 3
    assert bisect_root(lambda x: 2.0 - x * x, 0.0, 2.0) == pytest.approx(2**0.5)
    moved = ce_3(lambda load: 0.0 * load)
    assert outcomes(moved).deviations[0, 0] == 2.0
