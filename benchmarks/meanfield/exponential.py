"""Batched 7 x 7 matrix exponentials: ours against SciPy's, at equal accuracy."""

from __future__ import annotations

import importlib
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from benchmarks.machine import installed
from benchmarks.timing import interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from refimpl.shared.bounded_queue import counting_generator
from refimpl.shared.matrix_exponential import exponential
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]

OURS, SCIPY = "refimpl exponential", "scipy.linalg.expm, batched"
DIGITS, REFERENCED = 50, 24


def run(settings: Settings) -> Report:
    """Time generators of epochs of length 5 with the counting column; rates uniform on [0, 2]."""
    size = 50 if settings.quick else 5000
    rates = generator(0, "benchmark", "exponential").uniform(0.0, 2.0, size)
    batch = counting_generator(rates, np.ones(size), 5) * 5.0
    timings = interleaved(
        {OURS: partial(exponential, batch), SCIPY: partial(expm, batch)}, settings.repeats
    )
    faster = ratio(timings[SCIPY], timings[OURS])
    numbers = {f"{name}, matrices per s": size / timing.median for name, timing in timings.items()}
    targets = [Target("at least 4 times as fast as SciPy", faster.median, low=4.0)]
    skipped = {}
    if installed("mpmath"):
        some = batch[: 2 if settings.quick else REFERENCED]
        exact = np.array([precise(matrix) for matrix in some])
        errors = {
            name: float(np.abs(f(some) - exact).max())
            for name, f in ((OURS, exponential), (SCIPY, expm))
        }
        numbers |= {f"{name}, largest error": error for name, error in errors.items()}
        targets.append(
            Target("error at most SciPy's or 1e-14", errors[OURS], high=max(1e-14, errors[SCIPY]))
        )
    else:
        skipped["mpmath reference"] = "mpmath not installed"
    return Report(
        instance={"matrices": size, "rows": 7, "dt": 5.0},
        timings=timings,
        ratios={"scipy / ours": faster},
        numbers=numbers,
        targets=tuple(targets),
        limit=share_of_limit(
            settings.limits,
            timings[OURS].median,
            "fourteen products of 7 x 7 matrices and the sums of the series, each",
            flops=size * (14 * 2 * 7**3 + 2 * 56 * 7**2),
        ),
        skipped=skipped,
    )


def precise(matrix: Floats) -> Floats:
    """Exponential to 50 digits, rounded to double precision."""
    mpmath = importlib.import_module("mpmath")
    with mpmath.workdps(DIGITS):
        result = mpmath.expm(mpmath.matrix(matrix.tolist()), method="taylor")
        return np.array(result.tolist(), dtype=np.float64)
