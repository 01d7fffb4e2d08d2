"""Specifies the unit of work: what a run depends on, what it returns, and how runs are joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.experiments.methods import CENTRAL, METHODS, VARIANTS
from refimpl.dcc.experiments.runs import KEPT, PATHS, Run, collect, job, train
from refimpl.dcc.train.record import CURVE_KEYS
from refimpl.ledger import Job
from tests.dcc.experiments.jobs import assert_jobs
from tests.shared.interruptions import assert_resumes, assert_same_bits

SMALL = Run("dcc-exact", 3, (0, 2), 1000)


@st.composite
def runs(draw):
    """Runs of any method; exponents and budgets with few digits, as the experiments have them."""
    method = draw(st.sampled_from(sorted(METHODS)))
    start = draw(st.integers(0, 20))
    first = draw(st.sampled_from([0.0, 0.01, 0.057, 0.15])) if method in VARIANTS else 0.0
    return Run(
        method,
        draw(st.integers(1, 200)),
        (start, start + draw(st.integers(1, 20))),
        draw(st.integers(0, 10**8)),
        draw(st.sampled_from([1.0, 1.5, 2.0, 3.0])),
        first,
    )


@given(st.lists(st.tuples(runs(), st.integers(0, 10)), min_size=2, max_size=8))
def test_names_spell_out_everything(pairs):
    assert_jobs([job(run, seed) for run, seed in pairs])


CHANGES = (
    {"method": "dcc-ours"},
    {"n_devices": 4},
    {"games": (1, 2)},
    {"games": (0, 3)},
    {"steps": 2000},
    {"beta": 1.5},
    {"first": 0.1},
)


@pytest.mark.parametrize("change", CHANGES, ids=repr)
def test_every_field_is_in_the_name(change):
    assert job(replace(SMALL, **change), 0).name != job(SMALL, 0).name
    assert job(SMALL, 1).name != job(SMALL, 0).name


@pytest.mark.parametrize("n", [3, 4])
def test_all_methods_and_exponents_play_the_same_games(n):
    devices = {
        Run(method, n, (2, 5), 1000, beta).population(7).devices
        for method in METHODS
        for beta in (1.0, 2.0)
    }
    assert len(devices) == 1
    later = Run("dcc-exact", n, (3, 5), 1000).population(7)
    assert devices == {Run("iql-tuned", n, (2, 3), 1000).population(7).devices + later.devices}


def test_penalties_have_the_exponent_of_the_run():
    penalty = replace(SMALL, beta=2.0).population(0).congestion.penalty
    np.testing.assert_allclose(penalty([1.0, 2.0, 4.0]), [0.0, 1.0, 9.0])


def test_results_are_curves_and_paths():
    result = train(SMALL, 0)
    assert set(result) == set(KEPT) == {*CURVE_KEYS, *PATHS}
    for key in CURVE_KEYS[1:]:
        assert result[key].shape == (16, 2)
    shapes = [result[key].shape for key in PATHS]
    assert shapes == [(16, 2, 3), (16, 2, 3), (15, 2, 3), (15, 2, 3)]


def test_a_run_starts_from_its_first_budgets():
    result = train(replace(SMALL, first=0.2), 0)
    assert (result["budget_path"][0] == 0.2).all()
    assert (train(SMALL, 0)["budget_path"][0] == 0.0).all()


def test_killed_anywhere_it_resumes_to_the_same_bits(tmp_path):
    run = Run("dcc-exact-differences", 3, (0, 2), 1000)
    assert_resumes(tmp_path, lambda path: train(run, 1, path), saves=6, kills=[4])


def test_a_job_is_the_run():
    made = job(SMALL, 3)
    assert_same_bits(made.function(*made.args, checkpoint=None), train(SMALL, 3))


def test_joined_curves_are_those_of_the_games_together():
    whole = train(SMALL, 0)
    jobs = tuple(job(replace(SMALL, games=games), 0) for games in ((0, 1), (1, 2)))
    joined = collect({each.name: train(*each.args) for each in jobs}, jobs)
    assert joined.keys() == whole.keys()
    np.testing.assert_array_equal(joined["steps"], whole["steps"])
    for key in set(whole) - {"steps"}:
        np.testing.assert_allclose(joined[key], whole[key], rtol=1e-9, atol=1e-9, err_msg=key)


def test_joining_keeps_the_order_of_the_jobs():
    jobs = tuple(Job(name, train) for name in "ba")
    data = {name: {"steps": np.arange(2), "cost": np.full((2, 1), ord(name))} for name in "abc"}
    joined = collect(data, jobs)
    np.testing.assert_array_equal(joined["cost"], [[98, 97], [98, 97]])
    np.testing.assert_array_equal(joined["steps"], [0, 1])


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match=r"method must be one of \['a2c', .*\]; got 'dcc'"):
        Run("dcc", 2, (0, 1), 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_devices": 0}, "n_devices 0"),
        ({"games": (3, 3)}, r"games \(3, 3\)"),
        ({"games": (-1, 3)}, r"games \(-1, 3\)"),
        ({"first": 2.0}, "first must be a frequency .* got 2.0"),
        ({"first": float("nan")}, "first must be a frequency .* got nan"),
    ],
)
def test_runs_that_cannot_be_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)


def test_close_first_budgets_have_different_names():
    names = {job(replace(SMALL, first=first), 0).name for first in (0.1234567, 0.1234568)}
    assert len(names) == 2


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(VARIANTS)))
def test_only_coordination_has_first_budgets(method):
    assert method in CENTRAL or method.startswith("iql")
    with pytest.raises(ValueError, match=f"first must be 0 for .*; got 0.1 for '{method}'"):
        Run(method, 2, (0, 1), 1000, first=0.1)
