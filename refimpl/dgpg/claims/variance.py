"""Claims about variance: Theorem 5.2, App. F, and how both variances scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.collisions import (
    mean_deviation,
    moments,
)
from refimpl.dgpg.theory.counterexamples import ce_2, lopsided, unit_jobs
from refimpl.dgpg.theory.estimators import Moments, estimator_moments
from refimpl.dgpg.theory.games import logits_of
from refimpl.dgpg.theory.mixing import (
    best_weight_in_range,
    minimum_by_ratio,
    minimum_variance,
    mixed_variance,
    optimal_alpha,
)
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict
from refimpl.shared.statistics import log_log_slope

Formula = Callable[[float, float, float], float]


NUMBERS = 2000
"""Random covariances tried per check."""


def covariances(context: Context, least: float = -1.0) -> NDArray[np.float64]:
    """Draw rows of two variances over six decades and a correlation above ``least``."""
    rng = context.rng("dgpg", "covariances")
    variances = 10.0 ** rng.uniform(-3.0, 3.0, (NUMBERS, 2))
    return np.column_stack([variances, rng.uniform(least, 1.0, NUMBERS)])


def slope_scale(a: float, b: float, rho: float) -> float:
    """Return the largest term of V's derivative, which its rounding is relative to."""
    weight = abs(optimal_alpha(a, b, rho))
    return (1.0 + weight) * (a + b)


def check_optimal_weight(weight: Formula, context: Context) -> Finding:
    """Differentiate V at the weight and go one percent further, for random covariances."""
    error, least = 0.0, np.inf
    for a, b, rho in covariances(context):
        best = weight(a, b, rho)
        covariance = rho * np.sqrt(a * b)
        slope = best * b - (1.0 - best) * a - (1.0 - 2.0 * best) * covariance
        error = max(error, abs(slope) / slope_scale(a, b, rho))
        at = mixed_variance(a, b, rho, best)
        nearby = min(mixed_variance(a, b, rho, best + step) for step in (-0.01, 0.01))
        least = min(least, (nearby - at) / (a + b))
    return exactly(error, 1e-12, least_increase_nearby=float(least))


def check_minimum(formula: Formula, context: Context) -> Finding:
    """Compare the closed form with V at the best weight."""
    error, below = 0.0, 0.0
    for a, b, rho in covariances(context):
        best = optimal_alpha(a, b, rho)
        at = mixed_variance(a, b, rho, best)
        # V is a difference of terms of this size, so its rounding is relative to it.
        scale = (1.0 - best) ** 2 * a + best**2 * b
        error = max(error, abs(formula(a, b, rho) - at) / scale)
        below = max(below, (formula(a, b, rho) - min(a, b)) / min(a, b))
    return exactly(error, 1e-12, largest_excess_over_the_smaller=below)


def plus_signs(a: float, b: float, rho: float) -> float:
    """Return the best weight of the sum of both samples, another sign of the correlation."""
    return optimal_alpha(a, b, -rho)


def uncorrelated(a: float, b: float, rho: float) -> float:
    """Return the minimum as if the samples were uncorrelated."""
    del rho
    return minimum_variance(a, b, 0.0)


SIZES = (10, 100, 1000, 10_000)


Growth = Callable[[int], float]


def constant(n: int) -> float:
    """Return 1: the guidance's variance does not grow."""
    del n
    return 1.0


def linear(n: int) -> float:
    """Return N / 10: the guidance's variance grows as the return's does."""
    return n / 10


def check_bounded_minimum(var_guidance: Growth, context: Context) -> Finding:
    """Minimum variance for sJ^2 = N and rho = -1/2; alpha = 1 alone gives sG^2."""
    del context
    ratios = {n: (var_guidance(n) / n) ** 0.5 for n in SIZES}
    least = {n: minimum_by_ratio(var_guidance(n), -0.5, ratios[n]) for n in SIZES}
    alone = {n: var_guidance(n) for n in SIZES}
    bounded = max(least.values()) <= 1.0
    evidence = {f"minimum_{n}": value for n, value in least.items()}
    evidence |= {f"pure_guidance_{n}": value for n, value in alone.items()}
    return Finding(Verdict.HOLDS if bounded else Verdict.REFUTED, evidence)


