"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.definitions import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/objective": "holds",
    "dgpg/policy-gradient": "holds-under",
    "dgpg/variance-decomposition": "holds-under",
    "dgpg/deviation": "holds",
    "dgpg/augmented-direction": "holds",
    "dgpg/advantage": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_a_reward_in_the_second_step_counts_too_much_without_the_factor() -> None:
    """p (1-p) instead of gamma p (1-p), at p = gamma = 1/2."""
    found = evidence_of("policy-gradient")
    assert found["late_reward_without_factor"] == pytest.approx(0.25)
    assert found["late_reward_exact"] == pytest.approx(0.125)


def test_interactions_are_what_one_term_per_agent_misses() -> None:
    assert evidence_of("variance-decomposition")["largest_share_missed_by_the_sum_over_agents"] > 0
