"""The reference back end: known answers, certificates, sign of the multipliers, named failures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import highs
from lp_solvers.certificate import certify, verify, verify_farkas, verify_unbounded
from lp_solvers.errors import FarkasRay, InfeasibleError, SolverError, UnboundedError
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from tests.lp_solvers.program_strategies import (
    Unbounded,
    as_sparse,
    infeasible_programs,
    integers,
    solved_programs,
    unbounded_programs,
)
from tests.lp_solvers.textbook import TEXTBOOK
from tests.oracles.vertices import optimal_value

Solved = tuple[LinearProgram, LPSolution]


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_answer(name: str) -> None:
    lp, expected = TEXTBOOK[name]()
    solution = highs.solve(lp)
    assert solution.value == pytest.approx(expected.value, rel=1e-12)
    assert solution.x == pytest.approx(expected.x, rel=1e-12, abs=1e-12)
    assert solution.y_ub == pytest.approx(expected.y_ub, rel=1e-12, abs=1e-12)
    assert solution.y_eq == pytest.approx(expected.y_eq, rel=1e-12, abs=1e-12)
    assert verify(lp, solution).worst <= 1e-12


@given(solved_programs())
def test_value_known_by_construction_is_found_with_certificate(program: Solved) -> None:
    lp, known = program
    solution = highs.solve(lp)
    assert solution.value == pytest.approx(known.value, rel=1e-12, abs=1e-9)
    assert certify(lp, solution).worst <= 1e-9


@given(solved_programs())
def test_signs_are_as_stated_without_negative_zeros(program: Solved) -> None:
    solution = highs.solve(program[0])
    for values in (solution.x, solution.y_ub):
        assert (values >= 0).all()
        assert not np.signbit(values).any()
    assert not (np.signbit(solution.y_eq) & (solution.y_eq == 0)).any()


@given(solved_programs(max_size=2))
def test_value_agrees_with_exact_vertex_enumeration(program: Solved) -> None:
    lp, _ = program
    exact = optimal_value(lp.c, lp.A_ub, lp.b_ub, lp.A_eq, lp.b_eq)
    assert exact is not None
    assert highs.solve(lp).value == pytest.approx(float(exact), rel=1e-12, abs=1e-9)


@given(solved_programs())
def test_sparse_program_has_the_same_value_and_a_certificate(program: Solved) -> None:
    lp, _ = program
    solution = highs.solve(as_sparse(lp))
    assert solution.value == pytest.approx(highs.solve(lp).value, rel=1e-12, abs=1e-9)
    assert certify(lp, solution).worst <= 1e-9


@given(solved_programs(), st.randoms(use_true_random=False))
def test_order_of_variables_and_rows_does_not_matter(program: Solved, random: Any) -> None:
    lp, known = program
    columns, ub, eq = (random.sample(range(n), n) for n in (lp.n_variables, lp.n_ub, lp.n_eq))
    shuffled = LinearProgram(
        lp.c[columns],
        lp.A_ub[np.ix_(ub, columns)],
        lp.b_ub[ub],
        lp.A_eq[np.ix_(eq, columns)],
        lp.b_eq[eq],
    )
    assert highs.solve(shuffled).value == pytest.approx(known.value, rel=1e-12, abs=1e-9)


@given(solved_programs(), st.floats(0.01, 100), st.floats(0.01, 100))
def test_value_and_answer_scale_with_objective_and_right_hand_side(
    program: Solved, objective: float, right: float
) -> None:
    lp, known = program
    scaled = replace(lp, c=objective * lp.c, b_ub=right * lp.b_ub, b_eq=right * lp.b_eq)
    solution = highs.solve(scaled)
    assert solution.value == pytest.approx(objective * right * known.value, rel=1e-9, abs=1e-7)
    back = LPSolution(
        solution.x / right,
        solution.value / (objective * right),
        solution.y_ub / objective,
        solution.y_eq / objective,
    )
    assert certify(lp, back).worst <= 1e-9


@given(solved_programs(), st.integers(-60, 60), st.integers(-60, 60))
def test_solver_tolerances_are_relative_to_the_units(
    program: Solved, log_objective: int, log_right: int
) -> None:
    """Numbers of size 1e-18 or 1e18 give bit for bit the same answer in their own units."""
    lp, _ = program
    f, g = 2.0**log_objective, 2.0**log_right
    scaled = highs.solve(replace(lp, c=f * lp.c, b_ub=g * lp.b_ub, b_eq=g * lp.b_eq))
    plain = highs.solve(lp)
    assert scaled.value == f * g * plain.value
    assert np.array_equal(scaled.x, g * plain.x)
    assert np.array_equal(scaled.y_ub, f * plain.y_ub)
    assert np.array_equal(scaled.y_eq, f * plain.y_eq)


@given(solved_programs(), st.data())
def test_unit_of_a_row_divides_its_multiplier(program: Solved, data: st.DataObject) -> None:
    lp, _ = program
    units = 2.0 ** data.draw(integers((lp.n_ub,)))
    scaled = replace(lp, A_ub=units[:, None] * lp.A_ub, b_ub=units * lp.b_ub)
    solution = highs.solve(scaled)
    assert certify(lp, replace(solution, y_ub=units * solution.y_ub)).worst <= 1e-9


def test_multipliers_are_minus_and_plus_the_derivative_of_the_value() -> None:
    lp = linear_program([-3, -5, 1], [[1, 0, 0], [3, 2, 0]], [4, 18], [[0, 1, -1]], [5])
    solution = highs.solve(lp)
    h = 1e-3

    def value(d_ub: Any, d_eq: Any) -> float:
        shifted = replace(lp, b_ub=lp.b_ub + h * np.array(d_ub), b_eq=lp.b_eq + h * np.array(d_eq))
        return highs.solve(shifted).value

    for i, unit in enumerate(np.eye(2)):
        slope = (value(unit, [0]) - value(-unit, [0])) / (2 * h)
        assert slope == pytest.approx(-solution.y_ub[i], abs=1e-9)
    slope = (value([0, 0], [1]) - value([0, 0], [-1])) / (2 * h)
    assert slope == pytest.approx(solution.y_eq[0], abs=1e-9)
    assert (solution.y_ub > 0).any()
    assert solution.y_eq[0] != 0


def _blurred(lp: LinearProgram, size: float) -> LPSolution:
    """An answer like that of a careless solver: right up to ``size``."""
    rng = np.random.default_rng(0)
    exact = highs._first(lp)

    def blur(values: Any) -> Any:
        return values + size * rng.uniform(-1, 1, values.shape)

    x = np.maximum(blur(exact.x), 0)
    return LPSolution(x, float(lp.c @ x), np.maximum(blur(exact.y_ub), 0), blur(exact.y_eq))


@pytest.mark.parametrize("name", TEXTBOOK)
@pytest.mark.parametrize("size", [1e-9, 1e-6, 1e-2])
def test_refinement_removes_the_error_of_a_careless_answer(name: str, size: float) -> None:
    lp, known = TEXTBOOK[name]()
    near = _blurred(lp, size)
    assert certify(lp, near).worst > 1e-3 * size
    corrected = highs._corrected(lp, near)
    assert certify(lp, corrected).worst <= 1e-13
    assert corrected.value == pytest.approx(known.value, rel=1e-14)


@given(solved_programs())
def test_refinement_works_at_degenerate_vertices_too(program: Solved) -> None:
    lp, known = program
    corrected = highs._corrected(lp, _blurred(lp, 1e-6))
    assert corrected.value == pytest.approx(known.value, rel=1e-12, abs=1e-9)


def test_careless_answer_is_refined_and_a_sharp_one_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lp, _ = TEXTBOOK["transportation"]()
    rounds = []

    def counted(lp: LinearProgram, near: LPSolution) -> LPSolution:
        rounds.append(near)
        return corrected(lp, near)

    corrected = highs._corrected
    monkeypatch.setattr(highs, "_corrected", counted)
    assert verify(lp, highs.solve(lp)).worst <= 1e-13
    assert len(rounds) == 0
    near = _blurred(lp, 1e-6)
    monkeypatch.setattr(highs, "_first", lambda _: near)
    assert verify(lp, highs._refined(lp)).worst <= 1e-13
    assert len(rounds) == 1


def test_correction_that_fails_or_makes_things_worse_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lp, _ = TEXTBOOK["transportation"]()
    near, worse = _blurred(lp, 1e-6), _blurred(lp, 1e-3)
    monkeypatch.setattr(highs, "_first", lambda _: near)
    monkeypatch.setattr(highs, "_corrected", lambda *_: worse)
    assert highs._refined(lp) is near

    def failing(*_: object) -> LPSolution:
        raise SolverError("no")

    monkeypatch.setattr(highs, "_corrected", failing)
    assert highs._refined(lp) is near


@given(infeasible_programs())
def test_infeasible_program_raises_with_a_ray_that_proves_it(
    program: tuple[LinearProgram, FarkasRay],
) -> None:
    lp, _ = program
    with pytest.raises(InfeasibleError, match="no point satisfies the constraints") as caught:
        highs.solve(lp)
    ray = caught.value.ray
    assert verify_farkas(lp, ray)
    assert max(np.abs(ray.y_ub).max(), np.abs(ray.y_eq).max(initial=0)) == 1


@given(unbounded_programs())
def test_unbounded_program_raises_with_point_and_direction(program: Unbounded) -> None:
    with pytest.raises(UnboundedError, match="falls without bound") as caught:
        highs.solve(program.lp)
    assert verify_unbounded(program.lp, caught.value.point, caught.value.direction)


def test_program_infeasible_on_both_sides_is_called_infeasible() -> None:
    """Its dual is infeasible too, so a solver may call it either; the proof decides."""
    lp = linear_program([-1.0, 0.0], [[0.0, 1.0]], [-1.0])
    with pytest.raises(InfeasibleError):
        highs.solve(lp)


def test_program_without_constraints() -> None:
    assert highs.solve(linear_program([1.0, 0.0])).value == 0
    with pytest.raises(UnboundedError):
        highs.solve(linear_program([1.0, -1.0]))


def test_zero_rows_are_consistent_or_proved_inconsistent() -> None:
    assert highs.solve(linear_program([1.0], [[0.0]], [0.0], [[0.0]], [0.0])).value == 0
    with pytest.raises(InfeasibleError):
        highs.solve(linear_program([1.0], [[0.0]], [-1.0]))
    with pytest.raises(InfeasibleError):
        highs.solve(linear_program([1.0], A_eq=[[0.0]], b_eq=[1.0]))
