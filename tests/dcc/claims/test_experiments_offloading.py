"""Claims about offloading frequencies of learners, on results with and without the effect."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.claims.experiments_offloading import CLAIMS
from refimpl.ledger import Verdict
from tests.dcc.claims.contract import BY_ID, assert_notices
from tests.dcc.claims.planted import USE, of_methods, planted

RISING, OVERUSE = {"use": np.linspace(0.0, USE, 6)}, {"use": 0.5}
AS_DRAWN = (of_methods(dcc_published=RISING, iql_published=OVERUSE), of_methods())


def by_exponent(use):
    methods = ("dcc_published", "dcc_ours", "iql_published")
    return of_methods(**dict.fromkeys(methods, lambda run: {"use": use(run.beta)}))


NOTICED = {
    "dcc/fig-1b-offloading": AS_DRAWN,
    "dcc/fig-10-offloading": AS_DRAWN,
    "dcc/fig-4-exponent-by-learning": (by_exponent(lambda b: 0.2 / b), of_methods()),
}


@pytest.mark.parametrize("profile", ["quick", "full"])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_effect_is_found_where_it_is_and_only_there(claim, profile):
    assert_notices(claim, *NOTICED[claim.id], profile)


@pytest.mark.parametrize(
    "path",
    [np.linspace(0.1, USE, 6), np.linspace(0.0, 0.2 * USE, 6), np.linspace(0.0, 4 * USE, 6)],
    ids=["starts high", "stays low", "ends high"],
)
def test_each_part_of_the_figure_is_asked_for(path):
    claim = BY_ID["dcc/fig-1b-offloading"]
    make = of_methods(dcc_published={"use": path}, iql_published=OVERUSE)
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    assert found.verdict is Verdict.NOT_REPRODUCED


def test_independent_learners_that_offload_less_do_not_overuse():
    claim = BY_ID["dcc/fig-1b-offloading"]
    make = of_methods(dcc_published=RISING, iql_published={"use": 0.5 * USE})
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    assert found.verdict is Verdict.NOT_REPRODUCED


def test_one_method_that_does_not_care_for_the_exponent_is_enough_to_fail():
    claim = BY_ID["dcc/fig-4-exponent-by-learning"]

    def falling(run):
        return {"use": 0.2 / run.beta}

    make = of_methods(dcc_published=falling, iql_published=falling)
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.evidence["dcc-ours_change"] == 0.0
    assert found.evidence["iql-published_change"] == pytest.approx(0.2 / 3.0 - 0.2)


def test_the_two_figures_are_about_different_sizes():
    small, large = (
        {job.args[0].n_devices for job in BY_ID[name].jobs(planted_context) if len(job.args) == 2}
        for name in ("dcc/fig-1b-offloading", "dcc/fig-10-offloading")
    )
    assert (small, large) == ({10}, {20, 50})


planted_context = planted(BY_ID["dcc/fig-1b-offloading"], of_methods(), "quick")
