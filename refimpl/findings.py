"""From numbers to a finding: the conclusions that checks of all papers draw in the same way."""

from __future__ import annotations

from collections.abc import Mapping

from refimpl.ledger import Finding, Verdict
from refimpl.shared.statistics import Interval


def exactly(error: float, tolerance: float, **evidence: float) -> Finding:
    """Return a finding that holds if ``error`` is within ``tolerance`` and is refuted otherwise.

    The largest error stands first in the evidence.
    """
    verdict = Verdict.HOLDS if error <= tolerance else Verdict.REFUTED
    return Finding(verdict, {"largest_error": float(error), **evidence})


def only_under(assumption: str, holds: bool, **evidence: float) -> Finding:
    """Return a finding that holds under a named assumption, or is refuted even there."""
    if holds:
        return Finding(Verdict.HOLDS_UNDER, evidence, assumption)
    return Finding(Verdict.REFUTED, evidence)


def empirical(found: bool, evidence: Mapping[str, float]) -> Finding:
    """Conclude on a statistical effect: it is there, or it was not reproduced."""
    verdict = Verdict.HOLDS_STATISTICALLY if found else Verdict.NOT_REPRODUCED
    return Finding(verdict, {name: float(value) for name, value in evidence.items()})


def interval(name: str, found: Interval) -> dict[str, float]:
    """Evidence of one interval: ``NAME``, ``NAME_low``, ``NAME_high``."""
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}
