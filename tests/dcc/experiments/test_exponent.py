"""Specifies the jobs of the experiment on the exponent of the penalty."""

from __future__ import annotations

import pytest

from refimpl.dcc.experiments import scaling
from refimpl.dcc.experiments.exponent import BETAS, jobs, reference_jobs
from tests.dcc.experiments.jobs import SCALES, TINY, assert_jobs


def test_there_is_one_job_per_exponent_and_nothing_else_differs():
    made = jobs("iql-published", 3, TINY, 2)
    assert tuple(job.args[0].beta for job in made) == BETAS
    assert {(job.args[0].games, job.args[0].steps, job.args[1]) for job in made} == {
        (TINY.games, TINY.steps, 2)
    }


def test_exponents_begin_with_the_linear_penalty_and_rise():
    assert BETAS[0] == 1.0
    assert list(BETAS) == sorted(set(BETAS))


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_the_linear_job_is_shared_with_the_main_experiment(scale):
    assert jobs("dcc-ours", 20, scale, 0)[:1] == scaling.jobs("dcc-ours", 20, scale, 0)


def test_references_are_on_the_same_games():
    made = reference_jobs(3, TINY, 2)
    assert [job.args for job in made] == [(3, TINY.games, beta, 2) for beta in BETAS]


def test_names_tell_exponents_apart():
    assert_jobs(
        job
        for scale in SCALES.values()
        for seed in (0, 1)
        for job in (*jobs("dcc-ours", 20, scale, seed), *reference_jobs(20, scale, seed))
    )
