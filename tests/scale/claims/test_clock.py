"""Specifies the claims about state, clock and counts: verdicts, numbers, and controls."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.clock import CLAIMS, POLICIES, completed_in_ten_seconds
from tests.contract import assert_claims

BY_ID = {claim.id: claim for claim in CLAIMS}


def test_every_claim_has_its_verdict_and_a_control_that_flips() -> None:
    assert_claims(
        CLAIMS,
        {
            "scale/state-dimension": "holds",
            "scale/markov": "refuted",
            "scale/clock": "holds",
            "scale/metric-and-invalid-actions": "refuted",
            "scale/livelock": "refuted",
            "scale/invalid-actions-inflate-counts": "refuted",
        },
    )


def evidence(name: str) -> dict[str, float]:
    claim = BY_ID[name]
    return dict(claim.check(claim.subject, Context()).evidence)


def test_the_dimensions_are_those_of_the_paper_s_sizes() -> None:
    found = evidence("scale/state-dimension")
    assert (found["at_16"], found["at_32"], found["at_48"]) == (85.0, 165.0, 245.0)


def test_an_invalid_action_costs_a_step_of_response_time() -> None:
    found = evidence("scale/metric-and-invalid-actions")
    assert found["after_0_invalid_actions"] == pytest.approx(2.0)
    assert found["after_1_invalid_actions"] == pytest.approx(2.1)
    assert found["after_20_invalid_actions"] == pytest.approx(4.0)


def test_about_half_of_all_untrained_networks_are_stuck() -> None:
    """The audit of the notes found 53.5 percent of 400; the interval is a 99.99 percent one."""
    found = evidence("scale/livelock")
    assert found["share_low"] < 0.535 < found["share_high"]
    assert found["share_low"] > 0.2


def test_the_number_of_invalid_actions_is_the_same_for_everybody() -> None:
    """Ten seconds hold a hundred, so the share is 100 / (100 + A)."""
    share, completed = completed_in_ten_seconds(Context())
    assigned = 100.0 / share - 100.0
    assert share.shape == completed.shape == (len(POLICIES), 8)
    assert assigned == pytest.approx(assigned.round(), abs=1e-9)
    assert (completed <= assigned + 1e-9).all()
    found = evidence("scale/invalid-actions-inflate-counts")
    assert found["with_fewer_tasks"] > 3 * found["with_more_tasks"]
