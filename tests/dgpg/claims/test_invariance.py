"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.claims.invariance import CLAIMS, PROPORTIONAL, Stationary, check_theorem
from refimpl.dgpg.theory.counterexamples import ce_2, ce_3
from refimpl.dgpg.theory.games import logits_of
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/theorem-5.1": "refuted",
    "dgpg/lemma-e.1": "refuted",
    "dgpg/proof-step-1": "holds",
    "dgpg/proof-step-3": "refuted",
    "dgpg/remark-e.2": "refuted",
    "dgpg/equilibrium-set": "refuted",
    "dgpg/stationary-is-nash": "refuted",
    "dgpg/model-error": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``dgpg/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"dgpg/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_the_direction_at_the_witnesses() -> None:
    """alpha / 12 for CE-1, alpha 3/32 for CE-2."""
    found = evidence_of("theorem-5.1")
    for alpha in (0.2, 0.4, 0.6, 0.8):
        assert found[f"ce_1_direction_{alpha}"] == pytest.approx(alpha / 12)
        assert found[f"ce_2_direction_{alpha}"] == pytest.approx(alpha * 3 / 32)


def test_only_stationary_points_of_aligned_games_count_as_witnesses() -> None:
    """A point that is not stationary; a game that is not aligned."""
    moving = Stationary("moving", ce_2(), logits_of([0.6, 0.6]))
    crooked = Stationary("crooked", ce_3(), np.array([[40.0, 0.0], [40.0, 0.0]]))
    for bad in (moving, crooked):
        with pytest.raises(ValueError, match="points must be stationary and aligned"):
            check_theorem((*PROPORTIONAL, bad), Context())


def test_the_interior_equilibrium_moves_as_in_closed_form() -> None:
    found = evidence_of("equilibrium-set")
    for alpha, place in ((0.2, 0.722222), (0.5, 0.666667), (0.8, 0.583333)):
        assert found[f"interior_{alpha}"] == pytest.approx(place, abs=1e-6)
        assert found[f"closed_form_{alpha}"] == pytest.approx(place, abs=1e-6)
        assert found[f"grad_J_at_new_{alpha}"] > 0.02


def test_a_flat_place_is_not_an_equilibrium() -> None:
    found = evidence_of("stationary-is-nash")
    assert found["gradient"] == pytest.approx(1.04e-9, rel=0.01)
    assert found["gain_of_deviating"] == pytest.approx(0.502646, abs=1e-6)


def test_the_equilibrium_of_the_energy_game_is_gone_at_the_paper_s_weights() -> None:
    found = evidence_of("model-error")
    kept = [found[f"equilibria_kept_{alpha}"] for alpha in (0.2, 0.33, 0.34, 0.4, 0.6, 0.8)]
    assert kept == [1, 1, 0, 0, 0, 0]
    assert found["threshold"] == pytest.approx(0.334507, abs=1e-6)
