"""Certificates: optimal pairs pass, each kind of tampering is seen in its own residual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.certificate import (
    Certificate,
    certify,
    verify,
    verify_farkas,
    verify_unbounded,
)
from lp_solvers.errors import CertificateError, FarkasRay
from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program
from tests.lp_solvers.program_strategies import (
    Unbounded,
    as_sparse,
    infeasible_programs,
    integers,
    solved_programs,
    unbounded_programs,
)
from tests.lp_solvers.textbook import product_mix, transportation

Solved = tuple[LinearProgram, LPSolution]


@given(solved_programs())
def test_optimal_pair_has_zero_residuals(program: Solved) -> None:
    assert certify(*program) == Certificate(0.0, 0.0, 0.0, 0.0)


@given(solved_programs())
def test_sparse_program_has_the_same_certificate(program: Solved) -> None:
    lp, s = program
    shifted = replace(s, x=s.x + 0.5, y_eq=s.y_eq - 0.25)
    assert certify(as_sparse(lp), shifted) == certify(lp, shifted)


@given(solved_programs(), st.data())
def test_whatever_passes_is_optimal(program: Solved, data: st.DataObject) -> None:
    """Soundness: tamper anywhere; if the certificate still passes, the value is still right."""
    lp, s = program
    tampered = LPSolution(
        s.x + data.draw(integers(s.x.shape, -1, 1)),
        s.value + float(data.draw(st.integers(-1, 1))),
        s.y_ub + data.draw(integers(s.y_ub.shape, -1, 1)),
        s.y_eq + data.draw(integers(s.y_eq.shape, -1, 1)),
    )
    if certify(lp, tampered).worst <= 1e-9:
        assert tampered.value == s.value
        assert lp.c @ tampered.x == s.value


@given(solved_programs(), integers((8,), 0, 3))
def test_for_feasible_pairs_the_gap_is_the_sum_of_the_products(program: Solved, more: Any) -> None:
    """``c.x - dual = x.r + y_ub.s``: both residuals measure the same thing, in two ways."""
    lp, s = program
    # Looser right-hand sides and dearer variables keep x and y feasible, no longer optimal.
    looser = replace(lp, c=lp.c + more[: lp.n_variables], b_ub=lp.b_ub + more[4:][: lp.n_ub])
    certificate = certify(looser, replace(s, value=float(looser.c @ s.x)))
    assert certificate.primal == certificate.dual == 0
    assert certificate.gap == pytest.approx(certificate.complementarity, rel=1e-12, abs=1e-15)


@given(solved_programs(), st.integers(-30, 30), st.integers(-30, 30))
def test_units_of_objective_and_right_hand_side_do_not_matter(
    program: Solved, log_objective: int, log_right: int
) -> None:
    lp, s = program
    s = replace(s, x=s.x + 1.0)
    # Powers of two, so that the scaled numbers are exact.
    f, g = 2.0**log_objective, 2.0**log_right
    scaled_lp = replace(lp, c=f * lp.c, b_ub=g * lp.b_ub, b_eq=g * lp.b_eq)
    scaled = LPSolution(g * s.x, f * g * s.value, f * s.y_ub, f * s.y_eq)
    assert certify(scaled_lp, scaled) == certify(lp, s)


def test_residuals_of_a_tampered_answer_by_hand() -> None:
    lp, s = product_mix()
    # Row 2 (2 x_2 <= 12) is exceeded by 2; its size is 7 * 2 + 12.
    assert certify(lp, replace(s, x=np.array([2.0, 7.0]))).primal == pytest.approx(2 / 26)
    # Reduced cost of x_2 is -5 + 2 * 1 + 2 * 1 = -1; its size is 1 * (2 + 2) + 5.
    assert certify(lp, replace(s, y_ub=np.array([0.0, 1.0, 1.0]))).dual == pytest.approx(1 / 9)
    # Slack 2 of row 1 at price 1: |y s| = 2 over |c|.|x| + |b|.|y| = 36 + 40.
    priced = certify(lp, replace(s, y_ub=np.array([1.0, 1.5, 1.0])))
    assert priced.complementarity == pytest.approx((2 + 2 * 1) / 76)


TAMPERED: list[tuple[str, str, dict[str, Any]]] = [
    ("primal", "inequality", {"x": [0, 20, 0, 10, 5, 16]}),
    ("primal", "equality", {"x": [0, 20, 0, 10, 5, 14]}),
    ("primal", "negative", {"x": [-1, 21, 0, 11, 4, 15]}),
    ("dual", "reduced cost", {"y_eq": [9, 12, 14]}),
    ("dual", "negative price", {"y_ub": [6, -1], "y_eq": [9, 12, 13]}),
    ("dual", "negative price alone", {"y_ub": [6, -1], "y_eq": [8, 11, 12]}),
    ("complementarity", "other vertex", {"x": [10, 10, 0, 0, 15, 15], "value": 515.0}),
    ("complementarity", "lower potentials", {"y_ub": [0, 0], "y_eq": [8, 6, 10]}),
    ("gap", "value", {"value": 475.0}),
    ("gap", "value of another point", {"x": [10, 10, 0, 0, 15, 15]}),
    ("gap", "lower potentials", {"y_ub": [0, 0], "y_eq": [8, 6, 10]}),
    ("dual", "flipped inequality sign", {"y_ub": [-6, 0]}),
    ("gap", "flipped equality sign", {"y_eq": [-9, -12, -13]}),
]


@pytest.mark.parametrize(("residual", "what", "change"), TAMPERED)
def test_tampering_is_seen_where_it_happened(residual: str, what: str, change: Any) -> None:
    lp, s = transportation()
    changed: dict[str, Any] = {k: np.asarray(v, dtype=float) for k, v in change.items()}
    tampered = replace(s, **changed)
    assert getattr(certify(lp, tampered), residual) > 1e-3, what
    with pytest.raises(CertificateError, match=residual):
        verify(lp, tampered)


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0])
def test_small_tampering_gives_a_residual_in_proportion(size: float) -> None:
    lp, s = transportation()
    unit = np.array([0.0, 0.0, 1.0])
    expected = certify(lp, replace(s, y_eq=s.y_eq + unit)).worst
    assert certify(lp, replace(s, y_eq=s.y_eq + size * unit)).worst == pytest.approx(
        size * expected, rel=0.1
    )


def test_verify_returns_the_certificate_and_honours_the_tolerance() -> None:
    lp, s = product_mix()
    assert verify(lp, s).worst == 0
    off = replace(s, value=s.value * (1 + 1e-6))
    assert 0 < verify(lp, off, tolerance=1e-6).worst <= 1e-6
    with pytest.raises(CertificateError, match="not optimal to 1e-09"):
        verify(lp, off)


def test_violation_without_any_scale_is_infinite() -> None:
    lp = linear_program([0.0], [[0.0]], [0.0])
    s = LPSolution(np.zeros(1), 1.0, np.zeros(1), np.zeros(0))
    assert certify(lp, s).gap == np.inf
    assert certify(lp, s).worst == np.inf


BAD_SOLUTIONS = [
    ({"x": np.zeros(3)}, ValueError, "solution.x must have length 2"),
    ({"x": np.array([np.nan, 0.0])}, ValueError, "solution.x must be finite; got nan"),
    ({"y_ub": np.zeros(2)}, ValueError, "solution.y_ub must have length 3"),
    ({"y_eq": np.zeros(1)}, ValueError, "solution.y_eq must have length 0"),
    ({"value": np.nan}, ValueError, "solution.value must be finite; got nan"),
    ({"value": None}, TypeError, "solution.value must be an array of real numbers"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD_SOLUTIONS)
def test_malformed_solution_is_refused_by_name(change: Any, error: Any, message: str) -> None:
    lp, s = product_mix()
    with pytest.raises(error, match=message):
        certify(lp, replace(s, **change))


@given(infeasible_programs())
def test_constructed_ray_is_accepted(program: tuple[LinearProgram, FarkasRay]) -> None:
    lp, ray = program
    assert verify_farkas(lp, ray)
    assert verify_farkas(as_sparse(lp), ray)


@given(solved_programs(), st.data())
def test_no_ray_is_accepted_for_a_feasible_program(program: Solved, data: st.DataObject) -> None:
    lp, _ = program
    y_ub, y_eq = (data.draw(integers((k,))) for k in (lp.n_ub, lp.n_eq))
    assert not verify_farkas(lp, FarkasRay(y_ub, y_eq))


def test_each_condition_of_a_ray_is_checked() -> None:
    lp = linear_program([1.0, 1.0], [[1, 1], [0, 1]], [-1, 5], [[1, 0]], [2])
    assert verify_farkas(lp, FarkasRay(np.array([1.0, 0.0]), np.array([0.0])))
    bad = [([1.0, -1e-6], [0.0]), ([1.0, 0.0], [2.0]), ([0.0, 1.0], [0.0]), ([0.0, 0.0], [0.0])]
    for y_ub, y_eq in bad:
        assert not verify_farkas(lp, FarkasRay(np.array(y_ub), np.array(y_eq)))


def test_ray_whose_gain_is_lost_in_rounding_is_refused() -> None:
    ray = FarkasRay(np.array([1.0, 1.0]), np.zeros(0))
    rows = [[1.0], [-1.0]]  # 3 + shift <= x <= 3
    assert not verify_farkas(linear_program([1.0], rows, [3.0, -3.0 - 1e-12]), ray)
    assert verify_farkas(linear_program([1.0], rows, [3.0, -3.0 - 1e-6]), ray)


@given(unbounded_programs())
def test_constructed_direction_is_accepted(program: Unbounded) -> None:
    assert verify_unbounded(program.lp, program.point, program.direction)
    assert verify_unbounded(as_sparse(program.lp), program.point, program.direction)


@given(solved_programs(), st.data())
def test_no_direction_is_accepted_for_a_bounded_program(
    program: Solved, data: st.DataObject
) -> None:
    lp, s = program
    assert not verify_unbounded(lp, s.x, data.draw(integers(s.x.shape, 0)))


def test_each_condition_of_a_direction_is_checked() -> None:
    lp = linear_program([-1.0, 0, 0], [[1, -1, 0]], [2], [[0, 0, 1]], [1])
    point, direction = np.array([1.0, 0, 1]), np.array([1.0, 1, 0])
    assert verify_unbounded(lp, point, direction)
    for bad in ([-1.0, 0, 0], [1, 0, 0], [1, 1, 1], [0, 1, 0], [1, 1, -1e-6]):
        assert not verify_unbounded(lp, point, np.array(bad, dtype=float))
    for bad in ([1.0, 0, 0], [4, 0, 1], [-1, 0, 1]):
        assert not verify_unbounded(lp, np.array(bad), direction)
    falling = linear_program([1.0, 0.0])
    assert not verify_unbounded(falling, np.zeros(2), np.array([-1.0, 0.0]))


BAD_PROOFS = [
    ({"y_ub": np.zeros(1)}, "ray.y_ub must have length 3"),
    ({"y_eq": np.zeros(1)}, "ray.y_eq must have length 0"),
    ({"y_ub": np.full(3, np.inf)}, "ray.y_ub must be finite"),
]


@pytest.mark.parametrize(("change", "message"), BAD_PROOFS)
def test_malformed_ray_is_refused_by_name(change: Any, message: str) -> None:
    lp, _ = product_mix()
    with pytest.raises(ValueError, match=message):
        verify_farkas(lp, replace(FarkasRay(np.zeros(3), np.zeros(0)), **change))


def test_malformed_direction_is_refused_by_name() -> None:
    lp, s = product_mix()
    with pytest.raises(ValueError, match="direction must have length 2"):
        verify_unbounded(lp, s.x, np.zeros(3))
    with pytest.raises(ValueError, match="point must be finite"):
        verify_unbounded(lp, np.array([0.0, np.nan]), np.zeros(2))
