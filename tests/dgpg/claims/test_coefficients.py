"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.coefficients import CLAIMS
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/local-influence": "holds",
    "dgpg/change-of-deviation": "holds-under",
    "dgpg/guidance-gradient": "holds-under",
    "dgpg/guidance-gradient-over-time": "refuted",
    "dgpg/noise-free-coefficient": "refuted",
    "dgpg/deterministic-given-trajectory": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_utilisations_turn_the_sign_and_the_state_before_says_nothing() -> None:
    """C = (0.332, 0.484), p = 0.796, q = 0.184: -0.281 exact, +0.109 estimated."""
    found = evidence_of("guidance-gradient")
    assert found["utilization_exact"] == pytest.approx(-0.28104, abs=1e-5)
    assert found["utilization_corrected"] == pytest.approx(found["utilization_exact"])
    assert found["utilization_after"] == pytest.approx(0.10898, abs=1e-5)
    assert found["equal_servers_exact"] == pytest.approx(0.09375)
    assert found["equal_servers_before"] == 0.0


def test_over_two_steps_the_coefficient_misses_what_its_job_does_later() -> None:
    """p = 0.7, q = 0.6: 0.2205 against 0.1470, 0.3448 against 0.1974."""
    found = evidence_of("guidance-gradient-over-time")
    wanted = {"exact_at_0.5": 0.2205, "guidance_at_0.5": 0.1470}
    wanted |= {"exact_at_0.9": 0.34482, "guidance_at_0.9": 0.1974}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)
    assert found["exact_at_0.0"] == pytest.approx(found["guidance_at_0.0"])


def test_noise_given_the_own_action() -> None:
    """(N-1)/4 on two servers; ((N-1)/N)^2 with as many servers as agents."""
    found = evidence_of("noise-free-coefficient")
    assert found["6_agents_2_servers"] == pytest.approx(5 / 4)
    assert found["4_agents_4_servers"] == pytest.approx(9 / 16)
    assert found["closed_form_10_servers"] == pytest.approx(0.81)
    assert found["closed_form_100_servers"] == pytest.approx(0.9801)