def check_limit(var_guidance: Growth, context: Context) -> Finding:
    """Best weight as N grows, for correlations of either sign."""
    del context
    evidence = {
        f"alpha_{rho}_{n}": optimal_alpha(float(n), var_guidance(n), rho)
        for rho in (-0.5, 0.0, 0.5)
        for n in SIZES
    }
    gaps = [abs(evidence[f"alpha_{rho}_{SIZES[-1]}"] - 1.0) for rho in (-0.5, 0.0, 0.5)]
    # The distance is at most sG / sJ for these correlations.
    return exactly(max(gaps), SIZES[-1] ** -0.5, **evidence)


def check_range(correlation: float, context: Context) -> Finding:
    """Return whether the minimum of Theorem 5.2 is attained by a weight of [0, 1]."""
    del context
    evidence: dict[str, float] = {}
    excess = 0.0
    for n in (10, 100, 1000):
        args = float(n), 1.0, correlation
        weight, least = optimal_alpha(*args), minimum_variance(*args)
        inside = mixed_variance(*args, best_weight_in_range(*args))
        excess = max(excess, inside / least - 1.0)
        evidence |= {f"alpha_{n}": weight, f"weight_of_the_return_{n}": 1.0 - weight}
        evidence |= {f"minimum_{n}": least, f"minimum_in_range_{n}": inside}
    return exactly(excess, 1e-12, **evidence)


Weighting = Callable[[float, float, float], float]


@dataclass(frozen=True)
class Fixed:
    """The same weight whatever the variances are."""

    alpha: float

    def __call__(self, a: float, b: float, rho: float) -> float:
        """Return the weight."""
        del a, b, rho
        return self.alpha


def check_fixed_weight(weights: tuple[Weighting, ...], context: Context) -> Finding:
    """Return whether V stays bounded for sJ^2 = N, sG^2 = 1, rho = -1/2."""
    del context
    lines = np.array(
        [
            [mixed_variance(float(n), 1.0, -0.5, weight(float(n), 1.0, -0.5)) for n in SIZES]
            for weight in weights
        ]
    )
    evidence = {f"line_{k}_at_1000": float(line[2]) for k, line in enumerate(lines)}
    slopes = [log_log_slope(SIZES, line).slope for line in lines]
    evidence |= {f"line_{k}_slope": slope for k, slope in enumerate(slopes)}
    # Bounded by sG^2 (1 + something vanishing): pure guidance alone has 1.
    bounded = lines.max() <= 1.0 + 1e-12
    plot = Plot(
        "Variance of the mixed sample",
        "N",
        "variance",
        {f"weight {k}": (np.array(SIZES, float), line) for k, line in enumerate(lines)},
    )
    return Finding(Verdict.HOLDS if bounded else Verdict.REFUTED, evidence, plots=(plot,))


@dataclass(frozen=True)
class Aligned:
    """A game aligned with its reference, and the moments of an agent's two samples."""

    name: str
    moments: Moments


@lru_cache(maxsize=1)
def aligned_games() -> tuple[Aligned, ...]:
    """Return CE-2 as it is and with reward + 5, and J = -G with an exact baseline, N to 64."""
    at, skewed, first = logits_of([0.6, 0.3]), np.array([0.668, 0.332]), np.array([1.0, 0.0])
    rule = lopsided(1.0, 1.0, 3.0)
    shifted = unit_jobs(2, [1.0, 1.0], lambda load: rule(load) + 5.0)
    games = [
        Aligned("ce_2", estimator_moments(ce_2(), at)),
        Aligned("ce_2_plus_5", estimator_moments(shifted, at)),
    ]
    games += [
        Aligned(f"minus_g_{n}", moments(n, skewed, first, mean_deviation(n, skewed)))
        for n in (2, 16, 64)
    ]
    return tuple(games)


def of_samples(found: Moments) -> float:
    """Return the correlation of the two samples, which Theorem 5.2 is about."""
    return found.correlation


