"""What every claim must keep: pure checks, verdicts that last, controls that break something."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from refimpl.ledger import Claim, Context, Finding, Verdict

POSITIVE = {Verdict.HOLDS, Verdict.HOLDS_UNDER, Verdict.HOLDS_STATISTICALLY}


def assert_same(one: Finding, other: Finding) -> None:
    """The same finding to the bit, charts included."""
    assert (one.verdict, one.evidence, one.assumption) == (
        other.verdict,
        other.evidence,
        other.assumption,
    )
    for chart, twin in zip(one.plots, other.plots, strict=True):
        assert (chart.title, chart.series.keys()) == (twin.title, twin.series.keys())
        for name, line in chart.series.items():
            for x, y in zip(line, twin.series[name], strict=True):
                np.testing.assert_array_equal(x, y)


def assert_claim(claim: Claim, verdict: str, seeds: tuple[int, ...] = (0, 1)) -> None:
    """The verdict on record whatever the seed, twice the same, and a control on the other side."""
    for seed in seeds:
        found = claim.check(claim.subject, Context(seed=seed))
        assert found.verdict.value == verdict
        broken = claim.check(claim.control.subject, Context(seed=seed))
        assert (found.verdict in POSITIVE) != (broken.verdict in POSITIVE)
        assert found.evidence != broken.evidence
        assert_same(claim.check(claim.subject, Context(seed=seed)), found)


def assert_claims(claims: tuple[Claim, ...], verdicts: Mapping[str, str]) -> None:
    """Every claim of a module, and no other, keeps :func:`assert_claim`."""
    assert sorted(claim.id for claim in claims) == sorted(verdicts)
    for claim in claims:
        assert_claim(claim, verdicts[claim.id])
