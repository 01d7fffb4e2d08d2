"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.ledger import Arrays, Claim, Context
from refimpl.meanfield.claims.optimality import (
    CLAIMS,
    FLAT_RULE,
    middle_jobs,
    observation_jobs,
    optimum_jobs,
    symmetric_jobs,
)
from refimpl.meanfield.objective.exact import ExactObjective
from refimpl.meanfield.objective.observations import own_state
from refimpl.meanfield.theory.own_state import optimal_table
from refimpl.meanfield.theory.small_ring import ring_of_four, rule_drops
from tests.contract import assert_claim, assert_same

BY_ID = {claim.id: claim for claim in CLAIMS}
# Computed once by the jobs: own-state optimum and full-information optimum by delay.
EXACT = {
    1.0: (1.3338, 0.7426),
    2.0: (1.7693, 1.4226),
    3.0: (2.2363, 2.0504),
    5.0: (2.8235, 2.7306),
    7.0: (3.0529, 3.0056),
    10.0: (3.2865, 3.2713),
}


def policies(context: Context, scale: float = 1.0) -> dict[str, Arrays]:
    """Results of all ring jobs; the own-state optimum times ``scale``."""
    found = {}
    for job in (*optimum_jobs(context), *middle_jobs(context)):
        own, best = EXACT[job.args[0]]
        values = {"own_state": scale * own, "full_information": best, "random": 3.4}
        values |= {"one_winner": 3.0 * job.args[0], "split": 2.5 * job.args[0]}
        found[job.name] = {name: np.asarray(value) for name, value in values.items()}
    return found


def observations(near: float) -> dict[str, Arrays]:
    """Results of the observation jobs: seeing more brings 15 percent at delay 1, then ``near``."""
    found = {}
    for job in observation_jobs(Context()):
        gain = 0.15 if job.args == (1.0,) else near
        values = {"own_state": 1.0, "neighbours": 1.0 - gain, "distribution": 1.0 - gain / 2}
        found[job.name] = {name: np.asarray(value) for name, value in values.items()}
    return found


def decide(claim: Claim, data: dict[str, Arrays]) -> tuple[str, str]:
    """Verdicts on subject and control; the check is pure."""
    context = Context(data=data)
    found = claim.check(claim.subject, context)
    assert_same(claim.check(claim.subject, context), found)
    return found.verdict.value, claim.check(claim.control.subject, context).verdict.value


def test_long_delays_are_refuted_whatever_the_seed() -> None:
    assert_claim(BY_ID["meanfield/random-optimal-at-delays-8-to-10"], "refuted")


def test_near_optimality_depends_on_the_delay() -> None:
    claim = BY_ID["meanfield/near-optimal"]
    assert decide(claim, policies(Context())) == ("holds-under", "refuted")
    assert decide(claim, policies(Context(), 1.1)) == ("refuted", "refuted")


def test_what_the_symmetric_action_costs_is_shown_in_the_full_profile() -> None:
    context = Context(profile="full")
    jobs = symmetric_jobs(context)
    assert [job.args for job in jobs] == [(1.0,), (5.0,)]
    assert symmetric_jobs(Context()) == ()
    data = policies(context) | {job.name: {"value": np.asarray(1.5)} for job in jobs}
    claim = BY_ID["meanfield/near-optimal"]
    assert {job.name for job in claim.jobs(context)} == data.keys()
    found = claim.check(claim.subject, Context(profile="full", data=data))
    assert found.evidence["symmetric_full_information_at_5"] == 1.5


def test_own_state_rules_win_in_the_middle_or_not() -> None:
    claim = BY_ID["meanfield/own-state-rule-best-at-middle-delays"]
    assert decide(claim, policies(Context())) == ("holds", "refuted")
    assert decide(claim, policies(Context(), 1.3)) == ("refuted", "refuted")


def test_seeing_more_brings_little_or_much() -> None:
    claim = BY_ID["meanfield/observations-alike"]
    assert decide(claim, observations(0.02)) == ("holds-under", "refuted")
    assert decide(claim, observations(0.08)) == ("refuted", "refuted")


def test_the_flat_rule_is_the_best_one_to_two_digits() -> None:
    best = optimal_table(ExactObjective(ring_of_four(10.0), 5, own_state()))
    assert rule_drops(10.0, FLAT_RULE) == pytest.approx(best.value, rel=1e-4)
    assert best.value == pytest.approx(EXACT[10.0][0], abs=5e-4)


def test_every_claim_is_tested() -> None:
    assert len(CLAIMS) == 4
    assert len({job.name for job in (*optimum_jobs(Context()), *middle_jobs(Context()))}) == 6
