"""Claims about budgets as frequencies: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.frequencies import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/budget-fully-used": "holds-under",
    "dcc/budget-is-long-term-frequency": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
