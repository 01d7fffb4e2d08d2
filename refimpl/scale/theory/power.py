"""What a comparison of trained networks can show, given how many were trained.

Runs of one method from different seeds differ. A difference between two methods is seen against
that spread, not against the spread between episodes of one run: the episodes say what these two
networks do, the seeds what the two methods do. Model: run means are normal, equal spread in both
arms, two-sided t-test.
"""

from __future__ import annotations

import math

from scipy import optimize, stats

from linear_models.validation import check_count, check_nonnegative, check_positive
from refimpl.scale.theory.printed import Printed
from refimpl.shared.statistics import Interval

LARGEST = 100_000
"""Seeds beyond which :func:`seeds_needed` does not look."""


def power(difference: float, spread: float, seeds: int, level: float = 0.05) -> float:
    """Return the probability that a t-test of two arms finds a true difference, exactly.

    Noncentral t with ``2 seeds - 2`` degrees of freedom and noncentrality
    ``difference / (spread sqrt(2 / seeds))``.

    Parameters
    ----------
    difference, spread : float
        True difference of the arms, standard deviation between seeds of one arm; same unit.
    seeds : int
        Runs per arm, at least 2: one run has no spread, and there is no test.
    level : float
        Of the test, two-sided.

    Raises
    ------
    ValueError
        If there are fewer than two runs, the spread is not positive, or ``level`` is not in (0, 1).
    """
    check_nonnegative("difference", difference)
    check_positive("spread", spread)
    check_count("seeds", seeds)
    if seeds < 2:
        raise ValueError(f"seeds must be >= 2 per arm, or there is no spread; got {seeds}")
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1); got {level}")
    degrees, shift = 2 * seeds - 2, difference / (spread * math.sqrt(2.0 / seeds))
    critical = float(stats.t.isf(level / 2, degrees))
    # The far tail is the near one of the opposite shift.
    return float(stats.nct.sf(critical, degrees, shift) + stats.nct.sf(critical, degrees, -shift))


def seeds_needed(difference: float, spread: float, wanted: float = 0.8, level: float = 0.05) -> int:
    """Return the fewest runs per arm with at least the wanted power.

    Raises
    ------
    ValueError
        As :func:`power`; if ``wanted`` is not in (0, 1) or would take over 100,000 runs.
    """
    if not 0 < wanted < 1:
        raise ValueError(f"wanted must be in (0, 1); got {wanted}")
    low, high = 1, 2
    while power(difference, spread, high, level) < wanted:
        low, high = high, 2 * high
        if high > LARGEST:
            raise ValueError(
                f"difference must be detectable with {LARGEST} runs; got {difference} at spread "
                f"{spread}"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if power(difference, spread, middle, level) >= wanted else (middle, high)
        )
    return high


def detectable(spread: float, seeds: int, wanted: float = 0.8, level: float = 0.05) -> float:
    """Return the least difference found with the wanted power, to 1e-9 of the spread.

    Raises
    ------
    ValueError
        As :func:`power`, or if ``wanted`` is not above ``level`` and below 1.
    """
    if not level < wanted < 1:
        raise ValueError(f"wanted must be in (level, 1) = ({level}, 1); got {wanted}")
    high = spread
    while power(high, spread, seeds, level) < wanted:
        high *= 2.0
    return float(
        optimize.brentq(
            lambda difference: power(difference, spread, seeds, level) - wanted,
            0.0,
            high,
            xtol=1e-9 * spread,
        )
    )


def between_episodes(
    first: Printed, second: Printed, episodes: int, confidence: float = 0.95
) -> Interval:
    """Return Welch's interval of ``first - second`` from printed means and spreads.

    It speaks of the two networks that were trained, whatever other seeds would have given.

    Raises
    ------
    ValueError
        If there are fewer than two episodes, or both spreads are 0.
    """
    if episodes < 2:
        raise ValueError(f"episodes must be >= 2; got {episodes}")
    parts = [printed.spread**2 / episodes for printed in (first, second)]
    check_positive("sum of the squared spreads", sum(parts))
    degrees = sum(parts) ** 2 * (episodes - 1) / sum(part * part for part in parts)
    half = float(stats.t.isf((1.0 - confidence) / 2, degrees)) * math.sqrt(sum(parts))
    mean = first.mean - second.mean
    return Interval(mean, mean - half, mean + half)
