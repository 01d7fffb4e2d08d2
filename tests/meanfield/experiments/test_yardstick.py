"""Specifies the yardstick's job: a rule, how stationary it is, and its drops everywhere."""

from __future__ import annotations

import numpy as np

from refimpl.meanfield.experiments import yardstick
from refimpl.meanfield.experiments.evaluation import evaluate
from refimpl.meanfield.experiments.learned import drops_key
from refimpl.meanfield.experiments.settings import Setting, other_sizes

SMALL = Setting("cm", 21, 5.0)


def test_the_rule_beats_what_needs_no_search() -> None:
    found = yardstick.find_and_evaluate(SMALL, ((8, 4),), 30, seed=0)
    assert found["rule"].shape == (6,)
    assert ((found["rule"] >= 0) & (found["rule"] <= 1)).all()
    assert found["stationarity"] < 6
    for setting in (SMALL, *other_sizes(SMALL)):
        drops = found[drops_key(yardstick.NAME, setting)]
        for name in ("OWN", "RND", "JSQ"):
            assert drops.mean() < evaluate(setting, name, 30, 0)["drops"].mean()


def test_the_job_is_named_by_all_it_depends_on() -> None:
    jobs = [
        yardstick.job(SMALL, ((8, 4),), 30, 0),
        yardstick.job(SMALL, ((8, 4), (16, 4)), 30, 0),
        yardstick.job(SMALL, ((8, 4),), 31, 0),
        yardstick.job(SMALL, ((8, 4),), 30, 1),
        yardstick.job(SMALL.resized(31), ((8, 4),), 30, 0),
    ]
    assert len({job.name for job in jobs}) == 5
    np.testing.assert_array_equal(
        jobs[0].function(*jobs[0].args)["rule"], jobs[0].function(*jobs[0].args)["rule"]
    )
