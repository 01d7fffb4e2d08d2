"""Claims about what layer normalisation and the two losses let features become."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from linear_models import layer_norm
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict
from refimpl.scale.network.pointer import Shape, init
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.objective.srr import (
    Regularizer,
    covariance,
    decorrelation,
    mean_srr,
    srr,
)
from refimpl.scale.theory.feature_geometry import least_off_diagonal, null_vector
from refimpl.scale.theory.printed import COVARIANCE, SIZES
from refimpl.scale.theory.sampling_floor import (
    correlation_floor,
    covariance_floor,
    large_sample_floor,
    samples_needed,
)
from refimpl.scale.theory.shrinkage import (
    balanced_variance,
    balanced_variance_on_sphere,
    best_scale_loss,
    largest_decorrelation,
    least_loss_after_layer_norm,
    total_absolute_correlation,
)
from refimpl.scale.theory.untrained import drawn_states, features_of, whitened
from refimpl.scale.train.presets import WEIGHT_DECORRELATION, WEIGHT_KL
from refimpl.shared.statistics import z_score

Floats = NDArray[np.float64]

ROUNDING = 1e-12
"""Sums of at most a few thousand products of numbers of order one."""
WIDTH = 16


Features = Callable[[np.random.Generator], tuple[Floats, Floats]]
"""``features(rng) -> features (B, d), gain (d,)``."""


def normalised(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return white samples after a layer norm with random gain and shift."""
    gain, shift = rng.normal(size=WIDTH), rng.normal(size=WIDTH)
    x = whitened(rng.normal(size=(200, WIDTH)))
    return layer_norm.forward({"gain": gain, "shift": shift}, x)[0], gain


