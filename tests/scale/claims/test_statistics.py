"""Verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.statistics import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "scale/variance-grows": "refuted",
    "scale/variance-of-selection": "holds-under",
    "scale/redundancy-grows": "holds-under",
    "scale/statistics-transfer": "refuted",
    "scale/embedding-statistics": "holds-under",
    "scale/local-perturbation": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``scale/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"scale/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_softmax_of_normal_scores_is_within_sampling_error_of_its_exact_variance() -> None:
    """Standard deviation of one draw is below half its mean; 200 draws, four of them."""
    found = evidence_of("variance-grows")
    for n in (16, 48):
        exact = found[f"softmax_exactly_at_{n}"]
        assert abs(found[f"variance_at_{n}"] - exact) < 4 * 0.8 * exact / 200**0.5


def test_untrained_networks_neither_vary_more_nor_correlate_much_more_with_servers() -> None:
    variance, correlation = evidence_of("variance-grows"), evidence_of("redundancy-grows")
    assert variance["untrained_at_48"] < variance["untrained_at_16"]
    assert abs(correlation["untrained_at_48"] - correlation["untrained_at_16"]) < 0.05


def test_a_network_calibrated_at_16_servers_drifts_as_uniform_attention_does() -> None:
    found = evidence_of("statistics-transfer")
    assert found["uniform_moment_loss_at_48"] == pytest.approx(0.216, abs=5e-4)
    assert found["network_moment_loss_at_48"] == pytest.approx(0.216, abs=0.05)
