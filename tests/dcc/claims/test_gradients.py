"""Claims about the gradient experiment: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.gradients import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/gradient-signs": "holds",
    "dcc/gradients-equal-multipliers": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
