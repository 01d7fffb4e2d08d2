"""Specifies the tuning: equal effort on both sides, games of its own, presets that it explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.dcc.experiments import tuning
from refimpl.dcc.experiments.scale import FULL, QUICK
from refimpl.dcc.experiments.tuning import (
    DCC_GRID,
    GAMES,
    IQL_GRID,
    dcc_settings,
    iql_settings,
    jobs,
    tune_dcc,
    tune_iql,
)
from refimpl.dcc.train.presets import DCC_OURS, IQL_TUNED
from tests.dcc.experiments.jobs import assert_jobs
from tests.dcc.train.strategies import pair
from tests.shared.interruptions import assert_resumes, assert_same_bits


@pytest.fixture
def _small_games(monkeypatch):
    """Two small games instead of three of twenty devices."""
    monkeypatch.setattr(tuning, "_games", lambda _: pair(2))


def test_both_sides_get_twelve_configurations():
    assert len(set(IQL_GRID)) == len(set(DCC_GRID)) == 12


def test_games_are_not_those_that_claims_are_tested_on():
    for scale in (QUICK, FULL):
        assert set(GAMES).isdisjoint(range(*scale.games))


@pytest.mark.parametrize(
    ("settings", "grid"),
    [(lambda k: iql_settings(k, 1000), IQL_GRID), (lambda k: dcc_settings(k, 1000), DCC_GRID)],
)
def test_configurations_differ(settings, grid):
    assert len({repr(settings(k)) for k in range(len(grid))}) == len(grid)


def test_tuned_presets_are_in_the_grids():
    iql = [iql_settings(k, IQL_TUNED.settings.steps) for k in range(12)]
    assert IQL_TUNED.settings in iql
    dcc = [dcc_settings(k, DCC_OURS.settings.steps)[0] for k in range(12)]
    assert DCC_OURS.settings in dcc


def test_jobs_are_all_configurations():
    made = jobs(25_000, 0)
    assert_jobs([*made, *jobs(25_000, 1), *jobs(1000, 0)])
    assert [(job.function, job.args[0]) for job in made] == [
        (function, k) for function in (tune_iql, tune_dcc) for k in range(12)
    ]


@pytest.mark.usefixtures("_small_games")
@pytest.mark.parametrize("tune", [tune_iql, tune_dcc])
def test_curves_have_sixteen_points_of_equal_effort(tune):
    curve = tune(3, 1000, 0)
    np.testing.assert_array_equal(curve["steps"], 1000 * np.arange(1, 17))
    assert set(curve) == {"steps", "cost", "use", "violation"}
    assert {curve[key].shape for key in ("cost", "use", "violation")} == {(16, 2)}


@pytest.mark.usefixtures("_small_games")
def test_killed_it_resumes_to_the_same_bits(tmp_path, monkeypatch):
    short = replace(DCC_OURS.settings, steps=40, block=40, episode=20)
    monkeypatch.setattr(tuning, "DCC_OURS", replace(DCC_OURS, settings=short))
    assert_resumes(tmp_path, lambda path: tune_dcc(0, 40, 0, path), 16, kills=[9])


def test_same_seed_same_bits(monkeypatch):
    monkeypatch.setattr(tuning, "_games", lambda _: pair())
    one, two = (tune_iql(0, 1000, 5) for _ in range(2))
    assert_same_bits(one, two)
