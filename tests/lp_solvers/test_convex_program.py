"""Certificates of convex optima: the right pairs pass, tampering is seen, Newton repairs noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from lp_solvers.convex_program import (
    ConvexProgram,
    SeparableCost,
    certify,
    linearised,
    polished,
    verify,
)
from lp_solvers.errors import CertificateError
from lp_solvers.linear_program import LPSolution, linear_program
from tests.lp_solvers.convex_strategies import costs, solved_convex_programs
from tests.lp_solvers.program_strategies import integers

Array = NDArray[np.float64]
Solved = tuple[ConvexProgram, LPSolution]


@given(costs(3), integers((3,), 1, 4))
def test_derivatives_are_those_of_the_value(cost: SeparableCost, x: Array) -> None:
    """Derivatives of order h^2 by central differences; terms are at most some hundreds."""
    h = 1e-5
    for j, step in enumerate(h * np.eye(3)):
        first = (cost.value(x + step) - cost.value(x - step)) / (2 * h)
        assert cost.derivative(x)[j] == pytest.approx(first, rel=1e-5, abs=1e-4)
        second = (cost.derivative(x + step) - cost.derivative(x - step))[j] / (2 * h)
        assert cost.curvature(x)[j] == pytest.approx(second, rel=1e-5, abs=1e-4)


def test_value_written_out() -> None:
    cost = SeparableCost(
        quadratic=np.array([2.0]),
        power=np.array([3.0]),
        log_weight=np.array([5.0]),
        barrier=np.array([7.0]),
        ceiling=np.array([4.0]),
        degree=3.0,
    )
    assert cost.value(np.array([2.0])) == pytest.approx(4.0 + 8.0 - 5.0 * np.log(2.0) + 3.5)
    assert cost.value(np.array([4.0])) == cost.value(np.array([0.0])) == np.inf


@given(solved_convex_programs())
def test_optimal_pairs_pass(solved: Solved) -> None:
    assert verify(*solved, tolerance=1e-12).worst <= 1e-12


@given(solved_convex_programs(), st.data())
def test_whatever_passes_is_the_optimum(solved: Solved, data: st.DataObject) -> None:
    """The optimum is unique: another point may not pass."""
    program, s = solved
    x = s.x + data.draw(integers(s.x.shape, 0, 1)) * 1e-3
    if certify(program, replace(s, x=x)).worst <= 1e-9:
        np.testing.assert_array_equal(x, s.x)


@given(solved_convex_programs(), integers((8,), -3, 3))
def test_the_gap_bounds_the_distance_to_the_optimum(solved: Solved, move: Array) -> None:
    """Convexity: f(x) - f* <= grad f(x).(x - x*), whatever feasible or other x."""
    program, s = solved
    x = np.clip(s.x + 0.1 * move[: s.x.size], 0.05, 5.0)
    slope = program.gradient(x) @ (x - s.x)
    assert program.value(x) - s.value <= slope + 1e-9 * (1.0 + abs(slope) + abs(s.value))


@given(solved_convex_programs(), integers((8,), -3, 3))
def test_polishing_restores_the_point(solved: Solved, noise: Array) -> None:
    """Noise of a thousandth of the smallest nonzero entry, as an interior-point solver leaves."""
    program, s = solved
    x = np.abs(s.x + 1e-4 * noise[: s.x.size])
    near = replace(s, x=x, value=program.value(x))
    better = polished(program, near)
    np.testing.assert_allclose(better.x, s.x, atol=1e-7)
    assert certify(program, better).worst <= certify(program, near).worst


def test_a_price_on_a_loose_constraint_shows_twice() -> None:
    """For feasible pairs the gap is the sum of the products, here 0.5 times a slack of 1."""
    constraints = linear_program([-1.5], [[1.0]], [1.0])
    program = ConvexProgram(constraints, SeparableCost(quadratic=np.ones(1)))
    optimal = LPSolution(np.ones(1), -1.0, np.array([0.5]), np.zeros(0))
    assert certify(program, optimal).worst == 0.0
    looser = replace(program, linear=replace(constraints, b_ub=np.array([2.0])))
    found = certify(looser, optimal)
    assert found.primal == found.dual == 0.0
    # Terms 1.5 + 1 of the gradient at x = 1, and 2 * 0.5 of the price.
    assert found.complementarity == pytest.approx(0.5 / 3.5)
    assert found.gap == pytest.approx(0.5 / 3.5)


def test_a_wrong_value_is_refused() -> None:
    program = square()
    solution = LPSolution(np.array([0.5, 0.5]), 0.25, np.zeros(0), np.array([0.5]))
    verify(program, solution)
    with pytest.raises(CertificateError, match="value off by"):
        verify(program, replace(solution, value=0.3))
    with pytest.raises(CertificateError, match="not optimal"):
        verify(program, replace(solution, x=np.array([0.6, 0.4]), value=0.26))


def test_linearised_has_the_gradient_as_its_cost() -> None:
    x = np.array([0.2, 0.8])
    np.testing.assert_allclose(linearised(square(), x).c, x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quadratic": [1.0, -2.0]}, "quadratic must be >= 0.*-2"),
        ({"quadratic": [1.0], "power": [1.0, 2.0]}, "quadratic must have length 2"),
        ({"power": [np.nan]}, "power must be finite"),
        ({"power": [1.0], "degree": 0.5}, "degree must be >= 1.*0.5"),
    ],
)
def test_bad_costs_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeparableCost(**arguments)


def test_bad_programs_and_points_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cost must have the 2 variables.*got 1"):
        ConvexProgram(square().linear, SeparableCost(quadratic=np.ones(1)))
    logarithm = replace(square(), cost=SeparableCost(log_weight=np.ones(2)))
    with pytest.raises(ValueError, match="where the cost is finite"):
        certify(logarithm, LPSolution(np.array([0.0, 1.0]), 0.0, np.zeros(0), np.zeros(1)))


def square() -> ConvexProgram:
    """Least x^2 / 2 + y^2 / 2 with x + y = 1."""
    constraints = linear_program(np.zeros(2), A_eq=np.ones((1, 2)), b_eq=[1.0])
    return ConvexProgram(constraints, SeparableCost(quadratic=np.ones(2)))