def not_normalised(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return white samples as they are."""
    return whitened(rng.normal(size=(200, WIDTH))), np.ones(WIDTH)


def check_identity(features: Features, context: Context) -> Finding:
    """Spectral distance of the covariance from I; the image of the null vector; a network's too."""
    found, gain = features(context.rng("scale", "identity"))
    cov, null = covariance(found), null_vector(gain)
    values = np.linalg.eigvalsh(cov)
    distance = float(np.abs(np.linalg.eigvalsh(cov - np.eye(WIDTH))).max())
    params = init(context.rng("scale", "identity net"), Shape())
    states = drawn_states(context.rng("scale", "identity states"), 200, 16)
    of_net = np.linalg.eigvalsh(covariance(features_of(params, states)))
    return exactly(
        distance,
        1e-9,  # whitening in 16 dimensions with 200 samples
        smallest_over_largest_eigenvalue=float(values[0] / values[-1]),
        covariance_times_null_vector=float(np.linalg.norm(cov @ null) / values[-1]),
        networks_smallest_over_largest=float(of_net[0] / of_net[-1]),
    )


def spread_gains(decades: float) -> Floats:
    """Return gains evenly spaced in the logarithm, ``exp(-decades)`` to ``exp(decades)``."""
    found: Floats = np.exp(np.linspace(-decades, decades, WIDTH))
    return found


def two_small_gains(ratio: float) -> Floats:
    """Return two gains of 1 and ``ratio`` for all others."""
    found: Floats = np.full(WIDTH, ratio)
    found[:2] = 1.0
    return found


def check_unit_variances(gain: Floats, context: Context) -> Finding:
    """Least mean absolute covariance at unit variances against the largest printed for SCALE."""
    del context
    printed = max(COVARIANCE["SCALE"].values())
    least = least_off_diagonal(gain)
    return only_under(
        "the gains of the last layer norm differ by a factor of ten and more; with equal gains, "
        "or none, the mean is at least 1/15 = 0.0667. Or the variances are below 1",
        least.mean <= printed,
        least_mean=least.mean,
        lower_bound=least.lower / (WIDTH * (WIDTH - 1)),
        gain_ratio=float(np.abs(gain).max() / np.abs(gain).min()),
        least_mean_with_equal_gains=least_off_diagonal(np.ones(WIDTH)).mean,
        least_mean_with_two_gains_a_thousandth=least_off_diagonal(two_small_gains(1e3)).mean,
        limit_over_all_gains=2.0 / (WIDTH * (WIDTH - 1)),
        printed=printed,
    )


def check_measure(measure: str, context: Context) -> Finding:
    """Compare a statistic of untrained features with that of a tenth of them, as dependent."""
    evidence: dict[str, float] = {}
    worst = 0.0
    for n in SIZES:
        params = init(context.rng("scale", "measure"), Shape())
        states = drawn_states(context.rng("scale", "measure states", n), 400, n)
        features = features_of(params, states)
        plain, small = feature_statistics(features), feature_statistics(0.1 * features)
        worst = max(worst, abs(small[measure] / plain[measure] - 1.0))
        evidence |= {f"untrained_{k}_at_{n}": plain[k] for k in ("covariance", "correlation")}
        evidence[f"printed_for_scale_at_{n}"] = COVARIANCE["SCALE"][n]
    return exactly(worst, 1e-9, **evidence)


def square_root_of_samples(n_samples: int) -> float:
    """Return ``1 / sqrt(B)``, the standard deviation instead of the mean absolute value."""
    return 1.0 / math.sqrt(n_samples)


def check_floor(floor: Callable[[int], float], context: Context) -> Finding:
    """Mean absolute covariance of independent normal features in batches of 8, 64 and 256."""
    evidence: dict[str, float] = {}
    worst, upper = 0.0, np.triu_indices(WIDTH, 1)
    for n in (8, 64, 256):
        rng = context.rng("scale", "floor", n)
        means = [np.abs(covariance(rng.normal(size=(n, WIDTH)))[upper]).mean() for _ in range(100)]
        z = z_score(means, floor(n))
        worst = max(worst, abs(z))
        evidence |= {f"z_at_{n}": z, f"measured_at_{n}": float(np.mean(means))}
        evidence |= {f"exact_at_{n}": covariance_floor(n), f"limit_at_{n}": large_sample_floor(n)}
    return Finding(
        Verdict.HOLDS_STATISTICALLY if worst < 4.0 else Verdict.REFUTED,
        {**evidence, "samples_needed_below_0.05": float(samples_needed(0.05))},
    )


def published_srr(features: Floats) -> tuple[float, Floats]:
    """Return SRR with the published weights."""
    return srr(features, WEIGHT_DECORRELATION, WEIGHT_KL)


def moments_only(features: Floats) -> tuple[float, Floats]:
    """Return ``L_d`` with its published weight, and no decorrelation."""
    return srr(features, 0.0, WEIGHT_KL)


def averaged_srr(features: Floats) -> tuple[float, Floats]:
    """Return SRR with the mean of the absolute covariances in place of the sum."""
    return mean_srr(features, WEIGHT_DECORRELATION, WEIGHT_KL)


def settled_scale(regularizer: Regularizer, features: Floats) -> float:
    """Return the factor that a regulariser would scale features by, found numerically."""
    found = minimize_scalar(
        lambda log: float(regularizer(math.exp(log) * features)[0]),
        bounds=(-8.0, 2.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return math.exp(float(found.x))


def check_whitening(regularizer: Regularizer, context: Context) -> Finding:
    """Variance at which a regulariser leaves unit-variance features free to scale."""
    rng = context.rng("scale", "whitening")
    independent = rng.normal(size=(256, WIDTH))
    shared = independent + 0.6 * rng.normal(size=(256, 1))
    evidence: dict[str, float] = {}
    least = 1.0
    for name, x in (("independent", independent), ("correlated", shared)):
        features = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
        total = total_absolute_correlation(covariance(features))
        scale = settled_scale(regularizer, features)
        least = min(least, scale**2)
        evidence |= {
            f"{name}_variance_here": scale**2,
            f"{name}_variance_formula": balanced_variance(total),
            f"{name}_variance_formula_mean_reading": balanced_variance(total / 240),
            f"{name}_variance_after_layer_norm": balanced_variance_on_sphere(total),
            f"{name}_sum_of_correlations": total,
            f"{name}_L_c_here": float(decorrelation(scale * features)[0]),
        }
    whitens = least > 0.5
    return Finding(
        Verdict.HOLDS if whitens else Verdict.REFUTED,
        {
            **evidence,
            "largest_L_c_at_a_balance": largest_decorrelation(),
            "least_loss_at_unit_variance_after_layer_norm": least_loss_after_layer_norm(1.0, WIDTH),
            "loss_when_scaled_at_all_correlated": best_scale_loss(240.0),
            "printed_mean_times_240": 240 * COVARIANCE["SCALE"][16],
            "correlation_floor_at_256": correlation_floor(256),
        },
        plots=(_shrinkage_plot(),),
    )


PAIRS = WIDTH * (WIDTH - 1)


def check_balance(counted: float, context: Context) -> Finding:
    """Compare the covariances printed for SCALE with the largest that a balance allows.

    ``counted`` is by how much L_c exceeds the mean absolute covariance: 240 if it is the sum.
    """
    del context
    bound = largest_decorrelation() / counted
    printed = COVARIANCE["SCALE"]
    variance = 1.0 - printed[16] / bound
    evidence = {
        "largest_mean_covariance_at_a_balance": bound,
        "printed_over_largest": max(printed.values()) / bound,
        **{f"printed_at_{n}": printed[n] for n in SIZES},
    }
    if variance <= 0.0:
        return Finding(Verdict.REFUTED, evidence)
    return Finding(Verdict.HOLDS, {**evidence, "mean_variance_at_the_balance": variance})


def _shrinkage_plot() -> Plot:
    total = np.geomspace(0.01, 240.0, 50)
    lines = {
        "sum over 240 pairs, as published": np.array([balanced_variance(s) for s in total]),
        "mean over 240 pairs": np.array([balanced_variance(s / 240) for s in total]),
    }
    return Plot(
        "Variance at which SRR's two losses balance",
        "sum of the absolute correlations",
        "variance",
        {name: (total, values) for name, values in lines.items()},
    )


CLAIMS = (
    Claim(
        "scale/identity-covariance",
        "sec. 4.3",
        "Training can bring the covariance of the attention feature to the identity.",
        ("SC-35",),
        Kind.EXACT,
        check_identity,
        normalised,
        Control("no layer norm", not_normalised),
    ),
    Claim(
        "scale/unit-variances-and-table-5",
        "Table 5",
        "Features with unit variances can have the covariances printed for SCALE.",
        ("SC-36",),
        Kind.EXACT,
        check_unit_variances,
        spread_gains(1.5),
        Control("equal gains", np.ones(WIDTH)),
    ),
    Claim(
        "scale/covariance-measures-dependence",
        "sec. 5.6",
        "The mean absolute covariance of Table 5 measures how dependent the dimensions are.",
        ("SC-37",),
        Kind.EXACT,
        check_measure,
        "covariance",
        Control("the mean absolute correlation", "correlation"),
    ),
    Claim(
        "scale/sampling-floor",
        "Table 5",
        "Independent features show a mean absolute covariance near sqrt(2 / (pi B)).",
        ("SC-38",),
        Kind.STATISTICAL,
        check_floor,
        covariance_floor,
        Control("1 / sqrt(B)", square_root_of_samples),
    ),
    Claim(
        "scale/srr-whitens",
        "eq. 5",
        "Left to themselves, the two losses of SRR move features towards unit variances.",
        ("SC-35", "SC-37"),
        Kind.EXACT,
        check_whitening,
        published_srr,
        Control("the moment loss alone", moments_only),
    ),
    Claim(
        "scale/table-5-is-a-balance",
        "eq. 5, Table 5",
        "The covariances printed for SCALE can be where the two losses of SRR balance.",
        ("SC-37", "SC-49"),
        Kind.EXACT,
        check_balance,
        float(PAIRS),
        Control("the mean of the absolute covariances in L_c instead of their sum", 1.0),
    ),
)
