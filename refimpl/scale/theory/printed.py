"""Every number that the paper prints as a result, one place per number [SCALE sec. 5].

All are ``published``; they come from one training run per method, seed 42, and 30 episodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refimpl.scale.model.settings import TABLE_1

TRAINING_SEEDS = 1
"""Training runs per method: seed 42 [SCALE sec. 5.1.3]."""
EPISODES = 30
"""Evaluation episodes per method and size [SCALE sec. 5.1.3]."""
SIZES = tuple(TABLE_1)
"""Numbers of servers; the first is the one that is trained on [SCALE Table 1]."""


@dataclass(frozen=True)
class Printed:
    """A mean over the episodes and the standard deviation between them, as printed.

    Attributes
    ----------
    mean, spread : float
        Two decimals each.
    """

    mean: float
    spread: float


HALF_DIGIT = 0.005
"""What two printed decimals leave open."""

TASKS: Mapping[str, Printed] = {
    "SCALE": Printed(8.37, 2.15),
    "CrossAttn": Printed(8.10, 1.85),
    "SAC": Printed(5.93, 1.41),
    "PPO": Printed(4.03, 0.71),
    "PPO+SRR": Printed(4.30, 1.10),
    "DQN": Printed(4.00, 0.68),
}
"""Completed tasks per episode at N = 16 [SCALE Table 3]."""

RESPONSE_AT_16: Mapping[str, Printed] = {
    "SCALE": Printed(4.58, 0.68),
    "CrossAttn": Printed(4.65, 0.67),
    "SAC": Printed(4.50, 0.29),
    "PPO": Printed(4.37, 0.73),
    "PPO+SRR": Printed(4.45, 0.73),
    "DQN": Printed(4.88, 0.49),
}
"""Mean response in s at N = 16 [SCALE Table 3]."""

Sizes = Mapping[int, Printed]

RESPONSE: Mapping[str, Sizes] = {
    "SCALE": {16: Printed(4.58, 0.68), 32: Printed(5.57, 0.65), 48: Printed(6.22, 0.70)},
    "CrossAttn": {16: Printed(4.65, 0.67), 32: Printed(5.70, 0.52), 48: Printed(6.83, 0.63)},
}
"""Mean response in s by cluster size [SCALE Table 4]."""

COVARIANCE: Mapping[str, Mapping[int, float]] = {
    "SCALE": {16: 0.037, 32: 0.036, 48: 0.044},
    "CrossAttn": {16: 0.274, 32: 0.103, 48: 0.090},
}
"""Absolute off-diagonal covariance of the attention feature [SCALE Table 5].

Convention: read as the mean over the 240 ordered pairs, which the paper does not say. As a sum it
would mean, without gains, variances below 0.044 / 16, and then divergences above 2.4.
"""

DIVERGENCE: Mapping[str, Mapping[int, float]] = {
    "SCALE": {16: 0.516, 32: 0.637, 48: 0.623},
    "CrossAttn": {16: 0.378, 32: 0.498, 48: 0.484},
}
"""KL divergence to N(0, I) of the attention feature [SCALE Table 5].

Convention: read as ``L_d``, the mean over the dimensions; the divergence itself is infinite.
"""

FINAL_RETURN: Mapping[str, tuple[float, float]] = {
    "SCALE": (1.0, 1.0),
    "CrossAttn": (1.1, float("inf")),
    "PPO": (0.93, 0.95),
    "PPO+SRR": (0.93, 0.95),
    "SAC": (0.6, 0.6),
}
"""Training return at the end, lowest and highest value that the prose allows [SCALE Fig. 6]."""

REDUCTION = 0.089
"""Response of SCALE below that of CrossAttn at N = 48, as a fraction [SCALE sec. 5.4]."""


def reduction(better: Printed, worse: Printed) -> float:
    """Return ``1 - better / worse``: by which fraction a mean is lower [SCALE sec. 5.4].

    Raises
    ------
    ValueError
        If the worse mean is not positive.
    """
    return -growth(worse, better)


def growth(before: Printed, after: Printed) -> float:
    """Return ``after / before - 1``: by which fraction a mean is higher [SCALE Fig. 5].

    Raises
    ------
    ValueError
        If the first mean is not positive.
    """
    if not before.mean > 0:
        raise ValueError(f"mean to compare with must be > 0; got {before.mean}")
    return after.mean / before.mean - 1.0


def rounding_range(before: Printed, after: Printed) -> tuple[float, float]:
    """Return the least and the largest growth of numbers that round to those printed."""
    least = Printed(before.mean + HALF_DIGIT, 0.0), Printed(after.mean - HALF_DIGIT, 0.0)
    largest = Printed(before.mean - HALF_DIGIT, 0.0), Printed(after.mean + HALF_DIGIT, 0.0)
    return growth(*least), growth(*largest)
