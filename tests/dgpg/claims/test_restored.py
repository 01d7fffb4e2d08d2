"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.restored import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/invariance-if-proportional": "holds-under",
    "dgpg/invariance-if-divisible": "holds-under",
    "dgpg/invariance-if-shaped": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_what_the_restoring_assumptions_give() -> None:
    found = evidence_of("invariance-if-proportional")
    assert found["least_ratio"] == pytest.approx(0.5)
    assert found["largest_ratio"] == pytest.approx(0.5)
    assert found["largest_inner_product"] < 0
    assert evidence_of("invariance-if-divisible")["least_margin"] > 0
    shaped = evidence_of("invariance-if-shaped")
    # Some 300 of 2000 with a standard deviation of 16.
    assert shaped["changed"] == 0
    assert 230 < shaped["changed_by_a_penalty"] < 390
