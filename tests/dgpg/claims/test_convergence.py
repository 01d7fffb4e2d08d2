"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.convergence import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/pl-condition": "refuted",
    "dgpg/smoothness-bound": "holds",
    "dgpg/inner-product": "refuted",
    "dgpg/second-moment": "holds",
    "dgpg/guidance-norm": "refuted",
    "dgpg/per-iteration-gain": "holds",
    "dgpg/gap-bound": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_the_coordination_game_is_flat_away_from_its_best_value() -> None:
    found = evidence_of("pl-condition")
    assert found["J_at_one_third"] == pytest.approx(2 / 3)
    assert found["J_best"] == 2.0
    assert found["least_ratio"] < 1e-30
    arms = [found[f"two_arms_from_{t}"] for t in (1, 5, 10)]
    assert arms == pytest.approx([2.64e-2, 2.22e-5, 1.03e-9], rel=0.01)


def test_aligned_states_misaligned_parameters() -> None:
    found = evidence_of("inner-product")
    assert found["inner_product_at_0_6"] == pytest.approx(0.013824)
    assert found["share_of_policies_misaligned"] == pytest.approx(0.094, abs=0.002)


def test_the_squared_norm_grows_like_the_number_of_parameter_blocks() -> None:
    found = evidence_of("guidance-norm")
    assert found["norm_at_1024"] / found["norm_at_256"] == pytest.approx(4.0, rel=0.02)
