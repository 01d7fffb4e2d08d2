"""Claims about the coordination objective: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.coordination import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/coordination-objective": "holds",
    "dcc/projected-step": "holds",
    "dcc/proposition-2-three-evaluations": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
