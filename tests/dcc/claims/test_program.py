"""Claims about the constrained program: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.program import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/discounted-measures": "holds",
    "dcc/cmdp-by-occupation-measures": "holds",
    "dcc/occupation-set-convex": "holds",
    "dcc/policy-from-occupation": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
