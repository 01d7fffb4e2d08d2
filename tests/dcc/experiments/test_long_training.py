"""Specifies the jobs of the long runs of MAPPO."""

from __future__ import annotations

from refimpl.dcc.experiments import scaling
from refimpl.dcc.experiments.long_training import jobs
from refimpl.dcc.experiments.methods import N_SOLVES
from refimpl.dcc.experiments.scale import FULL
from tests.dcc.experiments.jobs import SCALES, TINY, assert_jobs


def test_first_games_of_the_smallest_size_get_more_steps():
    runs = [job.args[0] for job in jobs(TINY, 0)]
    assert [run.games for run in runs] == [(0, 1), (1, 2)]
    assert {(run.method, run.n_devices, run.steps) for run in runs} == {("mappo", 2, 3000)}


def test_full_runs_have_the_steps_of_the_paper_s_table():
    assert {N_SOLVES * job.args[0].steps for job in jobs(FULL, 0)} == {16_000_000}


def test_long_runs_are_not_mistaken_for_common_ones():
    assert_jobs(
        job
        for scale in SCALES.values()
        for seed in (0, 1)
        for job in (*jobs(scale, seed), *scaling.jobs("mappo", scale.sizes[0], scale, seed))
    )
