"""Verdicts on jobs and arrivals, and the numbers they rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.dgpg.claims.workload import (
    CLAIMS,
    SETTINGS,
    check_duration,
    check_jobs,
    check_tide,
    drawn_jobs,
    tail_exponent,
)
from refimpl.ledger import Context
from refimpl.shared.seeds import generator
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/workload-mix": "holds-statistically",
            "dgpg/workload-duration": "holds",
            "dgpg/arrivals-tide": "holds-statistically",
            "dgpg/capacity-aware-rate": "holds-statistically",
        },
    )


@pytest.mark.parametrize("exponent", [1.7, 2.2])
def test_exponents_are_found(exponent: float) -> None:
    """50,000 jobs of NumPy's Lomax law plus one, which is the classical law."""
    found = tail_exponent(2.0 * (1.0 + generator(0).pareto(exponent, 50_000)))
    assert found.low < exponent < found.high
    assert found.mean == pytest.approx(exponent, abs=0.05)
    assert found.low < found.mean < found.high


def test_a_mix_that_is_two_percent_off_is_noticed() -> None:
    def off(n_jobs: int, rng: np.random.Generator) -> np.ndarray:
        demand = drawn_jobs(n_jobs, rng)
        intensive = np.flatnonzero(demand[:, 1] < 3 * demand[:, 0])
        return np.delete(demand, intensive[: n_jobs // 25], axis=0)

    assert check_jobs(off, Context()).verdict == "not-reproduced"


def test_durations_and_periods_that_are_off_are_noticed() -> None:
    assert check_duration(replace(SETTINGS, max_duration=100.0), Context()).verdict == "refuted"
    assert check_tide(replace(SETTINGS, swing=0.0), Context()).verdict == "not-reproduced"
    swing = check_tide(SETTINGS, Context()).evidence["swing"]
    assert swing == pytest.approx(0.3, abs=0.02)
