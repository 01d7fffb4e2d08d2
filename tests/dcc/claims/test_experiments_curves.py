"""Claims about learning curves and warm starts, on results with and without the effect."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.claims.experiments_curves import CLAIMS
from refimpl.ledger import Verdict
from tests.dcc.claims.contract import BY_ID, assert_notices
from tests.dcc.claims.planted import of_methods, planted, ramp


def warm(cost):
    """Another cost for runs that do not start from zero."""
    return of_methods(dcc_published=lambda run: {"cost": cost} if run.first else {})


FALLING = {"cost": np.linspace(1.5, 1.0, 6)}
NOTICED = {
    "dcc/fig-2-warm-start-same-end": (warm(1.23), warm(1.4)),
    "dcc/fig-3-warm-start-earlier": (warm(np.linspace(1.0, 1.2, 6)), warm(1.2)),
    "dcc/fig-9-learning-curves": (of_methods(dcc_published=FALLING), of_methods()),
}


@pytest.mark.parametrize("profile", ["quick", "full"])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_effect_is_found_where_it_is_and_only_there(claim, profile):
    assert_notices(claim, *NOTICED[claim.id], profile)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_ends_differ_in_either_direction(factor):
    claim = BY_ID["dcc/fig-2-warm-start-same-end"]
    found = claim.check(claim.subject, planted(claim, warm(1.2 * factor), "quick"))
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.evidence["dcc-published_relative_n10"] == pytest.approx(factor - 1.0)


@pytest.mark.parametrize("last", [0.9, 1.5])
def test_independent_learners_that_go_on_changing_have_not_converged(last):
    claim = BY_ID["dcc/fig-9-learning-curves"]
    make = of_methods(dcc_published=FALLING, iql_published={"cost": ramp(1.2, last)})
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    assert found.verdict is Verdict.NOT_REPRODUCED


def test_what_independent_learners_do_in_the_first_quarter_does_not_matter():
    claim = BY_ID["dcc/fig-9-learning-curves"]
    path = np.append([9.0, 5.0, 3.0], np.full(13, 1.2))
    make = of_methods(dcc_published=FALLING, iql_published={"cost": path})
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    assert found.verdict is Verdict.HOLDS_STATISTICALLY
