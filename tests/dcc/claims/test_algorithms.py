"""Claims about the three algorithms: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.algorithms import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/algorithm-1-loop": "holds",
    "dcc/algorithm-2-differences": "holds",
    "dcc/algorithm-3-multipliers": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
