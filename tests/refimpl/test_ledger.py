"""Specifies refimpl.ledger: what a finding, a context and a claim are."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict, no_jobs


def test_assumption_goes_with_holds_under_and_only_with_it() -> None:
    assert Finding(Verdict.HOLDS_UNDER, {}, "x > 0").assumption == "x > 0"
    with pytest.raises(ValueError, match="assumption must be named"):
        Finding(Verdict.HOLDS_UNDER, {})
    with pytest.raises(ValueError, match=r"verdict 'holds' with assumption 'x > 0'"):
        Finding(Verdict.HOLDS, {}, "x > 0")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_evidence_is_finite(value: float) -> None:
    with pytest.raises(ValueError, match=r"evidence must be finite numbers; got \{'gap'"):
        Finding(Verdict.HOLDS, {"gap": value, "fine": 1.0})


def test_there_are_exactly_six_verdicts() -> None:
    assert [verdict.value for verdict in Verdict] == [
        "holds",
        "holds-statistically",
        "holds-under",
        "refuted",
        "not-reproduced",
        "unspecified",
    ]


def test_context_streams_depend_on_seed_and_purpose_only() -> None:
    draw = Context(seed=1).rng("a", 2).random()
    assert Context("full", seed=1).rng("a", 2).random() == draw
    assert Context(seed=2).rng("a", 2).random() != draw
    assert Context(seed=1).rng("a", 3).random() != draw


def test_profile_full_is_full() -> None:
    assert Context("full").full
    assert not Context("quick").full


def test_paper_of_a_claim_is_the_prefix_of_its_id() -> None:
    def check(subject: object, context: Context) -> Finding:
        del subject, context
        return Finding(Verdict.HOLDS, {})

    claim = Claim("dcc/x/y", "", "", (), Kind.EXACT, check, None, Control("", None))
    assert claim.paper == "dcc"
    assert claim.jobs is no_jobs
    assert no_jobs(Context()) == ()
