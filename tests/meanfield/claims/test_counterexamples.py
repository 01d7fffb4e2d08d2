"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.meanfield.claims.counterexamples import BETHE_LATTICES, CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/theorem-1-any-policy": "refuted",
    "meanfield/closed-empirical-law": "refuted",
    "meanfield/corollary-1.1": "refuted",
    "meanfield/corollary-1.1-proof": "holds-under",
    "meanfield/metric-across-delays": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def test_the_gap_on_bethe_lattices_tends_to_the_stated_limit() -> None:
    """Only the layers near the centre differ; their share is halved by every level."""
    gaps = [BETHE_LATTICES.gap(depth) - BETHE_LATTICES.limit for depth in (6, 8, 10)]
    assert gaps[1] / gaps[0] == pytest.approx(0.25, abs=0.01)
    assert gaps[2] / gaps[1] == pytest.approx(0.25, abs=0.01)


def test_the_metric_has_the_values_computed_before() -> None:
    """OWN per 50 units: between 3.43 and 3.53 for all ten delays."""
    claim = next(claim for claim in CLAIMS if claim.id == "meanfield/metric-across-delays")
    evidence = dict(claim.check(claim.subject, Context()).evidence)
    del evidence["relative_spread"]
    assert min(evidence.values()) == pytest.approx(3.43, abs=5e-3)
    assert max(evidence.values()) == pytest.approx(3.53, abs=5e-3)
