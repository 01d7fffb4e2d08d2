"""Specifies the claims about objective and reward: verdicts, numbers, and controls."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.reward import CLAIMS
from tests.contract import assert_claims

BY_ID = {claim.id: claim for claim in CLAIMS}


def test_every_claim_has_its_verdict_and_a_control_that_flips() -> None:
    assert_claims(
        CLAIMS,
        {
            "scale/objective": "refuted",
            "scale/reward": "holds",
            "scale/time-reward-range": "holds",
            "scale/marginal-incentive": "holds",
            "scale/reward-magnitude": "refuted",
            "scale/return-against-response": "refuted",
            "scale/return-and-response-of-policies": "not-reproduced",
        },
    )


def evidence(name: str) -> dict[str, float]:
    claim = BY_ID[name]
    return dict(claim.check(claim.subject, Context()).evidence)


def test_one_more_task_makes_the_paper_s_objective_worse() -> None:
    found = evidence("scale/objective")
    assert (found["both_tasks"], found["the_short_one_only"]) == pytest.approx((4.5, 1.0))


def test_one_is_not_attained() -> None:
    found = evidence("scale/time-reward-range")
    assert 0.99999 < found["largest"] < 1.0
    assert found["of_a_mean_task_on_large"] == pytest.approx(math.exp(-2.5))


def test_the_variation_of_rewards_is_that_of_cut_log_normal_numbers() -> None:
    """On Large ``exp(-c / 4)``: by the moments of the normal law the floor hardly matters."""
    found = evidence("scale/reward-magnitude")
    assert found["variation_on_large"] == pytest.approx(math.sqrt(math.expm1(0.5625)), rel=0.05)
    assert found["variation_on_small"] > found["variation_on_medium"] > 1.0
    assert found["variation_of_demands"] == pytest.approx(0.3, rel=0.01)


def test_the_richest_schedule_is_slower_by_a_fifth() -> None:
    """All on the fast server: a decision, five steps and again; 15 steps in all."""
    found = evidence("scale/return-against-response")
    assert found["response_of_the_richest"] == pytest.approx(1.0)
    assert found["least_response"] == pytest.approx(2.5 / 3)
    assert found["least_without_the_clock"] == pytest.approx(2.5 / 3)
    starts = np.array([0, 6, 12])
    waits = np.setdiff1d(np.arange(18), starts)
    by_hand = (0.99**starts).sum() * math.exp(-0.5) - 0.001 * (0.99**waits).sum()
    assert found["return_of_the_richest"] == pytest.approx(by_hand)
    assert found["return_of_the_quickest"] < found["return_of_the_richest"] - 0.15


def test_waiting_for_large_servers_pays_and_takes_twice_as_long() -> None:
    found = evidence("scale/return-and-response-of-policies")
    assert found["return_low"] > 1.0
    assert found["response_low"] > 10.0
