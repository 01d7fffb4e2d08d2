"""Verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.features import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "scale/identity-covariance": "refuted",
    "scale/unit-variances-and-table-5": "holds-under",
    "scale/covariance-measures-dependence": "refuted",
    "scale/sampling-floor": "holds-statistically",
    "scale/srr-whitens": "refuted",
    "scale/table-5-is-a-balance": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``scale/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"scale/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_the_formula_of_the_balance_is_what_a_search_finds() -> None:
    found = evidence_of("srr-whitens")
    for kind in ("independent", "correlated"):
        here, formula = found[f"{kind}_variance_here"], found[f"{kind}_variance_formula"]
        assert here == pytest.approx(formula, rel=1e-4)
        assert found[f"{kind}_L_c_here"] <= found["largest_L_c_at_a_balance"]


def test_a_network_s_features_have_a_null_direction() -> None:
    found = evidence_of("identity-covariance")
    for name in ("networks_smallest_over_largest", "smallest_over_largest_eigenvalue"):
        assert abs(found[name]) < 1e-13
    assert found["covariance_times_null_vector"] < 1e-13
    assert found["largest_error"] >= 1.0


def test_table_5_exceeds_a_balance_of_the_sum_by_two_hundred_times() -> None:
    """And a balance of the mean by nothing: 0.044 against 0.05."""
    found = evidence_of("table-5-is-a-balance")
    assert found["printed_over_largest"] == pytest.approx(240 * 0.044 / 0.05)
    assert found["largest_mean_covariance_at_a_balance"] == pytest.approx(0.05 / 240)
