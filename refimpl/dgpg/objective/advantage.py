"""The one line that changes: the advantage with guidance, and its scaling [DG-PG eq. 14]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_finite, check_positive, check_shape
from refimpl.shared.gae import check_unit_interval


def mix(advantages: Array, coefficients: Array, alpha: float) -> Array:
    """Return ``(1 - alpha) A - alpha g`` [DG-PG eq. 14].

    Parameters
    ----------
    advantages : (...) float
        To be raised.
    coefficients : (...) float
        Guidance coefficients, to be lowered.
    alpha : float
        Weight of the guidance, in [0, 1]; 0 returns the advantages as they are.

    Returns
    -------
    (...) float

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or ``alpha`` is outside [0, 1].
    """
    check_unit_interval("alpha", alpha)
    check_shape("coefficients", coefficients, advantages.shape)
    check_finite("coefficients", coefficients)
    check_finite("advantages", advantages)
    mixed: Array = (1 - alpha) * advantages - alpha * coefficients
    return mixed


@dataclass(frozen=True)
class RunningScale:
    """Running mean and standard deviation of the guidance coefficients [DG-PG App. I.2].

    Attributes
    ----------
    momentum : float
        Weight of the past in [0, 1); 0 uses the statistics of the present batch only.
    clip : float
        Bound on the scaled coefficients, > 0.
    mean, variance : float
        Of the coefficients so far.
    batches : int
        Batches seen; the first one sets the statistics.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    momentum: float = 0.9
    clip: float = 5.0
    mean: float = 0.0
    variance: float = 1.0
    batches: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be in [0, 1); got {self.momentum}")
        check_positive("clip", self.clip)

    def seen(self, coefficients: Array) -> RunningScale:
        """Return the statistics after one more batch."""
        keep = self.momentum if self.batches else 0.0
        mean = keep * self.mean + (1 - keep) * float(coefficients.mean())
        variance = keep * self.variance + (1 - keep) * float(coefficients.var())
        return RunningScale(self.momentum, self.clip, mean, variance, self.batches + 1)

    def apply(self, coefficients: Array) -> Array:
        """Return the coefficients with mean 0 and deviation 1, cut to ``[-clip, clip]``."""
        scaled = (coefficients - self.mean) / (float(np.sqrt(self.variance)) + 1e-8)
        return np.clip(scaled, -self.clip, self.clip)
