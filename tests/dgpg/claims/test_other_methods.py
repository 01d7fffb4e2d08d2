"""Verdicts on what other methods keep and represent, and the numbers they rest on."""

from __future__ import annotations

from functools import partial

import pytest

from refimpl.dgpg.claims.other_methods import CLAIMS, check_optimality, counterfactual_change
from refimpl.dgpg.theory.small_learners.credits import mixture
from refimpl.ledger import Context
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/table-2-shaping": "holds",
            "dgpg/table-2-factorisation": "holds",
            "dgpg/table-2-mean-field": "holds",
            "dgpg/table-2-optimality": "refuted",
            "dgpg/shaping-inference": "refuted",
            "dgpg/counts": "refuted",
        },
    )


def test_a_heavy_weight_ends_elsewhere_a_light_one_does_not() -> None:
    found = check_optimality(partial(mixture, alpha=0.8), Context()).evidence
    assert found["best_reward"] == pytest.approx(-2 / 1.08 - 2 / 0.95)
    assert found["reward_at_the_end"] < -4.3
    assert found["reward_at_the_end_alpha_0"] > -4.05
    assert found["reward_at_the_end_alpha_0.2"] > -4.05


def test_a_counterfactual_baseline_tells_one_agent_from_many() -> None:
    assert counterfactual_change(1) == 0.0
    assert counterfactual_change(32) < -0.5
