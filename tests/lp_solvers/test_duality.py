"""Dual programs and the exact set of optimal multipliers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import highs
from lp_solvers.certificate import certify
from lp_solvers.duality import (
    derivative_range,
    dual_program,
    multiplier_range,
    split_multipliers,
    unique_multiplier,
)
from lp_solvers.errors import DegenerateError, InfeasibleError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from tests.lp_solvers.program_strategies import (
    Unbounded,
    as_sparse,
    infeasible_programs,
    integers,
    solved_programs,
    unbounded_programs,
)
from tests.lp_solvers.textbook import TEXTBOOK, product_mix

Solved = tuple[LinearProgram, LPSolution]


def _has_rows(lp: LinearProgram) -> bool:
    return lp.n_ub + lp.n_eq > 0


# A program without rows has a dual without variables; it is tested by name below.
with_rows = solved_programs().filter(lambda program: _has_rows(program[0]))


@given(with_rows)
def test_dual_has_minus_the_value_and_swaps_the_roles(program: Solved) -> None:
    """The dual's solution and multipliers, swapped, certify the primal."""
    lp, known = program
    dual = highs.solve(dual_program(lp))
    y_ub, y_eq = split_multipliers(lp, dual.x)
    assert dual.value == pytest.approx(-known.value, rel=1e-12, abs=1e-9)
    assert certify(lp, LPSolution(dual.y_ub, -dual.value, y_ub, y_eq)).worst <= 1e-9


@given(with_rows)
def test_dual_of_the_dual_has_the_value_of_the_program(program: Solved) -> None:
    lp, known = program
    twice = highs.solve(dual_program(dual_program(lp)))
    assert twice.value == pytest.approx(known.value, rel=1e-12, abs=1e-9)
    assert twice.x[: lp.n_variables] @ lp.c == pytest.approx(known.value, rel=1e-12, abs=1e-9)


@given(with_rows)
def test_dual_of_a_sparse_program_is_the_same(program: Solved) -> None:
    lp, _ = program
    dense, thin = dual_program(lp), dual_program(as_sparse(lp))
    assert abs(dense.A_ub - thin.A_ub).sum() == 0
    assert np.array_equal(dense.c, thin.c)


@given(infeasible_programs())
def test_dual_of_an_infeasible_program_has_no_optimum(program: Any) -> None:
    with pytest.raises((InfeasibleError, UnboundedError)):
        highs.solve(dual_program(program[0]))


@given(unbounded_programs().filter(lambda program: _has_rows(program.lp)))
def test_dual_of_an_unbounded_program_is_infeasible(program: Unbounded) -> None:
    with pytest.raises(InfeasibleError):
        highs.solve(dual_program(program.lp))


def test_program_without_rows_has_no_dual_and_no_derivative_but_zero() -> None:
    lp = linear_program([1.0])
    with pytest.raises(ValueError, match="lp must have at least one constraint row"):
        dual_program(lp)
    assert derivative_range(lp, highs.solve(lp), np.zeros(0), np.zeros(0)) == (0.0, 0.0)


def _one_sided_difference(lp: LinearProgram, d_ub: Any, d_eq: Any, h: float) -> float:
    shifted = replace(lp, b_ub=lp.b_ub + h * d_ub, b_eq=lp.b_eq + h * d_eq)
    try:
        return (highs.solve(shifted).value - highs.solve(lp).value) / h
    except InfeasibleError:
        return np.inf * h


@given(solved_programs(max_size=3), st.data())
def test_derivatives_are_one_sided_finite_differences(program: Solved, data: st.DataObject) -> None:
    """Integer data of this size have their kinks at least 1e-5 apart, so a step of 1e-6 is exact.

    The value is solved to 1e-12 of its size, so the quotient is good to about 1e-4.
    """
    lp, _ = program
    d_ub, d_eq = (data.draw(integers((k,), -1, 1)) for k in (lp.n_ub, lp.n_eq))
    left, right = derivative_range(lp, highs.solve(lp), d_ub, d_eq)
    assert left <= right
    assert right == pytest.approx(_one_sided_difference(lp, d_ub, d_eq, 1e-6), abs=1e-4)
    assert left == pytest.approx(_one_sided_difference(lp, d_ub, d_eq, -1e-6), abs=1e-4)


