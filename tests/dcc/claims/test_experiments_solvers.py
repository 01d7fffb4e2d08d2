"""Claims about the learners inside the loop, on results with and without the effect."""

from __future__ import annotations

import pytest

from refimpl.dcc.claims.experiments_solvers import CLAIMS, CLOSE, KEPT
from refimpl.ledger import Kind, Verdict
from tests.dcc.claims.contract import (
    BY_ID,
    assert_control,
    assert_decides,
    assert_notices,
    assert_pure,
    assert_verdicts,
)
from tests.dcc.claims.planted import of_methods, planted

ANY_SOLVER = BY_ID["dcc/sec-4.3-any-solver"]
BUDGETS_KEPT = BY_ID["dcc/sec-4.3-budgets-kept"]
EXACT = [claim for claim in CLAIMS if claim.kind is Kind.EXACT]
profiles = pytest.mark.parametrize("profile", ["quick", "full"])


@profiles
@pytest.mark.parametrize(
    ("local", "there"),
    [
        ((0.01, 0.1), True),
        ((0.9 * CLOSE, 0.1 + 0.9 * KEPT), True),
        ((1.1 * CLOSE, 0.1), False),
        ((0.01, 0.1 + 1.1 * KEPT), False),
        ((-1.1 * CLOSE, 0.1), False),
    ],
    ids=["good", "barely", "too dear", "overrun", "too cheap to be true"],
)
def test_solvers_work_if_they_are_close_and_keep_the_budget(local, there, profile):
    assert_decides(ANY_SOLVER, planted(ANY_SOLVER, of_methods(), profile, local), there)


@profiles
def test_kept_budgets_are_told_from_overrun_ones(profile):
    overrun = of_methods(dcc_published={"violation": 0.03})
    assert_notices(BUDGETS_KEPT, of_methods(), overrun, profile)


def test_our_settings_are_evidence_not_the_claim():
    make = of_methods(dcc_ours={"violation": 0.5})
    found = BUDGETS_KEPT.check(BUDGETS_KEPT.subject, planted(BUDGETS_KEPT, make, "quick"))
    assert found.verdict is Verdict.HOLDS_STATISTICALLY
    assert found.evidence["dcc-ours_violation_n10"] == pytest.approx(0.5)


def test_the_number_of_solves_is_settled_exactly():
    assert_verdicts(CLAIMS, {"dcc/sec-4.5-three-evaluations": "holds"})
    for claim in EXACT:
        assert_pure(claim)
        assert_control(claim)
