"""Specifies the conclusions that checks draw from numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.findings import empirical, exactly, interval, only_under
from refimpl.ledger import Verdict
from refimpl.shared.statistics import Interval

sizes = st.floats(1e-12, 1e3)


@given(sizes, sizes)
def test_exact_findings_hold_within_their_tolerance(error, tolerance):
    found = exactly(error, tolerance, other=1.0)
    assert (found.verdict is Verdict.HOLDS) == (error <= tolerance)
    assert found.verdict in (Verdict.HOLDS, Verdict.REFUTED)
    assert list(found.evidence) == ["largest_error", "other"]
    assert found.evidence["largest_error"] == error


def test_an_error_that_is_no_number_is_no_finding():
    with pytest.raises(ValueError, match="evidence must be finite"):
        exactly(float("nan"), 1.0)
    with pytest.raises(ValueError, match="evidence must be finite"):
        only_under("d is linear", True, x=float("inf"))


def test_assumptions_are_named_only_where_they_help():
    held, failed = (only_under("d is linear", holds, x=2.0) for holds in (True, False))
    assert (held.verdict, held.assumption) == (Verdict.HOLDS_UNDER, "d is linear")
    assert (failed.verdict, failed.assumption) == (Verdict.REFUTED, "")
    assert held.evidence == failed.evidence == {"x": 2.0}


def test_evidence_of_an_interval_has_three_numbers():
    found = Interval(1.0, 0.5, 1.5)
    assert interval("gap", found) == {
        "gap": found.mean,
        "gap_low": found.low,
        "gap_high": found.high,
    }


def test_an_effect_is_there_or_was_not_reproduced():
    there, missing = (empirical(found, {"x": np.float64(2)}) for found in (True, False))
    assert there.verdict is Verdict.HOLDS_STATISTICALLY
    assert missing.verdict is Verdict.NOT_REPRODUCED
    assert there.evidence == missing.evidence == {"x": 2.0}
