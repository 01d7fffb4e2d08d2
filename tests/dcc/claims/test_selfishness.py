"""Claims about selfish devices and the exponent: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.selfishness import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/offloading-falls-with-the-exponent": "holds-under",
    "dcc/never-offloading-beats-selfish-devices": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
