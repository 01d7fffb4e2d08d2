"""Claims about shaped costs and multipliers: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.multipliers import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/shaped-cost": "holds",
    "dcc/multiplier-update": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
