"""Argument checks: what passes is unchanged, what fails names argument, rule and value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from lp_solvers import validation

FINITE = st.floats(-1e6, 1e6)


@given(hnp.arrays(np.float64, st.integers(0, 5), elements=FINITE))
def test_valid_vector_passes_unchanged_and_uncopied(values: Any) -> None:
    assert validation.vector("v", values) is values


@given(hnp.arrays(np.float64, (3, 2), elements=FINITE))
def test_sparse_matrix_stays_sparse_with_the_same_entries(values: Any) -> None:
    result = validation.matrix("m", sparse.coo_array(values))
    assert isinstance(result, sparse.csr_array)
    assert np.array_equal(result.toarray(), values)


@pytest.mark.parametrize("kind", [int, bool, np.float32, np.uint8])
def test_other_real_types_become_float64(kind: type) -> None:
    result = validation.vector("v", np.ones(2, dtype=kind))
    assert result.dtype == np.float64
    assert (result == 1).all()


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(0.1, 1)))
def test_normalised_rows_pass_as_probabilities(weights: Any) -> None:
    rows = weights / weights.sum(axis=1, keepdims=True)
    assert np.array_equal(validation.probability_rows("P", rows), rows)
    thin: Any = validation.probability_rows("P", sparse.csr_array(rows))
    assert np.array_equal(thin.toarray(), rows)
    assert np.array_equal(validation.distribution("mu", rows[0], 3), rows[0])


BAD = [
    (validation.vector, ([1.0, np.nan],), ValueError, r"v must be finite; got nan at \(1,\)"),
    (validation.vector, ([np.inf],), ValueError, r"v must be finite; got inf at \(0,\)"),
    (validation.vector, ([[1.0]],), ValueError, r"v must have 1 dimension.*\(1, 1\)"),
    (validation.vector, (1.0,), ValueError, r"v must have 1 dimension.*\(\)"),
    (validation.vector, ([1.0], 2), ValueError, "v must have length 2; got 1"),
    (validation.vector, (["a"],), TypeError, "v must be an array of real numbers; got dtype <U1"),
    (validation.vector, ([1j],), TypeError, "v must be an array of real numbers.*complex128"),
    (validation.vector, ([[1.0], [1.0, 2.0]],), TypeError, "v must be an array of real numbers"),
    (validation.vector, (None,), TypeError, "v must be an array of real numbers; got dtype object"),
    (validation.matrix, ([1.0],), ValueError, r"v must have 2 dimension.*\(1,\)"),
    (validation.matrix, (np.ones((2, 2)), (2, 3)), ValueError, r"shape \(2, 3\); got \(2, 2\)"),
    (validation.matrix, (np.ones((2, 2)), (None, 3)), ValueError, r"shape \('any', 3\)"),
    (validation.matrix, (sparse.eye_array(2), (3, 2)), ValueError, r"shape \(3, 2\); got \(2, 2\)"),
    (validation.matrix, (sparse.coo_array([1.0]),), ValueError, r"shape .*; got \(1,\)"),
    (validation.matrix, (sparse.eye_array(2) * np.nan,), ValueError, "v must be finite; got nan"),
    (validation.matrix, (sparse.eye_array(2) * 1j,), TypeError, "v must be .*complex128"),
    (validation.probability_rows, ([[0.5, 0.4]],), ValueError, "row 0 sums to 0.9"),
    (validation.probability_rows, ([[1.0], [0.0]],), ValueError, "row 1 sums to 0.0"),
    (validation.probability_rows, ([[-0.5, 1.5]],), ValueError, ">= 0; got -0.5"),
    (validation.distribution, ([0.5, 0.6],), ValueError, "v must sum to 1; sums to 1.1"),
    (validation.distribution, ([-1.0, 2.0],), ValueError, "v must hold .* >= 0; got -1.0"),
    (validation.distribution, ([],), ValueError, "v must sum to 1; sums to 0.0"),
    (validation.distribution, ([1.0], 2), ValueError, "v must have length 2; got 1"),
    (validation.row_index, (3, 3), ValueError, r"v must be in 0..2; got 3"),
    (validation.row_index, (-1, 3), ValueError, r"v must be in 0..2; got -1"),
    (validation.row_index, (1.0, 3), TypeError, "v must be an integer; got 1.0"),
    (validation.row_index, (True, 3), TypeError, "v must be an integer; got True"),
]


@pytest.mark.parametrize(("check", "arguments", "error", "message"), BAD)
def test_bad_input_is_named(check: Any, arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        check("v", *arguments)


def test_row_index_accepts_numpy_integers() -> None:
    assert validation.row_index("row", np.int64(2), 3) == 2
