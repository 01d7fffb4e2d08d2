"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.scaling import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/return-variance": "holds-under",
    "dgpg/guidance-variance": "holds-under",
    "dgpg/relative-variance": "holds-under",
    "dgpg/horizon": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_the_return_s_variance_grows_with_any_exponent_from_minus_one_to_three() -> None:
    found = evidence_of("return-variance")
    wanted = {
        "additive": 1,
        "minus_d_with_baseline": 1,
        "quadratic_without_baseline": 2,
        "two_servers": 2,
        "two_servers_skewed": 3,
        "averaged": -1,
        "two_agents_matter": 0,
    }
    for name, slope in wanted.items():
        assert found[f"slope_{name}"] == pytest.approx(slope, abs=0.01)
    assert found["additive_at_256"] == 255 / 4
    assert found["two_servers_at_256"] == pytest.approx((256**2 - 256) / 32)


def test_noise_over_signal_is_constant_for_the_guidance() -> None:
    found = evidence_of("relative-variance")
    assert [found[f"guidance_{n}"] for n in (16, 64, 256, 1024)] == pytest.approx([7.0] * 4)
    assert found["return_1024"] == pytest.approx(4429, abs=1)
    assert found["guidance_near_balance_1024"] > 1000


def test_the_horizon_multiplies_the_noise() -> None:
    found = evidence_of("horizon")
    assert [found[f"sixteen_agents_{t}_steps"] for t in (1, 4, 16)] == [3.75, 39.0, 540.0]
