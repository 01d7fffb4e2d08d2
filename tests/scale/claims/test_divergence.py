"""Verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.scale.claims.divergence import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "scale/decorrelation-is-independence": "refuted",
    "scale/moment-loss-is-divergence": "refuted",
    "scale/moment-loss-zero": "holds",
    "scale/moment-loss-is-a-sum": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)
