"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.meanfield.claims.parameters import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/table-1-values": "holds",
    "meanfield/table-1-ranges": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)
