"""Claims about the joint game: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.game import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/independent-transitions": "holds-statistically",
    "dcc/reward-with-congestion": "holds",
    "dcc/crowd-action-best-alone": "holds-under",
    "dcc/global-objective": "holds",
    "dcc/reward-is-not-additive": "holds",
    "dcc/approximate-reward": "holds",
    "dcc/cost-indicator": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
