"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.assumptions import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/exogeneity": "holds-under",
    "dgpg/stop-gradient": "holds-under",
    "dgpg/reference-need-not-be-best": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_the_reference_moves_by_a_tenth_at_the_speeds_of_table_4() -> None:
    """(0.46 - 0.65) / 2."""
    assert evidence_of("exogeneity")["slope_at_speeds_of_table_4"] == pytest.approx(-0.095)


def test_freezing_costs_nothing_for_equal_capacities_or_speeds_only() -> None:
    found = evidence_of("stop-gradient")
    assert found["relative_error_capacities_1_2_4"] > 0.01
    assert found["relative_error_equally_fast"] < 1e-12


def test_a_reference_next_to_the_best_state_is_misaligned_in_between() -> None:
    found = evidence_of("reference-need-not-be-best")
    # Half way between both: weights 1 and distance 0.05 each way.
    assert found["least_alignment"] < -0.005
    assert found["least_rise_towards_reference"] < 0
    assert found["ray_identity_error"] < 1e-9
