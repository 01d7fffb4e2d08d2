"""Claims about the convergence of budgets: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.convergence import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/simultaneous-perturbation": "holds-under",
    "dcc/theorem-1-optimum-on-kinks": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
