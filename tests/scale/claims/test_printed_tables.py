"""Verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.scale.claims.printed_tables import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "scale/reduction-at-48": "holds",
    "scale/stable-response": "refuted",
    "scale/gap-beyond-the-episodes": "refuted",
    "scale/srr-on-ppo-as-printed": "refuted",
    "scale/one-seed-per-method": "unspecified",
    "scale/kl-advantage-lost": "refuted",
    "scale/covariance-grows-as-printed": "refuted",
    "scale/tables-agree": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)
