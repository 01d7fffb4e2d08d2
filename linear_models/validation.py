"""Checks of arguments; each message names the argument, the rule and the offending value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def check_shape(name: str, x: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Require ``x`` to have exactly ``shape``."""
    if x.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got {x.shape}")


def check_last_axis(name: str, x: NDArray[Any], size: int) -> None:
    """Require the last axis of ``x`` to exist and to have ``size`` entries."""
    if x.ndim == 0 or x.shape[-1] != size:
        raise ValueError(f"{name} must have {size} entries on its last axis; got shape {x.shape}")


def check_finite(name: str, x: NDArray[Any]) -> None:
    """Require every entry of ``x`` to be finite."""
    finite = np.isfinite(x)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{name} must be finite; got {x[where]} at index {where}")


def check_nonempty(name: str, x: NDArray[Any]) -> None:
    """Require ``x`` to have at least one entry."""
    if x.size == 0:
        raise ValueError(f"{name} must not be empty; got shape {x.shape}")


def check_positive(name: str, value: float) -> None:
    """Require a finite number above zero."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0; got {value}")


def check_nonnegative(name: str, value: float) -> None:
    """Require a finite number that is zero or above."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and >= 0; got {value}")


def check_fraction(name: str, value: float) -> None:
    """Require a number in [0, 1)."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1); got {value}")


def check_count(name: str, value: int) -> None:
    """Require an integer of one or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be an integer >= 1; got {value!r}")


def check_indices(name: str, x: NDArray[Any], n: int) -> None:
    """Require integers in 0 .. n-1 (a negative index would silently count from the end)."""
    if x.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers in 0..{n - 1}; got dtype {x.dtype}")
    if x.size and (x.min() < 0 or x.max() >= n):
        bad = x[(x < 0) | (x >= n)].flat[0]
        raise ValueError(f"{name} must be integers in 0..{n - 1}; got {bad}")
