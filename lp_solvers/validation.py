"""Checks shared by this package: each returns clean float64 data or names the offending argument.

Every check raises ``TypeError`` when the data is not made of real numbers and ``ValueError`` when
the numbers break a rule; the message names the argument, the rule and the offending value.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Vector: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = "NDArray[np.float64] | sparse.csr_array"


def real_array(name: str, value: Any, ndim: int) -> Vector:
    """Dense float64 array of ``ndim`` dimensions with finite entries.

    Raises
    ------
    TypeError
        If ``value`` does not hold real numbers (complex, text, objects, ragged lists).
    ValueError
        If the number of dimensions is wrong or an entry is NaN or infinite.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nested lists
        raise TypeError(f"{name} must be an array of real numbers; got {value!r}") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers; got dtype {array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s); got shape {array.shape}")
    array = array.astype(np.float64, copy=False)
    _refuse_non_finite(name, array)
    return array


def vector(name: str, value: Any, size: int | None = None) -> Vector:
    """Finite vector, of length ``size`` if given.

    Raises
    ------
    TypeError, ValueError
        As :func:`real_array`, or if the length differs from ``size``.
    """
    array = real_array(name, value, 1)
    if size is not None and array.size != size:
        raise ValueError(f"{name} must have length {size}; got {array.size}")
    return array


def matrix(name: str, value: Any, shape: tuple[int | None, int | None] = (None, None)) -> Matrix:
    """Finite matrix; sparse input stays sparse (as ``csr_array``), everything else becomes dense.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    value : array_like or sparse matrix
        The matrix.
    shape : pair of int or None
        Required shape; None leaves an axis free.

    Raises
    ------
    TypeError, ValueError
        As :func:`real_array`, or if the shape differs from ``shape``.
    """
    result: Matrix
    if sparse.issparse(value):
        _refuse_other_shape(name, value.shape, shape)
        if value.dtype.kind not in "biuf":
            raise TypeError(f"{name} must be a matrix of real numbers; got dtype {value.dtype}")
        result = sparse.csr_array(value, dtype=np.float64)
        _refuse_non_finite(name, result.data)
    else:
        result = real_array(name, value, 2)
        _refuse_other_shape(name, result.shape, shape)
    return result


def probability_rows(name: str, value: Any, tolerance: float = 1e-9) -> Matrix:
    """Matrix whose rows are probability distributions.

    Raises
    ------
    TypeError, ValueError
        As :func:`matrix`, or if an entry is negative or a row does not sum to 1 within
        ``tolerance``; the message names the row.
    """
    rows = matrix(name, value)
    entries: Any = rows.data if sparse.issparse(rows) else rows
    if entries.size and entries.min() < 0:
        raise ValueError(f"{name} must hold probabilities >= 0; got {entries.min()}")
    sums = np.asarray(rows.sum(axis=1)).ravel()
    wrong = np.flatnonzero(np.abs(sums - 1) > tolerance)
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(f"{name} must have rows that sum to 1; row {row} sums to {sums[row]}")
    return rows


def distribution(name: str, value: Any, size: int | None = None) -> Vector:
    """Probability vector, of length ``size`` if given.

    Raises
    ------
    TypeError, ValueError
        As :func:`vector` and :func:`probability_rows`.
    """
    probabilities = vector(name, value, size)
    if probabilities.size and probabilities.min() < 0:
        raise ValueError(f"{name} must hold probabilities >= 0; got {probabilities.min()}")
    if abs(probabilities.sum() - 1) > 1e-9:
        raise ValueError(f"{name} must sum to 1; sums to {probabilities.sum()}")
    return probabilities


def row_index(name: str, value: int | np.integer[Any], n_rows: int) -> int:
    """Index of a row, ``0 <= value < n_rows``.

    Raises
    ------
    TypeError
        If ``value`` is not an integer.
    ValueError
        If it is out of range.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer; got {value!r}")
    if not 0 <= value < n_rows:
        raise ValueError(f"{name} must be in 0..{n_rows - 1}; got {value}")
    return int(value)


def _refuse_non_finite(name: str, entries: Vector) -> None:
    if not np.isfinite(entries).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(entries))[0])
        raise ValueError(f"{name} must be finite; got {entries[where]} at {where}")


def _refuse_other_shape(
    name: str, shape: tuple[int, ...], required: tuple[int | None, int | None]
) -> None:
    if len(shape) != 2 or any(k not in (None, n) for n, k in zip(shape, required, strict=True)):
        wanted = tuple("any" if k is None else k for k in required)
        raise ValueError(f"{name} must have shape {wanted}; got {shape}")
