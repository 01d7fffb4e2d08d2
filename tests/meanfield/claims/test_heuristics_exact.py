"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.ledger import Arrays, Context
from refimpl.meanfield.claims.heuristics_exact import CLAIMS, pair_gain, ring_job, ring_jobs
from tests.contract import assert_claims, assert_same

VERDICTS = {
    "meanfield/own-beats-random-on-irregular-graphs": "holds",
    "meanfield/random-optimal-for-long-delays": "holds-under",
    "meanfield/jsq-optimal-with-full-access": "holds",
    "meanfield/jsq-optimal-on-sparse-graphs": "refuted",
    "meanfield/jsq-crosses-random": "holds",
    "meanfield/jsq-converges-in-the-delay": "holds",
}
SHORT_DELAY = next(claim for claim in CLAIMS if claim.id == "meanfield/jsq-best-at-short-delay")


def table(**drops: float) -> Arrays:
    """What a job on the ring of four leaves; as computed at delay 1, unless changed."""
    values = {
        "one_winner": 1.179,
        "split": 0.992,
        "random": 3.426,
        "own_state": 1.334,
        "full_information": 0.743,
    } | drops
    return {name: np.asarray(value) for name, value in values.items()}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(tuple(claim for claim in CLAIMS if claim is not SHORT_DELAY), VERDICTS)


def test_the_short_delay_claim_reads_its_job() -> None:
    (job,) = ring_jobs(Context())
    assert job.args == (1.0, 4, 1)
    for values, verdict in ((table(), "holds"), (table(one_winner=1.4), "refuted")):
        context = Context(data={job.name: values})
        found = SHORT_DELAY.check(SHORT_DELAY.subject, context)
        assert found.verdict.value == verdict
        assert_same(SHORT_DELAY.check(SHORT_DELAY.subject, context), found)
        assert SHORT_DELAY.check(SHORT_DELAY.control.subject, context).verdict.value == "refuted"


def test_the_ring_of_six_is_shown_in_the_full_profile() -> None:
    claim = next(claim for claim in CLAIMS if claim.id == "meanfield/jsq-optimal-on-sparse-graphs")
    assert claim.jobs(Context()) == ()
    (job,) = claim.jobs(Context(profile="full"))
    assert job.args == (6,)
    gaps = {"optimum": 1.0, "best_ties": 1.25, "random_ties": 1.5}
    data = {job.name: {name: np.asarray(value) for name, value in gaps.items()}}
    found = claim.check(claim.subject, Context(profile="full", data=data))
    assert found.evidence["ring_6_best_ties"] == 0.25
    assert found.evidence["ring_6_random_ties"] == 0.5
    assert "ring_6_best_ties" not in claim.check(claim.subject, Context()).evidence


def test_jobs_are_named_by_all_they_depend_on() -> None:
    jobs = [ring_job(dt, Context(profile=p)) for dt in (1.0, 5.0) for p in ("quick", "full")]
    assert len({job.name for job in jobs}) == 4
    assert [job.args for job in jobs] == [
        (1.0, 4, 1),
        (1.0, 8, 1),
        (5.0, 4, 4),
        (5.0, 8, 4),
    ]


def test_the_gain_on_a_pair_falls_faster_than_the_square_of_the_delay() -> None:
    """Nothing but a few percent at delay 10; times the square it stays below 0.41."""
    gains = [pair_gain(dt) for dt in (10.0, 20.0, 40.0)]
    assert gains[0] == pytest.approx(0.037, abs=5e-4)
    scaled = [0.11342 * gain * dt**2 for gain, dt in zip(gains, (10.0, 20.0, 40.0), strict=True)]
    assert scaled == sorted(scaled, reverse=True)
    assert 0.2 < scaled[-1] < scaled[0] < 0.45
