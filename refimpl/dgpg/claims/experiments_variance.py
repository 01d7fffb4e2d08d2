"""Variance of both gradient estimators against N, measured in the cluster [DG-PG sec. 3.2].

Slopes of the logarithm of the variance against the logarithm of the number of servers, with
95% intervals over the sizes; see :mod:`refimpl.dgpg.experiments.variance`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Change,
    Results,
    empirical_claim,
)
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.cells import FIXED_CLUSTERS
from refimpl.dgpg.experiments.scale import scale_of
from refimpl.dgpg.experiments.variance import Measurement
from refimpl.findings import empirical
from refimpl.ledger import Arrays, Claim, Context, Finding, Kind, Plot
from refimpl.planted import Planted
from refimpl.shared.statistics import Slope, log_log_slope

Floats = NDArray[np.float64]
FAMILIES = {"direct": None, "ten_clusters": FIXED_CLUSTERS}
"""Systems by how many actions there are: as many as servers, or ten."""

TOLERANCE = 0.35
"""Largest distance of a slope from the whole number that it is said to be."""


def measured_on(context: Context) -> list[Cell]:
    """Return all measurements of both families."""
    scale = scale_of(context)
    return [m for clusters in FAMILIES.values() for m in cells.measurements(scale, clusters)]


def by_size(
    results: Results, context: Context, clusters: int | None, signal: str
) -> tuple[Floats, Floats]:
    """Return the sizes and the variance of a signal at each, averaged over episodes."""
    found: dict[int, list[float]] = {}
    for measurement in cells.measurements(scale_of(context), clusters):
        arrays = results(measurement, context)
        found.setdefault(measurement.n_servers, []).append(float(arrays[signal]))
    return np.array(list(found), float), np.array([np.mean(v) for v in found.values()])


def slope_of(results: Results, context: Context, clusters: int | None, signal: str) -> Slope:
    """Return the exponent with which a signal's variance grows."""
    return log_log_slope(*by_size(results, context, clusters, signal))


def check_slope(results: Results, context: Context, signal: str, expected: float) -> Finding:
    """Exponents are near the expected one in both families of systems."""
    evidence: dict[str, float] = {}
    held, series = [], {}
    for family, clusters in FAMILIES.items():
        found = slope_of(results, context, clusters, signal)
        evidence |= {f"slope_{family}": found.slope}
        evidence |= {f"low_{family}": found.low, f"high_{family}": found.high}
        held.append(abs(found.slope - expected) <= TOLERANCE)
        sizes, variance = by_size(results, context, clusters, signal)
        series[family.replace("_", " ")] = (np.log10(sizes), np.log10(variance))
    chart = Plot(f"Variance with signal: {signal}", "log10 servers", "log10 variance", series)
    concluded = empirical(all(held), evidence)
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def _plant(signal: str, exponent: float) -> Change:
    """Plant a power law of the number of servers."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not isinstance(cell, Measurement):
            return arrays
        # Not exactly a power law, whose interval would be rounding only.
        value = float(cell.n_servers) ** exponent * (1 + 0.01 * (cell.n_servers % 3))
        return {**arrays, signal: np.asarray(value)}

    return change


def _claim(
    name: str, statement: str, covers: tuple[str, ...], signal: str, expected: float
) -> Claim:
    def check(results: Results, context: Context) -> Finding:
        return check_slope(results, context, signal, expected)

    return empirical_claim(
        name,
        statement,
        covers,
        Planted(
            check,
            _plant(signal, expected + 1),
            _plant(signal, expected),
            "a variance with one more power of N, or with the power stated",
        ),
        source="sec. 3.2, Theorem 5.2",
        cells=measured_on,
        kind=Kind.STATISTICAL,
    )


CLAIMS = (
    _claim(
        "sec-3.2-cluster-return-baseline",
        "In the cluster, with the total queue in the reward and an ideal baseline, the variance of "
        "the return gradient is proportional to N.",
        ("DG-32",),
        "baseline total",
        1.0,
    ),
    _claim(
        "sec-3.2-cluster-return",
        "In the cluster, with the total queue in the reward and no baseline, the variance of the "
        "return gradient is proportional to N squared.",
        ("DG-32",),
        "raw total",
        2.0,
    ),
    _claim(
        "sec-3.2-cluster-average-reward",
        "In the cluster, with the reward divided by N and an ideal baseline, the variance of the "
        "return gradient falls as 1/N.",
        ("DG-32", "DG-68"),
        "baseline average",
        -1.0,
    ),
    _claim(
        "theorem-5.2-cluster-guidance-load",
        "In the cluster the variance of the guidance gradient with loads does not depend on N.",
        ("DG-33", "DG-68"),
        "guidance after, load",
        0.0,
    ),
    _claim(
        "theorem-5.2-cluster-guidance-utilization",
        "In the cluster the variance of the guidance gradient with utilisations does not depend on "
        "N.",
        ("DG-33", "DG-68"),
        "guidance after, utilization",
        0.0,
    ),
)
