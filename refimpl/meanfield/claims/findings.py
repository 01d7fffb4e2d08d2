"""What the checks of this paper share: verdicts from errors, and the numbers they use."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

HIGH_RATE, LOW_RATE, SERVICE, BUFFER = 0.9, 0.6, 1.0, 5
"""Table 1 of the paper: arrival rates, service rate, buffer."""


def largest_gap(found: ArrayLike, expected: ArrayLike) -> float:
    """Largest absolute difference of two arrays of equal shape."""
    have, want = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    return float(np.abs(have - want).max(initial=0.0))
