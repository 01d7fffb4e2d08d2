"""What every claim must keep: pure checks, verdicts that last, controls that break something."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from refimpl.dcc.claims import CLAIMS
from refimpl.ledger import Claim, Context, Finding, Kind, Verdict
from tests.contract import assert_same
from tests.dcc.claims.planted import Make, planted

BY_ID = {claim.id: claim for claim in CLAIMS}
POSITIVE = {Verdict.HOLDS, Verdict.HOLDS_UNDER, Verdict.HOLDS_STATISTICALLY}


@lru_cache(maxsize=256)
def checked(claim_id: str, seed: int = 0, control: bool = False) -> Finding:
    """Finding of an exact or statistical claim; each is computed once for all tests."""
    claim = BY_ID[claim_id]
    return claim.check(claim.control.subject if control else claim.subject, Context(seed=seed))


def assert_pure(claim: Claim, context: Context | None = None) -> None:
    """The same context twice gives the same finding, and leaves the results as they were."""
    context = context or Context()
    before = {
        name: {key: array.copy() for key, array in arrays.items()}
        for name, arrays in context.data.items()
    }
    first = claim.check(claim.subject, context) if context.data else checked(claim.id)
    assert_same(claim.check(claim.subject, context), first)
    for name, arrays in before.items():
        for key, array in arrays.items():
            np.testing.assert_array_equal(context.data[name][key], array)


def assert_control(claim: Claim) -> None:
    """The control is another subject, has other numbers, and comes out on the other side."""
    assert claim.kind is not Kind.EMPIRICAL
    assert not np.array_equal(claim.control.subject, claim.subject)
    found, broken = checked(claim.id), checked(claim.id, control=True)
    assert found.evidence != broken.evidence
    assert (found.verdict in POSITIVE) != (broken.verdict in POSITIVE)


def assert_verdicts(claims: tuple[Claim, ...], expected: Mapping[str, str]) -> None:
    """Verdicts as recorded, for every exact or statistical claim, whatever the seed."""
    ids = [claim.id for claim in claims if claim.kind is not Kind.EMPIRICAL]
    for seed in (0, 1):
        assert {name: checked(name, seed).verdict.value for name in ids} == expected


def assert_notices(claim: Claim, effect: Make, nothing: Make, profile: str) -> None:
    """An empirical check finds a planted effect, misses it where it is not, and can be flipped."""
    for make, there in ((effect, True), (nothing, False)):
        assert_decides(claim, planted(claim, make, profile), there)


def assert_decides(claim: Claim, context: Context, there: bool) -> None:
    """Verdict and control on results of which it is known whether the effect is there."""
    found = claim.check(claim.subject, context)
    assert (found.verdict in POSITIVE) == there
    assert there or found.verdict is Verdict.NOT_REPRODUCED
    broken = claim.check(claim.control.subject, context)
    assert (broken.verdict in POSITIVE) != there
    assert_pure(claim, context)
