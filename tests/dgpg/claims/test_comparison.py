"""Verdicts on the policy-gradient rows of Table 2, and the exact numbers beside them."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.comparison import (
    CLAIMS,
    COMPETITORS,
    SIZES,
    additive_noise,
    check_alone,
    order,
    sampled_views,
    two_server_exponent,
)
from refimpl.dgpg.theory.small_learners.credits import counterfactual, guidance, shared_return
from refimpl.ledger import Context
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/table-2-shared-return": "holds-under",
            "dgpg/table-2-happo": "refuted",
            "dgpg/table-2-coma": "refuted",
            "dgpg/table-2-guidance": "holds-under",
            "dgpg/table-2-alone": "refuted",
        },
    )


def test_sampled_variances_are_near_the_closed_form() -> None:
    """Guidance, as many servers as agents, all K logits: 2 (1 - 1/N)^2 for large N.

    A Poisson count has kurtosis 4, so 3000 samples leave some 4 percent; z below 4 with room.
    """
    variances = order(guidance, sampled_views(Context()))[1]
    assert len(variances) == len(SIZES)
    for n, variance in zip(SIZES, variances, strict=True):
        assert variance == pytest.approx(2.0 * (1 - 1 / n) ** 2, rel=0.25)


def test_exact_orders() -> None:
    assert two_server_exponent(shared_return) == pytest.approx(2.0, abs=0.05)
    assert two_server_exponent(guidance) == pytest.approx(1.0, abs=1e-9)
    assert additive_noise(counterfactual) == 0.0
    assert additive_noise(shared_return, 64) == pytest.approx(63 / 2)


def test_guidance_is_a_difference_reward() -> None:
    found = check_alone(COMPETITORS, Context()).evidence
    assert found["spread_of_guidance_minus_difference_reward"] == pytest.approx(0.0, abs=1e-9)
    assert found["cross_agent_noise_of_guidance_two_servers"] == pytest.approx(63 / 8)
    assert found["cross_agent_noise_of_coma_two_servers"] == pytest.approx(63 / 8)
