"""Claims about MAPPO, A2C and the common reward, on results with and without the effect."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.claims.experiments_central import CLAIMS
from refimpl.dcc.experiments.scale import FULL, QUICK
from refimpl.ledger import Verdict
from tests.dcc.claims.contract import BY_ID, assert_notices
from tests.dcc.claims.planted import of_methods, planted

COMMON_STEPS = {QUICK.steps, FULL.steps}


def small_and_large(small, large):
    return lambda run: {"cost": small if run.n_devices == 10 else large}


def long_runs(last):
    """Runs with more than the common number of steps fall from 3 to ``last``."""
    return lambda run: {} if run.steps in COMMON_STEPS else {"cost": np.linspace(3.0, last, 20)}


DCC = {"cost": 1.0}
NOTICED = {
    "dcc/fig-1a-mappo-degrades": (
        of_methods(dcc_published=DCC, mappo=small_and_large(1.05, 3.0)),
        of_methods(dcc_published=DCC, mappo=small_and_large(1.05, 1.0)),
    ),
    "dcc/fig-11-long-mappo": (
        of_methods(dcc_published=DCC, mappo=long_runs(1.05)),
        of_methods(dcc_published=DCC, mappo=long_runs(1.5)),
    ),
    "dcc/fig-12-a2c-fails": (
        of_methods(a2c=small_and_large(1.2, 9.0)),
        of_methods(a2c=small_and_large(1.2, 1.2)),
    ),
    "dcc/fig-12-common-reward": (of_methods(), of_methods(iql_common={"cost": 0.9})),
}


@pytest.mark.parametrize("profile", ["quick", "full"])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_effect_is_found_where_it_is_and_only_there(claim, profile):
    assert_notices(claim, *NOTICED[claim.id], profile)


@pytest.mark.parametrize(
    ("name", "mappo"),
    [
        ("dcc/fig-1a-mappo-degrades", small_and_large(1.3, 3.0)),
        ("dcc/fig-11-long-mappo", long_runs(0.9)),
        ("dcc/fig-11-long-mappo", lambda _: {"cost": 1.05}),
    ],
    ids=["not competitive at first", "below coordination", "no gain from length"],
)
def test_half_of_the_statement_is_not_enough(name, mappo):
    claim = BY_ID[name]
    context = planted(claim, of_methods(dcc_published=DCC, mappo=mappo), "quick")
    assert claim.check(claim.subject, context).verdict is Verdict.NOT_REPRODUCED


def test_a2c_that_fails_everywhere_is_not_what_the_paper_saw():
    claim = BY_ID["dcc/fig-12-a2c-fails"]
    context = planted(claim, of_methods(a2c={"cost": 9.0}), "quick")
    assert claim.check(claim.subject, context).verdict is Verdict.NOT_REPRODUCED


def test_a_common_reward_that_harms_brings_no_benefit_either():
    claim = BY_ID["dcc/fig-12-common-reward"]
    context = planted(claim, of_methods(iql_common={"cost": 3.0}), "quick")
    assert claim.check(claim.subject, context).verdict is Verdict.HOLDS_STATISTICALLY
