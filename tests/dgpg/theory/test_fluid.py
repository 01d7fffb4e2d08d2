from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.theory.fluid import (
    domination_constant,
    expected_carried_total,
    fluid_deviation,
    fluid_gradient,
    fluid_state,
    frozen_reference_error,
    rises_along_ray,
    two_sided_gradient,
)
from tests.dgpg.theory.strategies import seeds


def drawn(seed, servers=4):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(3, servers)), rng.uniform(0.5, 1.5, 3)


@given(seeds)
def test_the_state_conserves_work_and_its_gradient_is_the_complex_step_s(seed) -> None:
    rng, logits, work = drawn(seed)
    assert fluid_state(logits, work).sum() == pytest.approx(work.sum())
    price, direction = rng.normal(size=4), rng.normal(size=logits.shape)
    slope = complex_step_jvp(lambda at: fluid_state(at, work) @ price, logits, direction)
    found = fluid_gradient(logits, work, price)
    assert (found * direction).sum() == pytest.approx(float(slope), abs=1e-13)


@given(seeds)
def test_the_frozen_part_and_the_rest_add_up_to_the_gradient(seed) -> None:
    rng, logits, work = drawn(seed)
    remaining, capacity = rng.uniform(0.2, 0.9, 4), rng.uniform(0.5, 2.0, 4)
    frozen, left_out = frozen_reference_error(logits, work, remaining, capacity)
    direction = rng.normal(size=logits.shape)
    slope = complex_step_jvp(
        lambda at: fluid_deviation(at, work, remaining, capacity), logits, direction
    )
    assert ((frozen + left_out) * direction).sum() == pytest.approx(float(slope), abs=1e-13)
    equal = frozen_reference_error(logits, work, remaining, np.ones(4))[1]
    fast = frozen_reference_error(logits, work, np.full(4, 0.5), capacity)[1]
    np.testing.assert_allclose(equal, 0.0, atol=1e-15)
    np.testing.assert_allclose(fast, 0.0, atol=1e-15)
    assert np.abs(left_out).max() > 0


@given(seeds)
def test_the_gradient_dominates_the_distance(seed) -> None:
    rng, logits, work = drawn(seed)
    reference = rng.dirichlet(np.ones(4)) * work.sum()
    state = fluid_state(logits, work)
    slope = two_sided_gradient(state, reference, 1.0, 3.0)
    assert slope @ (reference - state) >= 0
    found = np.linalg.norm(fluid_gradient(logits, work, slope))
    distance = np.linalg.norm(state - reference)
    assert found >= domination_constant(logits, work, 1.0) * distance * (1 - 1e-12)


def test_aligned_performances_rise_towards_the_reference_and_others_do_not() -> None:
    best, reference, x = np.zeros(2), np.array([0.5, 0.0]), np.array([2.0, 0.0])
    assert rises_along_ray(lambda y: -float(y @ y), x, best) > 0
    assert rises_along_ray(lambda y: -float((y - reference) @ (y - reference)), x, best) < 0


def test_what_is_left_depends_on_the_placement_unless_servers_are_equally_fast() -> None:
    """0.46 on the fast and 0.65 on the slow server of Table 4 after half a unit."""
    one = np.array(1.0)
    slope = complex_step_jvp(
        lambda p: expected_carried_total(p, np.array([0.46, 0.65])), np.array(0.3), one
    )
    assert float(slope) == pytest.approx(-0.19)
    even = complex_step_jvp(lambda p: expected_carried_total(p, np.full(2, 0.5)), 0.3 * one, one)
    assert float(even) == 0.0
