"""The demands on jobs are demands: jobs that break them are noticed."""

from __future__ import annotations

import pytest

from refimpl.ledger import Job
from tests.dcc.experiments.jobs import assert_jobs


def first(x):
    return {"x": x}


def second(x):
    return {"x": -x}


def test_distinct_jobs_pass():
    assert_jobs([Job("a/1", first, (1,)), Job("a/2", first, (2,)), Job("b/1", second, (1,))])
    assert_jobs([Job("a", first)] * 2)


@pytest.mark.parametrize(
    "jobs",
    [
        [],
        [Job("a", first, (1,)), Job("a", first, (2,))],
        [Job("a", first, (1,)), Job("a", second, (1,))],
        [Job("a", first, (1,)), Job("b", first, (1,))],
    ],
)
def test_ambiguous_names_are_noticed(jobs):
    with pytest.raises(AssertionError):
        assert_jobs(jobs)


def test_functions_that_another_process_cannot_find_are_noticed():
    def inner():
        return {}

    with pytest.raises((AssertionError, AttributeError)):
        assert_jobs([Job("a", inner)])
