"""Specifies the collection of claims: every room's, once, in order."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from refimpl.dcc import claims
from refimpl.ledger import Context, Kind
from tests.dcc.claims.contract import assert_control, assert_pure

ROOMS = [
    importlib.import_module(f"{claims.__name__}.{module.name}")
    for module in pkgutil.iter_modules(claims.__path__)
]


def test_every_claim_of_every_room_is_collected_once():
    written = [claim.id for room in ROOMS for claim in getattr(room, "CLAIMS", ())]
    assert sorted(written) == sorted(claim.id for claim in claims.CLAIMS)
    assert len(set(written)) == len(written)


def test_only_empirical_claims_need_long_computations():
    for profile in ("quick", "full"):
        needing = {claim.kind for claim in claims.CLAIMS if claim.jobs(Context(profile))}
        assert needing == {Kind.EMPIRICAL}


def test_empirical_claims_come_last():
    kinds = [claim.kind for claim in claims.CLAIMS]
    first = kinds.index(Kind.EMPIRICAL)
    late = [claim.id for claim in claims.CLAIMS[first:] if claim.kind is not Kind.EMPIRICAL]
    assert late == ["dcc/sec-4.5-three-evaluations"]


EXACT = [claim for claim in claims.CLAIMS if claim.kind is not Kind.EMPIRICAL]
each_exact_claim = pytest.mark.parametrize("claim", EXACT, ids=lambda claim: claim.id)


@each_exact_claim
def test_checks_are_pure(claim):
    assert_pure(claim)


@each_exact_claim
def test_controls_break_something_and_flip(claim):
    assert_control(claim)
