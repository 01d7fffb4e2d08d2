"""Claims on networks trained on SRR alone: found where planted, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.ledger import Context, Verdict
from refimpl.scale.claims.alone import CLAIMS, cells
from refimpl.scale.theory.alone import job
from refimpl.scale.theory.printed import SIZES
from tests.contract import POSITIVE

CLAIM = {claim.id.removeprefix("scale/"): claim for claim in CLAIMS}


def measured(covariance=0.037, growth=1.0, profile="quick"):
    """A context with made-up results of every run."""
    context, data = Context(profile), {}
    for cell in cells(context):
        own = 1 + 1e-3 * cell.repetition
        row = {"covariance": covariance, "correlation": 0.1, "kl": 0.5, "variance": 0.3}
        arrays = {f"n{n} {k}": np.asarray(x * own) for n in SIZES for k, x in row.items()}
        arrays["n48 correlation"] = arrays["n48 correlation"] * growth * own
        data[job(cell, context.seed).name] = arrays
    return Context(profile, data=data)


@pytest.mark.parametrize(
    ("name", "context", "found"),
    [
        ("srr-alone-as-printed", measured(), True),
        ("srr-alone-as-printed", measured(covariance=0.0002), False),
        ("srr-alone-as-printed", measured(covariance=0.2), False),
        ("srr-alone-carries-over", measured(), True),
        ("srr-alone-carries-over", measured(growth=1.5), False),
        ("srr-alone-carries-over", measured(growth=1.5, profile="full"), False),
    ],
)
def test_it_is_found_where_it_is_and_the_control_is_the_opposite(name, context, found) -> None:
    claim = CLAIM[name]
    verdict = claim.check(claim.subject, context).verdict
    assert verdict is (Verdict.HOLDS_STATISTICALLY if found else Verdict.NOT_REPRODUCED)
    broken = claim.check(claim.control.subject, context).verdict
    assert (broken in POSITIVE) != found


def test_jobs_are_those_of_the_cells() -> None:
    context = Context()
    names = {job(cell, 0).name for cell in cells(context)}
    for claim in CLAIMS:
        assert {each.name for each in claim.jobs(context)} == names
    assert len(names) == 4
