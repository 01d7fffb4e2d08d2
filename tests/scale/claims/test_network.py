"""Verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.scale.claims import network, symmetries
from tests.contract import assert_claims

VERDICTS = {
    "scale/attention-weights": "holds",
    "scale/architecture": "holds",
    "scale/feature-length": "holds",
    "scale/pointer-scores": "holds",
    "scale/any-size": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(network.CLAIMS, VERDICTS)


def test_the_rows_of_the_network_are_settled() -> None:
    covered = [row for claim in (*network.CLAIMS, *symmetries.CLAIMS) for row in claim.covers]
    rows = [f"SC-{k}" for k in (16, 17, 18, 19, 20, 21, 22, 23, 26)]
    assert sorted(covered) == sorted([*rows, "SC-50b"])
