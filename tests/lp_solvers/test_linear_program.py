"""The standard form: what it accepts, weak duality, and each bad input by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from scipy import sparse

from lp_solvers.linear_program import (
    LinearProgram,
    LPSolution,
    dual_value,
    linear_program,
    reduced_costs,
)
from tests.lp_solvers.program_strategies import as_sparse, integers, solved_programs

Solved = tuple[LinearProgram, LPSolution]
GOOD: dict[str, Any] = {
    "c": [1.0, 2.0],
    "A_ub": [[1.0, 1.0]],
    "b_ub": [1.0],
    "A_eq": [[1.0, -1.0]],
    "b_eq": [0.0],
}


def test_lists_become_arrays_and_sizes_are_read_off() -> None:
    lp = LinearProgram(**GOOD)
    assert isinstance(lp.A_ub, np.ndarray)
    assert (lp.n_variables, lp.n_ub, lp.n_eq) == (2, 1, 1)


def test_blocks_left_out_have_no_rows() -> None:
    lp = linear_program([1.0, 2.0])
    assert lp.A_ub.shape == lp.A_eq.shape == (0, 2)
    assert (lp.n_ub, lp.n_eq) == (0, 0)


def test_sparse_blocks_stay_sparse() -> None:
    lp = linear_program([1.0, 2.0], sparse.coo_array([[1.0, 0.0]]), [1.0])
    assert isinstance(lp.A_ub, sparse.csr_array)


@given(solved_programs())
def test_lagrangian_is_reduced_cost_plus_dual_value(program: Solved) -> None:
    """``c.x + y_ub.(A_ub x - b_ub) - y_eq.(A_eq x - b_eq) = r.x + dual value``: the signs."""
    lp, s = program
    x = s.x + 1.0
    lagrangian = lp.c @ x + s.y_ub @ (lp.A_ub @ x - lp.b_ub) - s.y_eq @ (lp.A_eq @ x - lp.b_eq)
    assert lagrangian == reduced_costs(lp, s.y_ub, s.y_eq) @ x + dual_value(lp, s.y_ub, s.y_eq)


@given(solved_programs())
def test_sparse_and_dense_give_the_same_reduced_costs(program: Solved) -> None:
    lp, s = program
    dense = reduced_costs(lp, s.y_ub, s.y_eq)
    assert np.array_equal(dense, reduced_costs(as_sparse(lp), s.y_ub, s.y_eq))


@given(integers((3,)))
def test_unconstrained_program_has_its_cost_as_reduced_cost(c: Any) -> None:
    assert np.array_equal(reduced_costs(linear_program(c), np.zeros(0), np.zeros(0)), c)


BAD = [
    ({"c": []}, ValueError, "c must have at least one entry"),
    ({"c": [1.0, np.nan]}, ValueError, "c must be finite; got nan"),
    ({"c": [[1.0, 2.0]]}, ValueError, r"c must have 1 dimension.*\(1, 2\)"),
    ({"c": ["x", "y"]}, TypeError, "c must be an array of real numbers"),
    ({"A_ub": [[1.0]]}, ValueError, r"A_ub must have shape \(1, 2\); got \(1, 1\)"),
    ({"A_ub": [1.0, 1.0]}, ValueError, r"A_ub must have 2 dimension.*\(2,\)"),
    ({"A_ub": [[np.inf, 1.0]]}, ValueError, r"A_ub must be finite; got inf at \(0, 0\)"),
    ({"A_ub": sparse.csr_array([[np.nan, 1.0]])}, ValueError, "A_ub must be finite; got nan"),
    ({"b_ub": [1.0, 1.0]}, ValueError, r"A_ub must have shape \(2, 2\)"),
    ({"b_ub": [-np.inf]}, ValueError, "b_ub must be finite; got -inf"),
    ({"A_eq": [[1.0, 1.0], [1.0, 1.0]]}, ValueError, r"A_eq must have shape \(1, 2\)"),
    ({"A_eq": [[np.nan, 1.0]]}, ValueError, "A_eq must be finite; got nan"),
    ({"b_eq": [np.nan]}, ValueError, "b_eq must be finite; got nan"),
    ({"b_eq": 0.0}, ValueError, r"b_eq must have 1 dimension"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_program_is_refused_by_name(change: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        LinearProgram(**(GOOD | change))


@pytest.mark.parametrize("name", ["A_ub", "b_ub", "A_eq", "b_eq"])
def test_matrix_and_right_hand_side_come_together(name: str) -> None:
    with pytest.raises(ValueError, match=f"must be given together with {name}"):
        linear_program([1.0, 2.0], **{name: GOOD[name]})
