"""Specifies what the checks of this paper share."""

from __future__ import annotations

from refimpl.meanfield.claims.findings import largest_gap


def test_gaps_are_absolute() -> None:
    assert largest_gap([1.0, -2.0], [1.5, 1.0]) == 3.0
    assert largest_gap([], []) == 0.0
