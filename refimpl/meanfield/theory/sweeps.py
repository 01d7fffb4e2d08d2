"""Value iteration that ends with two-sided bounds, or says that it cannot.

Of a sweep ``V -> c + P V`` the least and largest change enclose the long-run average; times
``gamma / (1 - gamma)`` they enclose what is missing from a discounted value. When the two are close
the value is known, whatever the start and however slow the chain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_positive

Floats = NDArray[np.float64]
Sweep = Callable[[Floats], Floats]
# The spread of changes never grows, so this many sweeps in which it does not fall mean never.
PATIENCE = 2000


class ToleranceError(ValueError):
    """The bounds do not come as close as asked for; the message says how close they came."""


@dataclass(frozen=True)
class Bounds:
    """Two-sided bound of an exact value, as wide as the iteration left it."""

    low: float
    high: float

    @property
    def value(self) -> float:
        """Midpoint."""
        return (self.low + self.high) / 2


def average_bounds(sweep: Sweep, start: Floats, tolerance: float) -> Bounds:
    """Long-run average cost per sweep.

    Parameters
    ----------
    sweep : callable
        One step of undiscounted value iteration, (...) -> (...).
    start : (...) float
        First values.
    tolerance : float
        Largest distance of the bounds, > 0.

    Raises
    ------
    ToleranceError
        If rounding, or a chain that falls into parts, keeps the bounds further apart.
    """
    change, _ = _settled(sweep, _relative, start, tolerance)
    return Bounds(float(change.min()), float(change.max()))


def discounted_bounds(sweep: Sweep, law: Floats, gamma: float, tolerance: float) -> Bounds:
    """Discounted cost expected from a start law; ``sweep`` discounts by ``gamma`` in [0, 1).

    Raises
    ------
    ToleranceError
        As :func:`average_bounds`.
    """
    scale = gamma / (1.0 - gamma)
    allowed = tolerance / scale if scale > 0.0 else np.inf
    change, values = _settled(sweep, _as_they_are, np.zeros_like(law), allowed)
    base = float((law * values).sum())
    return Bounds(base + scale * float(change.min()), base + scale * float(change.max()))


def _settled(sweep: Sweep, shift: Sweep, start: Floats, allowed: float) -> tuple[Floats, Floats]:
    """Last change, and values after it."""
    if allowed != np.inf:
        check_positive("tolerance", allowed)
    values, best, idle = start, np.inf, 0
    while True:
        swept = sweep(values)
        change = swept - values
        spread = float(np.ptp(change))
        if spread <= allowed:
            return change, swept
        idle = 0 if spread < best * (1.0 - 1e-9) else idle + 1
        best = min(best, spread)
        if idle >= PATIENCE:
            raise ToleranceError(
                f"tolerance must be attainable; changes of a sweep stay {best:.3g} apart, which "
                f"is more than the {allowed:.3g} asked for"
            )
        values = shift(swept)


def _relative(values: Floats) -> Floats:
    return np.asarray(values - values.flat[0])


def _as_they_are(values: Floats) -> Floats:
    return values
