"""Claims about optima of the decomposed problem: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.optima import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/proposition-1-global-optimum": "refuted",
    "dcc/decomposition": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
