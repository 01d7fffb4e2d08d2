"""The demands on claims are demands: claims that break them are noticed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from refimpl.ledger import Context, Control, Plot
from refimpl.meanfield.claims.arrivals import CLAIMS
from tests.contract import assert_claim, assert_claims, assert_same

CHEAP = CLAIMS[0]


def test_other_verdicts_and_missing_claims_are_noticed() -> None:
    assert_claims((CHEAP,), {CHEAP.id: "holds"})
    for wrong in ({CHEAP.id: "refuted"}, {}):
        with pytest.raises(AssertionError):
            assert_claims((CHEAP,), wrong)


def test_controls_that_do_not_flip_are_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_claim(replace(CHEAP, control=Control("nothing", CHEAP.subject)), "holds")


def test_impure_checks_are_noticed() -> None:
    calls = itertools.count()

    def check(subject, context):
        found = CHEAP.check(subject, context)
        return replace(found, evidence={**found.evidence, "call": float(next(calls))})

    with pytest.raises(AssertionError):
        assert_claim(replace(CHEAP, check=check), "holds")


def test_findings_that_differ_in_a_chart_are_not_the_same() -> None:
    line = np.arange(3.0)
    found = CHEAP.check(CHEAP.subject, Context())
    straight = replace(found, plots=(Plot("t", "x", "y", {"a": (line, line)}),))
    bent = replace(found, plots=(Plot("t", "x", "y", {"a": (line, line + 1e-9)}),))
    assert_same(straight, straight)
    with pytest.raises(AssertionError):
        assert_same(straight, bent)
