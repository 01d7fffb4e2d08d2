"""Specifies the unit of work: training, tests, resumption."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refimpl.scale.experiments import runs
from refimpl.scale.experiments.batteries import Episodes
from refimpl.scale.experiments.methods import METHODS, settings_of
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.systems import System
from tests.shared.interruptions import killed_at

RUN = Run("SCALE", System(), 2, "own size", Episodes(2, deadline=15.0))
CLOCKS = ("curve/collecting", "curve/updating")


def test_a_run_has_a_curve_and_every_test() -> None:
    found = runs.train_and_test(RUN, 0)
    assert found["curve/return"].shape == (2,)
    for trial in RUN.trials:
        assert found[f"{trial.name}: response"].shape == (2,)
        assert np.isfinite(found[f"{trial.name}: visited kl"])
    home = RUN.trials[0]
    assert found[f"{home.name}: visited shift"] == 0


def test_an_interrupted_run_continues_to_the_same_bits(tmp_path: Path) -> None:
    whole = runs.train_and_test(RUN, 0)
    path = tmp_path / "run.npz"
    assert killed_at(path, lambda to: runs.train_and_test(RUN, 0, to), 1, before=False)
    again = runs.train_and_test(RUN, 0, path)
    assert again.keys() == whole.keys()
    for key in whole.keys() - set(CLOCKS):
        np.testing.assert_array_equal(again[key], whole[key])


def test_repetitions_differ() -> None:
    first, second = (runs.train_and_test(replace(RUN, repetition=k), 0) for k in (0, 1))
    assert not np.array_equal(first["curve/entropy"], second["curve/entropy"])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_settings_of_the_length_asked_for(method: str) -> None:
    settings = settings_of(method, 1000)
    assert (settings.epochs, settings.stage) == (1000, 50)
    assert settings_of(method, 3).stage == 1


def test_a_length_that_stages_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="epochs must be a multiple of 2; got 41"):
        settings_of("SCALE", 41)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match=r"method must be one of .*'CrossAttn'.*; got 'scale'"):
        settings_of("scale", 10)


@pytest.mark.parametrize(
    ("field", "value"), [("method", "A2C"), ("battery", "none"), ("epochs", 0)]
)
def test_an_impossible_run_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        replace(RUN, **{field: value})


def test_the_job_names_everything_it_depends_on() -> None:
    changes = (
        {"method": "CrossAttn"},
        {"system": System(32)},
        {"epochs": 3},
        {"battery": "published sizes"},
        {"episodes": Episodes(3)},
        {"repetition": 1},
    )
    names = {runs.job(replace(RUN, **change), 0).name for change in changes}
    names |= {runs.job(RUN, 0).name, runs.job(RUN, 1).name}
    assert len(names) == len(changes) + 2
