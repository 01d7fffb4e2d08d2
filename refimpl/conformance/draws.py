"""Where generated inputs come from: a random generator, or Hypothesis, which can also shrink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Draw(Protocol):
    """The few kinds of numbers that the generators of the cases ask for."""

    def size(self, high: int) -> int:
        """Size in 1..high: how long an axis is, how many layers there are."""

    def integer(self, low: int, high: int) -> int:
        """Integer in low..high, both included."""

    def choice(self, options: Sequence[T]) -> T:
        """One of the options; simplest first, for shrinking goes there."""

    def floats(self, shape: tuple[int, ...], low: float, high: float) -> NDArray[np.float64]:
        """Numbers in [low, high]."""

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int64]:
        """Integers in low..high, both included."""

    def generator(self) -> np.random.Generator:
        """Random generator, for inputs that must be in general position."""


class RandomDraw:
    """Draws from a random generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def size(self, high: int) -> int:
        """Size in 1..high."""
        return self.integer(1, high)

    def integer(self, low: int, high: int) -> int:
        """Integer in low..high, both included."""
        return int(self._rng.integers(low, high + 1))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]

    def floats(self, shape: tuple[int, ...], low: float, high: float) -> NDArray[np.float64]:
        """Numbers uniform on [low, high)."""
        return self._rng.uniform(low, high, shape)

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int64]:
        """Integers in low..high, both included."""
        return self._rng.integers(low, high + 1, shape)

    def generator(self) -> np.random.Generator:
        """Random generator with a seed of its own."""
        return np.random.default_rng(int(self._rng.integers(2**32)))


class HypothesisDraw:
    """Draws by Hypothesis, with sizes up to ``largest``.

    Numbers lie on a grid of 1/64, so that counterexamples are readable.
    """

    GRID = 64

    def __init__(self, draw: Any, st: Any, hnp: Any, largest: int) -> None:
        self._draw, self._st, self._hnp, self._largest = draw, st, hnp, largest

    def size(self, high: int) -> int:
        """Size in 1..high, but at most ``largest``."""
        return self.integer(1, min(high, self._largest))

    def integer(self, low: int, high: int) -> int:
        """Integer in low..high, both included."""
        return int(self._draw(self._st.integers(low, high)))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options; shrinks to the first."""
        chosen: T = self._draw(self._st.sampled_from(list(options)))
        return chosen

    def floats(self, shape: tuple[int, ...], low: float, high: float) -> NDArray[np.float64]:
        """Numbers on the grid in [low, high]; shrink towards 0."""
        steps = self._st.integers(int(np.ceil(low * self.GRID)), int(np.floor(high * self.GRID)))
        numbers = steps.map(lambda k: k / self.GRID)
        array: NDArray[np.float64] = self._draw(
            self._hnp.arrays(np.float64, shape, elements=numbers)
        )
        return array

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int64]:
        """Integers in low..high, both included; shrink towards 0."""
        numbers = self._st.integers(low, high)
        array: NDArray[np.int64] = self._draw(self._hnp.arrays(np.int64, shape, elements=numbers))
        return array

    def generator(self) -> np.random.Generator:
        """Random generator with a drawn seed."""
        return np.random.default_rng(self.integer(0, 2**32 - 1))
