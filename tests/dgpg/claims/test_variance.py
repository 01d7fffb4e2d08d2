"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.variance import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/optimal-weight": "holds",
    "dgpg/minimum-variance": "holds",
    "dgpg/minimum-variance-bounded": "holds",
    "dgpg/weight-tends-to-one": "holds",
    "dgpg/minimum-in-range": "refuted",
    "dgpg/any-fixed-weight": "refuted",
    "dgpg/alignment-means-negative-correlation": "refuted",
    "dgpg/table-3": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_weights_above_one_take_the_return_with_the_wrong_sign() -> None:
    found = evidence_of("minimum-in-range")
    for n, weight in ((10, -0.0741), (100, -0.0440), (1000, -0.0153)):
        assert found[f"weight_of_the_return_{n}"] == pytest.approx(weight, abs=5e-5)
        assert found[f"minimum_in_range_{n}"] == 1.0


def test_fixed_weights_keep_a_share_of_the_return_s_variance() -> None:
    found = evidence_of("any-fixed-weight")
    assert found["line_0_at_1000"] == pytest.approx(645.1, abs=0.05)
    assert found["line_1_at_1000"] == pytest.approx(45.70, abs=0.005)


def test_correlations_of_aligned_games_have_either_sign() -> None:
    found = evidence_of("alignment-means-negative-correlation")
    prefix = "correlation_"
    signs = {
        name.removeprefix(prefix): value > 0
        for name, value in found.items()
        if name.startswith(prefix)
    }
    assert signs == {
        "ce_2": False,
        "ce_2_plus_5": True,
        "minus_g_2": False,
        "minus_g_16": True,
        "minus_g_64": True,
    }