@given(solved_programs())
def test_every_optimal_multiplier_lies_in_the_range(program: Solved) -> None:
    """The pair known by construction and the solver's own, at a vertex that is neither's."""
    lp, known = program
    solution = highs.solve(lp)
    for row in range(lp.n_ub):
        low, high = multiplier_range(lp, solution, row)
        assert low >= 0
        for multiplier in (known.y_ub[row], solution.y_ub[row]):
            assert low - 1e-9 <= multiplier <= high + 1e-9


def _knapsack(capacity: float) -> LinearProgram:
    """Items worth 3, 2, 1 of size 1 each: the price of capacity is the worth of the next item."""
    return linear_program([-3, -2, -1], [[1, 1, 1], *np.eye(3)], [capacity, 1, 1, 1])


@pytest.mark.parametrize(
    ("capacity", "interval"),
    [(0, (3, np.inf)), (1, (2, 3)), (2, (1, 2)), (3, (0, 1)), (4, (0, 0)), (1.5, (2, 2))],
)
def test_price_of_capacity_in_closed_form(capacity: float, interval: Any) -> None:
    lp = _knapsack(capacity)
    assert multiplier_range(lp, highs.solve(lp), 0) == pytest.approx(interval, abs=1e-12)


def test_unique_multiplier_is_returned_and_a_set_is_refused_with_its_interval() -> None:
    lp = _knapsack(1.5)
    assert unique_multiplier(lp, highs.solve(lp), 0) == pytest.approx(2)
    lp = _knapsack(1)
    with pytest.raises(DegenerateError, match=r"row 0 is not unique: all of \[2, 3\]") as caught:
        unique_multiplier(lp, highs.solve(lp), 0)
    assert caught.value.interval == pytest.approx((2, 3))
    lp = _knapsack(0)
    with pytest.raises(DegenerateError) as caught:
        unique_multiplier(lp, highs.solve(lp), 0)
    assert caught.value.interval == pytest.approx((3, np.inf))


@pytest.mark.parametrize("unit", [1e-15, 1e15])
def test_uniqueness_does_not_depend_on_the_unit_of_the_objective(unit: float) -> None:
    for capacity, unique in ((1.5, True), (1, False)):
        lp = replace(_knapsack(capacity), c=unit * _knapsack(capacity).c)
        solution = highs.solve(lp)
        if unique:
            assert unique_multiplier(lp, solution, 0) == pytest.approx(2 * unit)
        else:
            with pytest.raises(DegenerateError):
                unique_multiplier(lp, solution, 0)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_multipliers_are_unique(name: str) -> None:
    lp, known = TEXTBOOK[name]()
    solution = highs.solve(lp)
    for row in range(lp.n_ub):
        assert unique_multiplier(lp, solution, row) == pytest.approx(known.y_ub[row], abs=1e-9)


def test_bad_arguments_are_named() -> None:
    lp, s = product_mix()
    with pytest.raises(ValueError, match=r"row must be in 0..2; got 3"):
        multiplier_range(lp, s, 3)
    with pytest.raises(TypeError, match="row must be an integer; got 'a'"):
        multiplier_range(lp, s, "a")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="d_ub must have length 3; got 2"):
        derivative_range(lp, s, np.zeros(2), np.zeros(0))
    with pytest.raises(ValueError, match="d_eq must be finite"):
        derivative_range(*TEXTBOOK["shortest_path"](), np.zeros(0), np.full(3, np.nan))
    with pytest.raises(ValueError, match=r"solution.x must have length 2; got 3"):
        multiplier_range(lp, replace(s, x=np.zeros(3)), 0)


def test_point_that_is_not_optimal_has_no_complementary_multipliers() -> None:
    lp, s = product_mix()
    with pytest.raises(SolverError, match="solution is not optimal"):
        multiplier_range(lp, replace(s, x=np.array([1.0, 1.0])), 0)
