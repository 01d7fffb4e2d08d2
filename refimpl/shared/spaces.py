"""Sets that observations and actions come from: the three that are needed, without Gymnasium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class Space(Protocol):
    """A set one can draw from and test membership of."""

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw an element at random."""

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is an element, in value, shape and type."""


@dataclass(frozen=True)
class Discrete:
    """Integers ``0..n-1``.

    Raises
    ------
    ValueError
        If ``n`` is not a positive integer.
    """

    n: int

    def __post_init__(self) -> None:
        _check_count("n", self.n)

    def sample(self, rng: np.random.Generator) -> np.int64:
        """Uniform over the set."""
        return np.int64(rng.integers(self.n))

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is one integer in range; booleans and floats are not integers."""
        return _is_integer_array(x, ()) and 0 <= int(x) < self.n


@dataclass(frozen=True)
class MultiDiscrete:
    """Vectors of integers, entry ``k`` in ``0..counts[k]-1``.

    Raises
    ------
    ValueError
        If ``counts`` is empty or an entry is not a positive integer.
    """

    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.counts:
            raise ValueError("counts must hold at least one entry; got none")
        for k, count in enumerate(self.counts):
            _check_count(f"counts[{k}]", count)

    def sample(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Uniform over the set."""
        return rng.integers(0, self.counts)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is an integer array of the right length with every entry in range."""
        return (
            isinstance(x, np.ndarray)
            and _is_integer_array(x, (len(self.counts),))
            and bool(np.all((x >= 0) & (x < self.counts)))
        )


@dataclass(frozen=True, eq=False)
class Box:
    """Arrays with ``low <= x <= high`` entry by entry; build it with :func:`box`.

    Attributes
    ----------
    low, high : array
        Finite bounds of equal shape and floating dtype, which are those of the elements.
    """

    low: NDArray[Any]
    high: NDArray[Any]

    def sample(self, rng: np.random.Generator) -> NDArray[Any]:
        """Uniform over the box."""
        drawn: NDArray[Any] = np.asarray(rng.uniform(self.low, self.high), self.low.dtype)
        # Rounding to a shorter dtype may step over a bound.
        return np.clip(drawn, self.low, self.high, out=drawn)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is an array of the box's shape and dtype with every entry in range."""
        return (
            isinstance(x, np.ndarray)
            and x.shape == self.low.shape
            and x.dtype == self.low.dtype
            and bool(np.all((x >= self.low) & (x <= self.high)))
        )


def box(
    low: ArrayLike, high: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike = np.float64
) -> Box:
    """Box with bounds broadcast to ``shape``.

    Raises
    ------
    ValueError
        If a bound is NaN or infinite, a lower bound exceeds its upper bound, the bounds do not
        broadcast to ``shape``, or ``dtype`` is not a floating type.
    """
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"dtype must be a floating type; got {np.dtype(dtype)}")
    bounds = []
    for name, bound in (("low", low), ("high", high)):
        array = np.asarray(bound, dtype=dtype)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite; got {bound!r}")
        try:
            bounds.append(np.broadcast_to(array, shape).copy())
        except ValueError:
            raise ValueError(
                f"{name} must broadcast to shape {shape}; got shape {array.shape}"
            ) from None
    lower, upper = bounds
    if np.any(lower > upper):
        at = tuple(int(i) for i in np.argwhere(lower > upper)[0])
        raise ValueError(f"low must not exceed high; at index {at} {lower[at]} > {upper[at]}")
    return Box(lower, upper)


def _check_count(name: str, count: int) -> None:
    if not (math.isfinite(count) and count == int(count) and count >= 1):
        raise ValueError(f"{name} must be a positive integer; got {count!r}")


def _is_integer_array(x: Any, shape: tuple[int, ...]) -> bool:
    if not isinstance(x, int | np.integer | np.ndarray):
        return False
    array = np.asarray(x)
    return array.dtype.kind in "iu" and array.shape == shape
