"""The square-root rule is the optimum of M/M/1 delay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lp_solvers import cvx
from lp_solvers.convex_program import verify
from refimpl.dgpg.theory.domains.delay import (
    delay_program,
    jobs_gradient,
    jobs_in_system,
    least_delay,
)
from tests.dgpg.theory.domains.strategies import Floats, few, queues


@few
@given(queues())
def test_closed_form_agrees_with_the_program(system: tuple[Floats, float]) -> None:
    rates, total = system
    program = delay_program(rates, total)
    solution = cvx.minimise(program)
    verify(program, solution)
    np.testing.assert_allclose(least_delay(rates, total), solution.x, atol=1e-8)
    value = jobs_in_system(solution.x, rates)
    assert solution.value == pytest.approx(value + rates.size, rel=1e-9)


@given(queues())
def test_queues_in_use_have_equal_marginal_delay(system: tuple[Floats, float]) -> None:
    rates, total = system
    load = least_delay(rates, total)
    slopes, used = jobs_gradient(load, rates), load > 1e-12
    assert load.sum() == pytest.approx(total)
    if used.any():
        np.testing.assert_allclose(slopes[used], slopes[used].max(), rtol=1e-9)
        assert (slopes[~used] >= slopes[used].max() * (1 - 1e-9)).all()


def test_two_queues_by_hand() -> None:
    """Rates 1 and 4, arrivals 2.5: roots 1 and 2 share the spare 2.5 as 1 to 2."""
    rates = np.array([1.0, 4.0])
    np.testing.assert_allclose(least_delay(rates, 2.5), [1 / 6, 7 / 3])
    assert jobs_in_system(least_delay(rates, 2.5), rates) == pytest.approx(1.6)
    assert jobs_in_system(np.array([0.5, 2.0]), rates) == pytest.approx(2.0)
    assert jobs_in_system(np.array([1.0, 1.5]), rates) == np.inf


def test_gradient_by_complex_step() -> None:
    rates, load = np.array([1.0, 4.0]), np.array([0.5, 2.0])
    for j in range(2):
        step = load + 1e-30j * np.eye(2)[j]
        slope = (step / (rates - step)).sum().imag / 1e-30
        assert jobs_gradient(load, rates)[j] == pytest.approx(slope, rel=1e-14)


def test_bad_systems_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rates must be > 0; got \[0"):
        least_delay(np.array([0.0, 1.0]), 0.5)
    with pytest.raises(ValueError, match=r"total must be in.*got 5"):
        delay_program(np.array([1.0, 4.0]), 5.0)
