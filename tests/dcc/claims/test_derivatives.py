"""Claims about values and their derivatives: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.derivatives import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/value-is-convex-piecewise-linear": "holds",
    "dcc/lemma-2-differentiable-almost-everywhere": "holds",
    "dcc/slater-by-never-offloading": "holds-under",
    "dcc/proposition-3-local-derivative": "holds",
    "dcc/two-slopes-at-kinks": "holds",
    "dcc/proposition-3-coupling-derivative": "holds-under",
    "dcc/theorem-2-envelope": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
