"""Running scale of the returns, in which the critic predicts [DG-PG App. I.2].

The reference MAPPO code's value normaliser: exponentially weighted mean and mean square of the
returns, divided by the total weight so far, so that the start at zero leaves no trace.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from linear_models.params import Array
from refimpl.shared.gae import check_unit_interval

LEAST_VARIANCE = 1e-2


@dataclass(frozen=True)
class ValueScale:
    """Scale of the critic's output.

    Attributes
    ----------
    momentum : float
        Weight of the past per episode, in [0, 1]. 0: the last episode's statistics; 1: values are
        never scaled.
    mean, square : float
        Weighted sums of the episodes' means and mean squares.
    weight : float
        Their total weight.

    Raises
    ------
    ValueError
        If ``momentum`` is outside [0, 1].
    """

    momentum: float = 0.9
    mean: float = 0.0
    square: float = 0.0
    weight: float = 0.0

    def __post_init__(self) -> None:
        check_unit_interval("momentum", self.momentum)

    @property
    def center(self) -> float:
        """Mean of the returns; 0 before any were seen."""
        return self.mean / self.weight if self.weight else 0.0

    @property
    def spread(self) -> float:
        """Standard deviation of the returns, at least 0.1; 1 before any were seen."""
        if not self.weight:
            return 1.0
        return math.sqrt(max(self.square / self.weight - self.center**2, LEAST_VARIANCE))

    def seen(self, returns: Array) -> ValueScale:
        """Scale after one more episode."""
        keep, new = self.momentum, 1 - self.momentum
        return replace(
            self,
            mean=keep * self.mean + new * float(returns.mean()),
            square=keep * self.square + new * float((returns * returns).mean()),
            weight=keep * self.weight + new,
        )

    def normalized(self, returns: Array) -> Array:
        """Bring returns into the critic's units."""
        scaled: Array = (returns - self.center) / self.spread
        return scaled

    def restored(self, outputs: Array) -> Array:
        """Inverse of :meth:`normalized`."""
        values: Array = outputs * self.spread + self.center
        return values


UNSCALED = ValueScale(momentum=1.0)
"""The critic predicts returns as they are."""
