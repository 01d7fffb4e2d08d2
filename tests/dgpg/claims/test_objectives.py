"""Verdicts on what the reference is said to serve, and the numbers they rest on."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.claims.objectives import (
    CLAIMS,
    EFFICIENCY,
    check_delay,
    check_energy,
    check_objective,
    trained,
)
from refimpl.ledger import Context
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/objective-alignment": "refuted",
            "dgpg/objective-delay": "refuted",
            "dgpg/objective-energy": "refuted",
            "dgpg/objective-fairness": "holds-under",
            "dgpg/objective-dominant-resource": "refuted",
        },
    )


def test_two_queues() -> None:
    """Rates 1 and 4 at half load, by hand: 2.0 jobs against 1.6."""
    found = check_delay(np.array([1.0, 4.0]), Context()).evidence
    assert found["jobs_at_equal_utilization"] == pytest.approx(2.0)
    assert found["jobs_by_the_square_root_rule"] == pytest.approx(1.6)
    assert found["least_utilization_of_a_server"] == pytest.approx(1 / 6)


def test_two_jobs_on_the_extremes_of_table_4() -> None:
    """1 / 0.70 + 1 / 1.08 against 2 / 1.08."""
    found = check_energy(EFFICIENCY[[0, -2]], Context()).evidence
    assert found["two_unit_jobs_balanced"] == pytest.approx(1 / 0.7 + 1 / 1.08)
    assert found["two_unit_jobs_on_the_second_server"] == pytest.approx(2 / 1.08)


def test_all_of_the_way_from_the_frugal_state_is_misaligned() -> None:
    """Nobody waits on it, energy is linear, and it is lower at the start.

    The queue alone is aligned: it is convex, and nobody waits at the reference either.
    """
    found = check_objective(trained, Context()).evidence
    assert found["largest_slope_of_the_queue_alone"] <= 0.0
    for utilization in (0.3, 0.5, 0.7, 0.9):
        assert found[f"share_of_the_way_misaligned_at_utilization_{utilization}"] == 1.0
        assert found[f"cost_saved_by_least_energy_at_utilization_{utilization}"] > 0.03
