"""Specifies claims on measurements: what they read, and controls that plant the opposite."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.findings import empirical
from refimpl.ledger import Arrays, Claim, Context, Finding, Job, Kind, Verdict
from refimpl.planted import Check, Experiments, Planted, Results, one_job_each

SIZES = (1, 2, 3)
Values = dict[int, float]


def double(size: int, seed: int) -> Arrays:
    """The work behind one cell."""
    return {"value": np.asarray(2.0 * size + seed)}


def job_of(size: int, seed: int) -> Job:
    return Job(f"double {size} seed {seed}", double, (size, seed))


def sizes(context: Context) -> tuple[int, ...]:
    del context
    return SIZES


def all_positive(results: Results[int, Arrays], context: Context) -> Finding:
    values = {f"n{n}": float(results(n, context)["value"]) for n in SIZES}
    return empirical(min(values.values()) > 0.0, values)


def negative(size: int, arrays: Arrays, context: Context) -> Arrays:
    del size, context
    return {"value": -1.0 - np.abs(arrays["value"])}


def positive(size: int, arrays: Arrays, context: Context) -> Arrays:
    del size, context
    return {"value": 1.0 + np.abs(arrays["value"])}


EXPERIMENTS = one_job_each("fake", job_of)
PLANTED = Planted(all_positive, negative, positive, "values below zero, or above")


def claim_of(planted: Planted[int, Arrays], kind: Kind = Kind.EMPIRICAL) -> Claim:
    return EXPERIMENTS.claim(
        "positive",
        "All values are positive.",
        ("FK-01",),
        planted,
        source="Table 1",
        cells=sizes,
        kind=kind,
    )


def context_of(values: Values, seed: int = 0) -> Context:
    """Context in which the jobs have returned these values."""
    data = {job_of(n, seed).name: {"value": np.asarray(v)} for n, v in values.items()}
    return Context(seed=seed, data=data)


def counted(check: Check[int, Arrays]) -> tuple[Check[int, Arrays], list[Context]]:
    """The same check, and the list of contexts it is called with."""
    calls: list[Context] = []

    def counting(results: Results[int, Arrays], context: Context) -> Finding:
        calls.append(context)
        return check(results, context)

    return counting, calls


worlds = st.fixed_dictionaries(dict.fromkeys(SIZES, st.floats(-9.0, 9.0)))
seeds = st.integers(0, 2**32 - 1)
FOUND, NOT_FOUND = (dict.fromkeys(SIZES, value) for value in (1.0, -1.0))


@given(worlds, seeds)
def test_a_claim_is_checked_on_what_was_measured(values: Values, seed: int) -> None:
    claim, context = claim_of(PLANTED), context_of(values, seed)
    found = claim.check(claim.subject, context)
    assert found.evidence == {f"n{n}": value for n, value in values.items()}
    assert (found.verdict is Verdict.HOLDS_STATISTICALLY) == (min(values.values()) > 0.0)


@given(worlds, seeds)
def test_its_control_is_the_opposite_of_what_was_found(values: Values, seed: int) -> None:
    claim, context = claim_of(PLANTED), context_of(values, seed)
    found = claim.check(claim.subject, context)
    broken = claim.check(claim.control.subject, context)
    sign = -1.0 if min(values.values()) > 0.0 else 1.0
    assert {found.verdict, broken.verdict} == {
        Verdict.HOLDS_STATISTICALLY,
        Verdict.NOT_REPRODUCED,
    }
    assert broken.evidence == {f"n{n}": sign * (1.0 + abs(v)) for n, v in values.items()}
    assert claim.check(claim.subject, context) == found  # nothing was changed in place


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_but_not_reproduced_counts_as_found(verdict: Verdict) -> None:
    def check(results: Results[int, Arrays], context: Context) -> Finding:
        del results, context
        return Finding(verdict, {}, "repaired" if verdict is Verdict.HOLDS_UNDER else "")

    context = context_of(FOUND)
    planted = replace(PLANTED, check=check).opposite(EXPERIMENTS.read, context)
    change = positive if verdict is Verdict.NOT_REPRODUCED else negative
    assert planted(2, context) == change(2, {"value": np.asarray(1.0)}, context)


@given(st.lists(st.sampled_from(SIZES), max_size=20))
def test_what_was_found_is_found_once_however_many_cells_are_read(read: list[int]) -> None:
    check, calls = counted(all_positive)
    context = context_of(FOUND)
    results = replace(PLANTED, check=check).opposite(EXPERIMENTS.read, context)
    assert all(results(n, context)["value"] < 0.0 for n in read)
    assert calls == [context]


def test_a_control_runs_its_check_twice_and_the_claim_once() -> None:
    check, calls = counted(all_positive)
    claim = claim_of(replace(PLANTED, check=check))
    claim.check(claim.subject, context_of(FOUND))
    assert len(calls) == 1
    claim.check(claim.control.subject, context_of(FOUND))
    assert len(calls) == 3


def test_nothing_is_remembered_from_one_context_to_the_next() -> None:
    claim, contexts = claim_of(PLANTED), [context_of(FOUND), context_of(NOT_FOUND, 7)]
    signs = [
        claim.check(claim.control.subject, contexts[k]).evidence["n1"] > 0.0
        for k in (0, 1, 1, 0, 1)
    ]
    assert signs == [False, True, True, False, True]
    tables = [PLANTED.opposite(EXPERIMENTS.read, context) for context in contexts]
    values = [
        float(table(1, context)["value"]) for table, context in zip(tables, contexts, strict=True)
    ]
    assert values == [-2.0, 2.0]


def test_checks_and_subjects_may_be_sent_to_another_process_and_hashed() -> None:
    claim, context = claim_of(PLANTED), context_of(FOUND)
    claim.check(claim.control.subject, context)
    for subject in (claim.subject, claim.control.subject):
        check, copy = pickle.loads(pickle.dumps((claim.check, subject)))
        assert check(copy, context) == claim.check(subject, context)
    assert pickle.loads(pickle.dumps(PLANTED)) == PLANTED
    assert hash(replace(PLANTED)) == hash(PLANTED)


def test_a_claim_says_what_it_was_told() -> None:
    claim = claim_of(PLANTED, Kind.STATISTICAL)
    assert (claim.id, claim.paper, claim.source) == ("fake/positive", "fake", "Table 1")
    assert (claim.statement, claim.covers) == ("All values are positive.", ("FK-01",))
    assert claim.kind is Kind.STATISTICAL
    assert claim_of(PLANTED).kind is Kind.EMPIRICAL
    assert claim.control.mutation == PLANTED.words


@given(st.lists(st.sampled_from(SIZES), max_size=20), seeds)
def test_every_job_is_asked_for_once_in_the_order_of_the_cells(read: list[int], seed: int) -> None:
    jobs = EXPERIMENTS.jobs_of(lambda _: read)(Context(seed=seed))
    assert jobs == tuple(job_of(n, seed) for n in dict.fromkeys(read))
    assert claim_of(PLANTED).jobs(Context(seed=seed)) == tuple(job_of(n, seed) for n in SIZES)


@given(seeds)
def test_what_the_jobs_return_is_what_a_claim_reads(seed: int) -> None:
    claim = claim_of(PLANTED)
    data = {job.name: job.function(*job.args) for job in claim.jobs(Context(seed=seed))}
    found = claim.check(claim.subject, Context(seed=seed, data=data))
    assert found.evidence == {f"n{n}": 2.0 * n + seed for n in SIZES}


def test_a_cell_may_rest_on_several_jobs_and_be_any_value() -> None:
    def jobs(cell: str, context: Context) -> list[Job]:
        return [job_of(n, context.seed) for n in map(int, cell)]

    def total(cell: str, context: Context) -> float:
        return float(sum(context.data[job.name]["value"] for job in jobs(cell, context)))

    def large(results: Results[str, float], context: Context) -> Finding:
        return empirical(results("12", context) > 4.0, {"total": results("12", context)})

    def times(factor: float) -> Callable[[str, float, Context], float]:
        return lambda _cell, value, _context: factor * value

    claim = Experiments("fake", jobs, total).claim(
        "total",
        "Totals are large.",
        ("FK-02",),
        Planted(large, times(0.1), times(10.0), "a tenth, or ten times as much"),
        source="Table 2",
        cells=lambda _: ("12", "23"),
    )
    assert [job.args for job in claim.jobs(Context())] == [(1, 0), (2, 0), (3, 0)]
    context = context_of({1: 2.0, 2: 3.0})
    assert claim.check(claim.subject, context).evidence == {"total": 5.0}
    assert claim.check(claim.control.subject, context).evidence == {"total": 0.5}
