"""Claims on networks that nothing but SRR has trained: its effect without that of the task."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.findings import empirical, interval
from refimpl.ledger import Arrays, Context, Finding
from refimpl.planted import Planted
from refimpl.scale.theory.alone import REGULARIZERS, Alone, job
from refimpl.scale.theory.printed import COVARIANCE, SIZES
from refimpl.scale.theory.shrinkage import largest_decorrelation
from refimpl.shared.statistics import mean_interval

Floats = NDArray[np.float64]
Results = planted.Results[Alone, Arrays]
Plan = Planted[Alone, Arrays]
EXPERIMENTS = planted.one_job_each("scale", job)


def cells(context: Context) -> Iterable[Alone]:
    """Both readings of the decorrelation loss, some runs each."""
    steps, runs = (1500, 5) if context.full else (200, 2)
    return [Alone(name, True, steps, k) for name in REGULARIZERS for k in range(runs)]


def per_run(results: Results, context: Context, regularizer: str, key: str) -> Floats:
    """Return a statistic of every run, (runs,)."""
    of = [cell for cell in cells(context) if cell.regularizer == regularizer]
    return np.array([float(results(cell, context)[key]) for cell in of])


def levels(results: Results, context: Context) -> dict[str, float]:
    """Means over the runs of every statistic."""
    names = ("covariance", "correlation", "variance", "kl")
    return {
        f"{reading}_{name}_at_{n}": float(per_run(results, context, reading, f"n{n} {name}").mean())
        for reading, name, n in product(REGULARIZERS, names, SIZES)
    }


def check_as_printed(results: Results, context: Context) -> Finding:
    """Covariance at 16 servers, after SRR as published, within a factor of two of Table 5's."""
    found = per_run(results, context, "sum", "n16 covariance")
    ratio = float(found.mean()) / COVARIANCE["SCALE"][16]
    return empirical(
        0.5 < ratio < 2.0,
        {
            "over_printed": ratio,
            "largest_mean_at_a_balance": largest_decorrelation() / 240,
            **levels(results, context),
        },
    )


def check_carried_over(results: Results, context: Context) -> Finding:
    """Correlation at 48 servers over that at 16, in pairs: at most a tenth more."""
    small, large = (per_run(results, context, "sum", f"n{n} correlation") for n in (16, 48))
    more = mean_interval(large / small - 1.0)
    return empirical(more.high < 0.1, {**interval("increase", more), **levels(results, context)})


def replaced(key: str, value: Callable[[Arrays], float]) -> planted.Change[Alone, Arrays]:
    """Return a change that sets one statistic of every run."""

    def change(cell: Alone, arrays: Arrays, context: Context) -> Arrays:
        del cell, context
        return {**arrays, key: np.asarray(value(arrays))}

    return change


CLAIMS = (
    EXPERIMENTS.claim(
        "srr-alone-as-printed",
        "A network that only SRR trains has the covariances printed for SCALE, at 16 servers and "
        "within a factor of two.",
        ("SC-37", "SC-49"),
        Plan(
            check_as_printed,
            replaced("n16 covariance", lambda _: 0.01 * COVARIANCE["SCALE"][16]),
            replaced("n16 covariance", lambda _: COVARIANCE["SCALE"][16]),
            "covariances as printed, or a hundredth of them",
        ),
        source="eq. 5, Table 5",
        cells=cells,
    ),
    EXPERIMENTS.claim(
        "srr-alone-carries-over",
        "Features that SRR has decorrelated at 16 servers are as little correlated at 48.",
        ("SC-39",),
        Plan(
            check_carried_over,
            replaced("n48 correlation", lambda arrays: 2.0 * float(arrays["n16 correlation"])),
            replaced("n48 correlation", lambda arrays: float(arrays["n16 correlation"])),
            "at 48 servers the correlations of 16, or twice those",
        ),
        source="sec. 4.3",
        cells=cells,
    ),
)
