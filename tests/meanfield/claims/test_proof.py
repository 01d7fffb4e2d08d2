"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.meanfield.claims.proof import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/proof-cases-of-the-dynamics": "refuted",
    "meanfield/objective-sign": "refuted",
    "meanfield/proof-time-split": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)
