from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.theory.convergence import (
    Setting,
    ascent_step,
    bound_by_alpha,
    contraction,
    decreasing_iterations,
    direction_norm_bound,
    gain_bound,
    gain_coefficient,
    gap_bound,
    inner_product_bound,
    iteration_constant,
    iterations,
    largest_step,
    least_bound,
    next_gap,
    noise_floor,
    scheduled_gap,
    second_moment,
    second_moment_bound,
    smoothness_bound,
    step_for,
)
from refimpl.dgpg.theory.mixing import mixed_variance
from tests.dgpg.theory.strategies import seeds

vectors = seeds.map(lambda seed: np.random.default_rng(seed).normal(size=(2, 4)))
alphas = st.floats(0.0, 0.95)
large, small = st.floats(0.1, 100.0), st.floats(0.1, 10.0)
correlations = st.integers(-99, 99).map(lambda k: k / 100)


@st.composite
def settings(draw):
    smoothness = draw(st.floats(0.5, 3.0))
    return Setting(
        smoothness,
        smoothness * draw(st.floats(0.1, 1.0)),
        draw(alphas),
        draw(st.floats(0.1, 3.0)),
        draw(st.floats(0.0, 2.0)),
    )


@given(vectors, alphas, st.floats(0.0, 2.0), st.floats(0.0, 0.5))
def test_the_descent_lemma_is_exact_for_a_sphere(pair, alpha, variance, step) -> None:
    """J = -L/2 |x|^2: the expected gain of a noisy step is the bound itself."""
    x, direction = pair
    smoothness = 1.5
    gradient = -smoothness * x
    moment = second_moment(variance, direction)
    mean_square = float(((x + step * direction) ** 2).sum()) + step**2 * variance
    gain = -0.5 * smoothness * (mean_square - float((x**2).sum()))
    bound = smoothness_bound(gradient, direction, moment, step, smoothness)
    assert gain == pytest.approx(bound, abs=1e-11)
    np.testing.assert_array_equal(ascent_step(x, direction, step), x + step * direction)
    del alpha


@given(vectors, alphas)
def test_norms_of_the_direction(pair, alpha) -> None:
    first, second = pair
    direction = (1 - alpha) * first - alpha * second
    bound = direction_norm_bound(first, second, alpha)
    assert float((direction**2).sum()) <= bound * (1 + 1e-12)
    slack = float((first * direction).sum()) - inner_product_bound(first, alpha)
    assert slack == pytest.approx(-alpha * float((first * second).sum()), abs=1e-12)


@given(settings(), st.floats(0.01, 1.0), st.floats(0.0, 5.0))
def test_steps_up_to_the_largest_gain_at_least_half(setting, part, norm) -> None:
    step = part * largest_step(setting)
    half = 0.5 * step * (1 - setting.alpha)
    assert gain_coefficient(setting, step) >= half * (1 - 1e-12)
    assert 0.5 - 1e-12 <= contraction(setting, step) < 1.0
    direct = step * (1 - setting.alpha) * norm - 0.5 * setting.smoothness * step**2 * (
        second_moment_bound(setting, norm)
    )
    assert direct >= gain_bound(setting, norm, step) - 1e-11
    at_largest = gain_coefficient(setting, largest_step(setting))
    assert at_largest == pytest.approx(0.5 * largest_step(setting) * (1 - setting.alpha))


@given(settings(), st.floats(0.01, 1.0), st.floats(0.0, 5.0), st.integers(0, 100))
def test_the_recursion_stays_below_its_closed_bound_and_tends_to_the_floor(
    setting, part, start, count
) -> None:
    step = part * largest_step(setting)
    gap = scheduled_gap([setting] * count, [step] * count, start)
    assert gap <= gap_bound(setting, start, step, count) * (1 + 1e-9)
    floor = noise_floor(setting, step)
    assert next_gap(setting, floor, step) == pytest.approx(floor)


@given(settings(), st.sampled_from([0.5, 0.1, 0.02]))
def test_iterations_are_the_first_at_which_the_recursion_arrives(setting, epsilon) -> None:
    step, count = step_for(setting, epsilon), iterations(setting, epsilon)
    assert noise_floor(setting, step) <= epsilon / 2 * (1 + 1e-12)
    gap, k = 1.0, 0
    while gap > epsilon * (1 + 1e-9) and k < 10_000:
        gap, k = next_gap(setting, gap, step), k + 1
    assert k == 10_000 or abs(k - count) <= 1


def test_golden_iterations() -> None:
    """K eps for the constant step: 17.6, 31.7, 45.6; divided by ln(2/eps): 5.9, 6.0, 6.0."""
    noisy = Setting(1.0, 1.0, 0.0, 6.0, 0.0)
    counts = {eps: iterations(noisy, eps) * eps for eps in (0.1, 0.01, 0.001)}
    assert list(counts.values()) == pytest.approx([17.6, 31.74, 45.599])
    per_log = [count / math.log(2 / eps) for eps, count in counts.items()]
    assert per_log == pytest.approx([5.875, 5.991, 5.999], abs=1e-3)
    assert iteration_constant(noisy) == 6.0
    # Decreasing steps: K eps is bounded, twice the constant.
    found = [decreasing_iterations(noisy, eps) * eps for eps in (0.1, 0.01, 0.001)]
    assert max(found) < 12.0
    assert iterations(noisy, 2.0) == 0


def test_without_noise_the_largest_step_is_taken() -> None:
    calm = Setting(1.0, 1.0, 0.0, 0.0, 0.0)
    assert step_for(calm, 0.1) == largest_step(calm) == 0.5
    assert iterations(calm, 0.1) == 4


@given(large, small, correlations, st.floats(0.0, 5.0), alphas)
def test_no_weight_beats_the_least_bound(a, b, rho, norm, alpha) -> None:
    best, least = least_bound(a, b, rho, norm)
    assert bound_by_alpha(a, b, rho, norm, alpha) >= least * (1 - 1e-9)
    spread = b + 2 * norm
    closed = a * (1 - max(rho, 0.0) ** 2 * b / spread)
    assert least == pytest.approx(closed, rel=1e-9)
    assert (best == 0.0) == (rho <= 0.0)


@given(large, small, correlations, alphas)
def test_the_bound_is_the_iteration_constant(a, b, rho, alpha) -> None:
    setting = Setting(1.0, 1.0, alpha, mixed_variance(a, b, rho, alpha), 2.0)
    assert iteration_constant(setting) == pytest.approx(bound_by_alpha(a, b, rho, 2.0, alpha))


def test_bad_constants_are_refused() -> None:
    fine = {"smoothness": 2.0, "pl": 1.0, "alpha": 0.5, "variance": 1.0, "guidance_norm": 1.0}
    for name, value, message in (
        ("smoothness", 0.0, "smoothness must be finite and > 0"),
        ("pl", 3.0, "pl must not exceed smoothness 2.0; got 3.0"),
        ("alpha", 1.0, r"alpha must be in \[0, 1\); got 1.0"),
        ("variance", -1.0, "variance must be finite and >= 0; got -1.0"),
        ("guidance_norm", math.nan, "guidance_norm must be finite and >= 0"),
    ):
        with pytest.raises(ValueError, match=message):
            Setting(**(fine | {name: value}))
    for function in (step_for, decreasing_iterations):
        with pytest.raises(ValueError, match=r"epsilon must be finite and > 0; got 0\.0"):
            function(Setting(**fine), 0.0)
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\); got 1.0"):
        bound_by_alpha(1.0, 1.0, 0.0, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"guidance_norm must be finite and > 0; got 0\.0"):
        least_bound(1.0, 0.0, 0.5, 0.0)
