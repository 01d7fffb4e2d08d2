"""Claims about what the two losses are zero for, and whether one is a divergence."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.scale.objective.srr import moment_kl
from refimpl.scale.theory.moments import (
    FiniteLaw,
    gaussian_kl,
    hermite_pair,
    moment_loss,
    product_of_marginals,
    total_correlation,
    uniform_kl,
)
from refimpl.scale.theory.untrained import whitened

Floats = NDArray[np.float64]

ROUNDING = 1e-12
"""Sums of at most a few thousand products of numbers of order one."""
WIDTH = 16


def check_independence(law: FiniteLaw, context: Context) -> Finding:
    """Both losses of a law against its mutual information."""
    del context
    off_diagonal, moments = law.losses
    return exactly(
        abs(law.mutual_information),
        ROUNDING,
        L_c=off_diagonal,
        L_d=moments,
        mutual_information_nat=law.mutual_information,
    )


Divergence = Callable[[Floats, Floats], float]


def mean_of_marginals(mean: Floats, cov: Floats) -> float:
    """Return ``L_d`` as published."""
    return moment_loss(mean, np.diag(cov).copy())


def sum_with_correlations(mean: Floats, cov: Floats) -> float:
    """Return ``d L_d - 1/2 ln det R``."""
    return mean.size * mean_of_marginals(mean, cov) + total_correlation(cov)


def check_divergence(loss: Divergence, context: Context) -> Finding:
    """Compare on normal laws; beside them, a uniform one and one on a hyperplane."""
    rng, error, beyond = context.rng("scale", "divergence"), 0.0, 0.0
    for d in (1, 2, 4, 16):
        for _ in range(5):
            root, mean = rng.normal(size=(d, 2 * d)), rng.normal(size=d)
            cov = root @ root.T / (2 * d)
            exact = gaussian_kl(mean, cov)
            error = max(error, abs(loss(mean, cov) - exact) / (1.0 + exact))
            beyond = max(beyond, d * mean_of_marginals(mean, cov) - exact)
    pair = np.array([[1.0, 0.9], [0.9, 1.0]])
    flat = np.eye(WIDTH) - 1.0 / WIDTH
    return exactly(
        error,
        1e-9,  # logarithms of determinants of matrices with condition numbers up to 1e4
        largest_excess_of_d_times_L_d=beyond,
        uniform_L_d=moment_loss(np.zeros(1), np.ones(1)),
        uniform_divergence_nat=uniform_kl(math.sqrt(3.0)),
        correlated_L_d=mean_of_marginals(np.zeros(2), pair),
        correlated_divergence_nat=gaussian_kl(np.zeros(2), pair),
        divergence_is_infinite_after_layer_norm=float(
            math.isinf(gaussian_kl(np.zeros(WIDTH), flat))
        ),
    )


Loss = Callable[[Floats], float]


def published_moment_loss(features: Floats) -> float:
    """Return ``L_d`` of a batch."""
    return float(moment_kl(features)[0])


def without_logarithm(features: Floats) -> float:
    """Return the loss with ``var - 1`` in place of ``ln var``'s convexity: it can be negative."""
    variance = features.var(axis=0, ddof=1)
    terms: Floats = features.mean(axis=0) ** 2 + variance - 1.0
    return float(terms.mean()) / 2.0


def check_zero_set(loss: Loss, context: Context) -> Finding:
    """Least value over random batches, value at mean 0 and variance 1, and just beside."""
    rng = context.rng("scale", "zero set")
    batches = [s * rng.normal(size=(40, 4)) + rng.normal(size=4) for s in (0.1, 0.5, 1.0, 3.0)]
    at_zero = whitened(rng.normal(size=(40, 4)))
    # t = 1.01: (t - ln t - 1) / 2 for the variances t^2, t^2 / 2 for the mean.
    scaled, shifted = loss(1.01 * at_zero), loss(at_zero + 0.01)
    error = max(
        max(-loss(batch) for batch in batches),
        abs(loss(at_zero)),
        abs(scaled - (1.01**2 - 2.0 * math.log(1.01) - 1.0) / 2.0),
        abs(shifted - 0.01**2 / 2.0),
        0.0,
    )
    return exactly(error, ROUNDING, beside_in_scale=scaled, beside_in_mean=shifted)


def sum_over_dimensions(features: Floats) -> float:
    """Return ``d L_d``."""
    return published_moment_loss(features) * int(features.shape[1])


def check_sum(loss: Loss, context: Context) -> Finding:
    """Loss of a batch against the sum of the divergences of normal laws with its moments."""
    rng = context.rng("scale", "sum")
    features = rng.normal(1.0, 2.0, (50, WIDTH))
    each = [
        gaussian_kl(column.mean(keepdims=True), np.array([[column.var(ddof=1)]]))
        for column in features.T
    ]
    found, wanted = loss(features), sum(each)
    return exactly(
        abs(found - wanted) / wanted, ROUNDING, loss_over_sum=found / wanted, dimensions=WIDTH
    )


CLAIMS = (
    Claim(
        "scale/decorrelation-is-independence",
        "sec. 4.3",
        "Features for which both losses are 0 are independent.",
        ("SC-30",),
        Kind.EXACT,
        check_independence,
        hermite_pair(),
        Control("the same marginals, independent", product_of_marginals(hermite_pair())),
    ),
    Claim(
        "scale/moment-loss-is-divergence",
        "sec. 4.3",
        "L_d is the KL divergence of the features from N(0, I).",
        ("SC-31",),
        Kind.EXACT,
        check_divergence,
        mean_of_marginals,
        Control("sum over dimensions plus the total correlation", sum_with_correlations),
    ),
    Claim(
        "scale/moment-loss-zero",
        "sec. 4.3",
        "L_d is not negative, and 0 exactly at mean 0 and variance 1 in every dimension.",
        ("SC-32",),
        Kind.EXACT,
        check_zero_set,
        published_moment_loss,
        Control("without the logarithm", without_logarithm),
    ),
    Claim(
        "scale/moment-loss-is-a-sum",
        "sec. 4.3",
        "L_d is the sum over the dimensions of the divergences of normal laws with their moments.",
        ("SC-33",),
        Kind.EXACT,
        check_sum,
        published_moment_loss,
        Control("times the number of dimensions", sum_over_dimensions),
    ),
)
