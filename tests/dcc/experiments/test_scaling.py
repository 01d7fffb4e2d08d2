"""Specifies the jobs of the main experiment: which games each method is trained on."""

from __future__ import annotations

import pytest

from refimpl.dcc.experiments.methods import METHODS, TABULAR
from refimpl.dcc.experiments.scaling import jobs
from tests.dcc.experiments.jobs import SCALES, TINY, assert_jobs


def games(method, n, scale):
    return [job.args[0].games for job in jobs(method, n, scale, 0)]


@pytest.mark.parametrize("method", TABULAR)
def test_tabular_methods_train_all_games_at_once(method):
    assert games(method, 3, TINY) == [(0, 2)]


def test_centralised_methods_train_the_first_games_one_by_one():
    assert games("a2c", 2, TINY) == [(0, 1), (1, 2)]
    assert games("mappo", 2, TINY) == [(0, 1)]
    assert games("mappo", 3, TINY) == [(0, 1), (1, 2)], "never beyond the games of the profile"
    assert games("a2c", 3, TINY) == []


@pytest.mark.parametrize("method", TABULAR)
@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_runs_have_the_profile_s_steps_and_the_linear_penalty(method, scale):
    for n in scale.sizes:
        (job,) = jobs(method, n, scale, 4)
        run, seed = job.args
        assert (run.method, run.n_devices, run.steps, seed) == (method, n, scale.steps, 4)
        assert (run.beta, run.first) == (1.0, 0.0)


def test_names_tell_sizes_methods_profiles_and_seeds_apart():
    assert_jobs(
        job
        for scale in SCALES.values()
        for method in METHODS
        for n in scale.sizes
        for seed in (0, 1)
        for job in jobs(method, n, scale, seed)
    )
