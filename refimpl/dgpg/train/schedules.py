"""Numbers that change over the training, as functions of the fraction that is over.

The paper's schedules end where the training ends, so they are lines and geometric sequences between
two ends, whatever the number of episodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from linear_models.validation import check_positive

Schedule = Callable[[float], float]
"""Value at a fraction of the training in [0, 1]."""


@dataclass(frozen=True)
class Linear:
    """From ``first`` to ``last`` in a line; ``Linear(x, x)`` never changes."""

    first: float
    last: float

    def __call__(self, fraction: float) -> float:
        """Value at a fraction of the training."""
        return (1 - fraction) * self.first + fraction * self.last


@dataclass(frozen=True)
class Exponential:
    """From ``first`` to ``last`` by equal ratios.

    Raises
    ------
    ValueError
        If an end is not positive.
    """

    first: float
    last: float

    def __post_init__(self) -> None:
        check_positive("first", self.first)
        check_positive("last", self.last)

    def __call__(self, fraction: float) -> float:
        """Value at a fraction of the training."""
        return float(self.first ** (1 - fraction) * self.last**fraction)


def fixed(value: float) -> Linear:
    """Schedule that never changes."""
    return Linear(value, value)
