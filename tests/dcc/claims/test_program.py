"""Claims about the constrained program: verdicts, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dcc.claims.program import CLAIMS
from tests.dcc.claims.contract import assert_control, assert_pure, assert_verdicts

VERDICTS = {
    "dcc/discounted-measures": "holds",
    "dcc/cmdp-by-occupation-measures": "holds",
    "dcc/occupation-set-convex": "holds",
    "dcc/policy-from-occupation": "holds",
}

each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)


@each_claim
def test_checks_are_pure(claim):
    assert_pure(claim)


@each_claim
def test_controls_break_something_and_flip(claim):
    assert_control(claim)
