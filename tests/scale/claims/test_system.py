"""Specifies the claims about the problem: verdicts, numbers, and controls on the other side."""

from __future__ import annotations

from refimpl.ledger import Context
from refimpl.scale.claims.system import CLAIMS
from tests.contract import assert_claims

BY_ID = {claim.id: claim for claim in CLAIMS}


def test_every_claim_has_its_verdict_and_a_control_that_flips() -> None:
    assert_claims(
        CLAIMS,
        {
            "scale/ready-set": "refuted",
            "scale/run-time": "holds",
            "scale/communication-cost": "holds",
            "scale/communication-delays-nothing": "holds",
            "scale/constraints": "holds-under",
        },
    )


def evidence(name: str) -> dict[str, float]:
    claim = BY_ID[name]
    return dict(claim.check(claim.subject, Context()).evidence)


def test_the_printed_ready_set_has_both_kinds_of_wrong_members() -> None:
    found = evidence("scale/ready-set")
    assert found["already_running"] > 0
    assert found["not_arrived"] > 0


def test_no_constraint_is_broken_and_there_were_tasks_to_break_it() -> None:
    claim = BY_ID["scale/constraints"]
    assert not any(evidence("scale/constraints").values())
    assert claim.check(claim.control.subject, Context()).evidence["too_large"] > 3
    assert evidence("scale/run-time")["tasks"] > 10
    assert evidence("scale/communication-cost")["tasks_with_a_predecessor"] > 100
