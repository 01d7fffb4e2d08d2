"""Verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.symmetries import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "scale/critic-without-n": "holds-under",
    "scale/order-of-servers": "holds",
    "scale/replication": "holds",
    "scale/flattening": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def evidence_of(name):
    """Numbers of the claim ``scale/name``."""
    claim = next(claim for claim in CLAIMS if claim.id == f"scale/{name}")
    return claim.check(claim.subject, Context()).evidence


def test_shares_shrink_while_the_best_sixteenth_gains() -> None:
    found = evidence_of("flattening")
    for name, falling in (("largest_share", True), ("mass_of_the_best_sixteenth", False)):
        at = [found[f"{name}_at_{n}"] for n in (16, 32, 48)]
        assert sorted(at, reverse=falling) == at


def test_the_actor_is_equivariant_not_invariant() -> None:
    assert evidence_of("order-of-servers")["scores_miss_the_unshuffled_at_least_by"] > 1e-3


def test_a_second_equal_server_is_worth_something() -> None:
    found = evidence_of("critic-without-n")
    one, two = (found[f"best_return_with_{n}"] for n in ("one_server", "two_equal_servers"))
    assert two - one == pytest.approx(0.99 * 0.3679 * (1 - 0.99**10) + 0.001 * 9.466, abs=1e-3)
