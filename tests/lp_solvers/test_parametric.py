"""The value curve: closed forms, convexity, agreement with programs solved one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import highs
from lp_solvers.certificate import verify_farkas
from lp_solvers.duality import derivative_range
from lp_solvers.errors import InfeasibleError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from lp_solvers.parametric import ValueCurve, value_curve
from tests.lp_solvers.program_strategies import as_sparse, integers, solved_programs
from tests.lp_solvers.textbook import product_mix

Solved = tuple[LinearProgram, LPSolution]
FIRST = np.array([1.0, 0, 0, 0])


def _knapsack(worth: Any, size: Any) -> LinearProgram:
    n = len(worth)
    return linear_program(
        -np.asarray(worth, dtype=float),
        np.vstack([np.asarray(size, dtype=float), np.eye(n)]),
        np.append(0.0, np.ones(n)),
    )


def test_product_mix_over_its_third_resource() -> None:
    """Hand sweep: hours 0 to 12 make product 2 at 5/2 per hour, 12 to 24 product 1 at 1, then 0."""
    lp, _ = product_mix()
    curve = value_curve(lp, np.array([0.0, 0, 1]), (-18.0, 20.0))
    assert curve.breakpoints == pytest.approx([-18, -6, 6, 20])
    assert curve.values == pytest.approx([0, -30, -42, -42])
    assert curve.slopes == pytest.approx([-2.5, -1, 0], abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 5)), min_size=1, max_size=6))
def test_fractional_knapsack_is_filled_greedily(items: list[tuple[int, int]]) -> None:
    """Closed form: breakpoints at cumulative sizes in order of worth per size; slopes minus it."""
    worth, size = (np.array(column, dtype=float) for column in zip(*items, strict=True))
    total = size.sum()
    direction = np.eye(len(items) + 1)[0]
    curve = value_curve(_knapsack(worth, size), direction, (0.0, total + 1))
    ratios = np.unique(worth / size)[::-1]
    ends = np.cumsum([size[worth / size == ratio].sum() for ratio in ratios])
    assert curve.breakpoints == pytest.approx([0, *ends, total + 1])
    assert curve.slopes == pytest.approx([*-ratios, 0], abs=1e-12)
    assert curve.values == pytest.approx(
        [0, *np.cumsum(-ratios * np.diff([0, *ends])), -worth.sum()]
    )


@given(solved_programs(max_size=3), st.data())
def test_curve_agrees_with_programs_solved_one_by_one(program: Solved, data: st.DataObject) -> None:
    lp, _ = program
    direction = data.draw(integers((lp.n_ub,), 0, 2))
    curve = value_curve(lp, direction, (0.0, 3.0))
    for t in (0.0, *data.draw(st.lists(st.floats(0, 3), max_size=3)), 3.0):
        exact = highs.solve(replace(lp, b_ub=lp.b_ub + t * direction)).value
        assert curve.value(t) == pytest.approx(exact, rel=1e-9, abs=1e-8)


@given(solved_programs(max_size=3), st.data())
def test_curve_is_convex_with_slopes_that_are_its_one_sided_derivatives(
    program: Solved, data: st.DataObject
) -> None:
    lp, _ = program
    direction = data.draw(integers((lp.n_ub,), 0, 2))
    curve = value_curve(lp, direction, (0.0, 3.0))
    widths = np.diff(curve.breakpoints)
    assert (widths > 0).all()
    assert (np.diff(curve.slopes) > 0).all()
    assert np.diff(curve.values) == pytest.approx(curve.slopes * widths, rel=1e-8, abs=1e-8)
    for t, before, after in zip(
        curve.breakpoints[1:-1], curve.slopes[:-1], curve.slopes[1:], strict=True
    ):
        moved = replace(lp, b_ub=lp.b_ub + t * direction)
        left, right = derivative_range(moved, highs.solve(moved), direction, np.zeros(lp.n_eq))
        assert (left, right) == pytest.approx((before, after), rel=1e-6, abs=1e-6)


@given(solved_programs(max_size=3))
def test_more_room_never_costs(program: Solved) -> None:
    lp, _ = program
    curve = value_curve(lp, np.ones(lp.n_ub), (0.0, 2.0))
    assert (curve.slopes <= 0).all()


@given(solved_programs(max_size=3), st.data())
def test_sparse_program_and_another_parametrisation_give_the_same_curve(
    program: Solved, data: st.DataObject
) -> None:
    """t -> 1 + 2 t stretches the axis and nothing else."""
    lp, _ = program
    d = data.draw(integers((lp.n_ub,), 0, 2))
    curve = value_curve(lp, d, (0.0, 3.0))
    other = value_curve(as_sparse(replace(lp, b_ub=lp.b_ub + d)), 2 * d, (-0.5, 1.0))
    assert 1 + 2 * other.breakpoints == pytest.approx(curve.breakpoints, abs=1e-9)
    assert other.values == pytest.approx(curve.values, rel=1e-9, abs=1e-9)
    assert other.slopes / 2 == pytest.approx(curve.slopes, rel=1e-9, abs=1e-9)


def test_number_of_programs_is_at_most_twice_the_pieces_and_one() -> None:
    solved = []

    def counted(lp: LinearProgram) -> LPSolution:
        solved.append(lp)
        return highs.solve(lp)

    rng = np.random.default_rng(0)
    worth, size = rng.uniform(1, 9, 20), rng.uniform(1, 2, 20)
    curve = value_curve(_knapsack(worth, size), np.eye(21)[0], (0.0, size.sum()), counted)
    assert curve.slopes.size == 20
    assert len(solved) <= 2 * 20 + 1


def test_constant_and_linear_curves_have_one_piece() -> None:
    lp = _knapsack([3, 2, 1], [1, 1, 1])
    flat = value_curve(lp, FIRST, (5.0, 9.0))
    assert flat.slopes.tolist() == [0.0]
    straight = value_curve(lp, FIRST, (1.25, 1.75))
    assert straight.slopes == pytest.approx([-2.0])
    still = value_curve(lp, np.zeros(4), (0.0, 1.0))
    assert still.slopes.tolist() == [0.0]
    assert still.values.tolist() == [0.0, 0.0]


def test_interval_that_starts_and_ends_on_kinks() -> None:
    """The multiplier found at a kink may belong to no piece inside; the curve must not show it."""
    curve = value_curve(_knapsack([3, 2, 1], [1, 1, 1]), FIRST, (1.0, 2.0))
    assert curve.breakpoints == pytest.approx([1, 2])
    assert curve.slopes == pytest.approx([-2])


@given(st.floats(-0.5, 3.5), st.floats(-0.5, 3.5))
def test_value_interpolates_exactly_and_is_vectorised(s: float, t: float) -> None:
    curve = ValueCurve(np.array([-1.0, 1, 4]), np.array([3.0, 1, 1]), np.array([-1.0, 0]))
    assert curve.value(np.array([[s, t]])) == pytest.approx(
        np.array([[max(1, 2 - s), max(1, 2 - t)]])
    )


def test_infeasible_end_is_named_with_its_ray() -> None:
    lp = linear_program([1.0], [[-1.0], [1.0]], [-1.0, 2.0])
    direction = np.array([0.0, 1.0])
    with pytest.raises(InfeasibleError, match=r"infeasible at t = -1\.5") as caught:
        value_curve(lp, direction, (-1.5, 1.0))
    assert verify_farkas(replace(lp, b_ub=lp.b_ub - 1.5 * direction), caught.value.ray)
    with pytest.raises(InfeasibleError, match="infeasible at t = 3:"):
        value_curve(lp, -direction, (0.0, 3.0))


def test_unbounded_program_is_named() -> None:
    with pytest.raises(UnboundedError):
        value_curve(linear_program([-1.0], [[0.0]], [1.0]), np.ones(1), (0.0, 1.0))


def test_inexact_multipliers_are_refused_rather_than_believed() -> None:
    def careless(lp: LinearProgram) -> LPSolution:
        solution = highs.solve(lp)
        return replace(solution, y_ub=np.zeros(lp.n_ub))

    with pytest.raises(SolverError, match="do not bound a convex curve"):
        value_curve(_knapsack([3, 2, 1], [1, 1, 1]), FIRST, (0.0, 3.0), careless)


BAD = [
    ((np.ones(2), (0.0, 1.0)), "direction must have length 4; got 2"),
    ((np.full(4, np.nan), (0.0, 1.0)), "direction must be finite; got nan"),
    ((FIRST, (1.0, 1.0)), r"interval must satisfy t_low < t_high; got \(1.0, 1.0\)"),
    ((FIRST, (1.0, 0.0)), r"interval must satisfy t_low < t_high"),
    ((FIRST, (0.0, np.inf)), "interval must be finite; got inf"),
    ((FIRST, (0.0, 1.0, 2.0)), "interval must have length 2; got 3"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        value_curve(_knapsack([3, 2, 1], [1, 1, 1]), *arguments)


@pytest.mark.parametrize("t", [-1.5, 4.5, np.nan])
def test_value_outside_the_interval_is_refused(t: float) -> None:
    curve = ValueCurve(np.array([-1.0, 4]), np.array([3.0, 1]), np.array([-0.4]))
    with pytest.raises(ValueError, match=r"t must lie in \[-1.0, 4.0\]"):
        curve.value(t)