def of_means(found: Moments) -> float:
    """Return the product of the two means, which alignment is about."""
    return found.mean_return * found.mean_guidance


def check_sign(measure: Callable[[Moments], float], context: Context) -> Finding:
    """Return whether a number about both samples is negative in games with an aligned reward."""
    del context
    found = {game.name: game.moments for game in aligned_games()}
    evidence = {f"correlation_{name}": each.correlation for name, each in found.items()}
    evidence |= {f"product_of_means_{name}": of_means(each) for name, each in found.items()}
    largest = max(measure(each) for each in found.values())
    verdict = Verdict.HOLDS if largest < 0.0 else Verdict.REFUTED
    return Finding(verdict, {"largest": largest, **evidence})


def assumed_negative(a: float, b: float, rho: float) -> float:
    """Return the minimum with the correlation taken as negative whatever it is."""
    return minimum_variance(a, b, -abs(rho))


def check_needs_alignment(formula: Formula, context: Context) -> Finding:
    """Return whether the formula fails for positive correlations, said not to occur.

    Only then would it rest on alignment, as Table 3 says.
    """
    error = 0.0
    for a, b, rho in covariances(context, 0.1):
        best = optimal_alpha(a, b, rho)
        error = max(error, abs(formula(a, b, rho) / mixed_variance(a, b, rho, best) - 1.0))
    verdict = Verdict.HOLDS if error > 1e-6 else Verdict.REFUTED
    return Finding(verdict, {"largest_error_without_alignment": error})


CLAIMS = (
    Claim(
        "dgpg/optimal-weight",
        "eq. 21",
        "The mixed variance is least at the stated weight.",
        ("DG-26",),
        Kind.EXACT,
        check_optimal_weight,
        optimal_alpha,
        Control("the correlation with the other sign", plus_signs),
    ),
    Claim(
        "dgpg/minimum-variance",
        "Theorem 5.2, eqs. 16, 22",
        "The least mixed variance over all weights is the stated expression.",
        ("DG-27", "DG-92a"),
        Kind.EXACT,
        check_minimum,
        minimum_variance,
        Control("the correlation left out", uncorrelated),
    ),
    Claim(
        "dgpg/minimum-variance-bounded",
        "eq. 23",
        "The minimum stays bounded if the return's variance grows like N and the guidance's not.",
        ("DG-28",),
        Kind.EXACT,
        check_bounded_minimum,
        constant,
        Control("the guidance's variance grows like N too", linear),
    ),
    Claim(
        "dgpg/weight-tends-to-one",
        "Remark F.1",
        "The optimal weight tends to 1 as N grows.",
        ("DG-29",),
        Kind.EXACT,
        check_limit,
        constant,
        Control("the guidance's variance grows like N too", linear),
    ),
    Claim(
        "dgpg/minimum-in-range",
        "Theorem 5.2, Remark F.1",
        "With negative correlation the minimum is attained by a weight between 0 and 1.",
        ("DG-29",),
        Kind.EXACT,
        check_range,
        -0.5,
        Control("positive correlation", 0.5),
    ),
    Claim(
        "dgpg/any-fixed-weight",
        "sec. 5.2, App. C.3",
        "Any fixed weight, smaller ones included, keeps the variance reduction.",
        ("DG-30", "DG-65"),
        Kind.EXACT,
        check_fixed_weight,
        (Fixed(0.2), Fixed(0.8)),
        Control("the optimal weight of every N, and 1", (optimal_alpha, Fixed(1.0))),
    ),
    Claim(
        "dgpg/alignment-means-negative-correlation",
        "sec. 5.2",
        "With an aligned reference the two samples are negatively correlated.",
        ("DG-31",),
        Kind.EXACT,
        check_sign,
        of_samples,
        Control("the means of the samples instead of their noise", of_means),
    ),
    Claim(
        "dgpg/table-3",
        "Table 3",
        "The minimum variance of Theorem 5.2 rests on Assumptions 4.1 and 4.2.",
        ("DG-67",),
        Kind.EXACT,
        check_needs_alignment,
        minimum_variance,
        Control("a formula that takes the correlation as negative", assumed_negative),
    ),
)
