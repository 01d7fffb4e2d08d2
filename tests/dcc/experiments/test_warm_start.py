"""Specifies the jobs of the warm start: the same run, from zero and from budgets near the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refimpl.dcc.experiments.scale import FULL
from refimpl.dcc.experiments.warm_start import CROWDS, jobs
from tests.dcc.experiments.jobs import SCALES, assert_jobs


@pytest.mark.parametrize(("method", "n"), CROWDS)
@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_only_the_first_budgets_differ(method, n, scale):
    cold, warm = (job.args[0] for job in jobs(method, n, scale, 0))
    assert cold.first == 0.0
    assert 0.0 < warm.first <= 1.0
    assert replace(warm, first=0.0) == cold
    assert warm.first * n == pytest.approx(CROWDS[method, n])


def test_published_crowds_are_what_five_published_steps_can_reach():
    reach = sum(0.25 / (k + 1) for k in range(5))
    for (method, _), crowd in CROWDS.items():
        if method == "dcc-published":
            assert crowd == pytest.approx(reach, abs=5e-3)


def test_every_size_of_the_full_profile_has_a_crowd():
    assert {n for _, n in CROWDS} == set(FULL.sizes)


def test_names_tell_cold_from_warm():
    assert_jobs(
        job
        for scale in SCALES.values()
        for seed in (0, 1)
        for method, n in CROWDS
        for job in jobs(method, n, scale, seed)
    )
