"""The demands on claims are demands: claims that break them are noticed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from refimpl.dcc.claims import CLAIMS
from refimpl.ledger import Context, Control, Finding, Verdict
from tests.dcc.claims.contract import (
    BY_ID,
    assert_control,
    assert_decides,
    assert_notices,
    assert_pure,
    assert_same,
    assert_verdicts,
)
from tests.dcc.claims.planted import of_methods

CHEAP = BY_ID["dcc/local-utility"]
EMPIRICAL = BY_ID["dcc/sec-4.3-budgets-kept"]


def test_impure_checks_are_noticed():
    calls = itertools.count()

    def check(subject, context):
        found = CHEAP.check(subject, context)
        return replace(found, evidence={**found.evidence, "call": float(next(calls))})

    with pytest.raises(AssertionError):
        assert_pure(replace(CHEAP, check=check))


def test_checks_that_spoil_the_results_are_noticed():
    def check(_, context):
        context.data["job"]["x"][0] += 1.0
        return Finding(Verdict.HOLDS, {})

    with pytest.raises(AssertionError):
        assert_pure(replace(CHEAP, check=check), Context(data={"job": {"x": np.zeros(1)}}))


def test_controls_that_are_the_subject_are_noticed():
    with pytest.raises(AssertionError):
        assert_control(replace(CHEAP, control=Control("nothing", CHEAP.subject)))


def test_other_verdicts_are_noticed():
    assert_verdicts((CHEAP,), {CHEAP.id: "holds"})
    with pytest.raises(AssertionError):
        assert_verdicts((CHEAP,), {CHEAP.id: "refuted"})


def test_checks_that_never_hold_or_never_fail_are_noticed():
    effect, nothing = of_methods(), of_methods(dcc_published={"violation": 0.3})
    assert_notices(EMPIRICAL, effect, nothing, "quick")
    for same in (effect, nothing):
        with pytest.raises(AssertionError):
            assert_notices(EMPIRICAL, same, same, "quick")


def test_a_check_that_says_refuted_for_not_reproduced_is_noticed():
    claim = replace(EMPIRICAL, check=lambda *_: Finding(Verdict.REFUTED, {}))
    with pytest.raises(AssertionError):
        assert_decides(claim, Context(), there=False)


def test_findings_that_differ_in_a_chart_are_not_the_same():
    claim = BY_ID["dcc/gradient-signs"]
    found = claim.check(claim.subject, Context())
    (chart,) = found.plots
    bent = replace(chart, series={k: (x, y + 1e-9) for k, (x, y) in chart.series.items()})
    assert_same(found, found)
    with pytest.raises(AssertionError):
        assert_same(found, replace(found, plots=(bent,)))


def test_ids_are_unique():
    assert len(BY_ID) == len(CLAIMS)
