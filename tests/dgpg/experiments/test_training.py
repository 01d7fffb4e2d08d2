"""Specifies the unit of work: training, evaluation of checkpoints, resumption."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refimpl.dgpg.experiments import training
from refimpl.dgpg.experiments.methods import METHODS, settings_of
from refimpl.dgpg.experiments.systems import System
from refimpl.dgpg.experiments.training import EVALUATED, Run
from tests.shared.interruptions import killed_at

RUN = Run(System(2, steps=45), "linear DG-PG", episodes=3, every=2, held_out=2)


def test_due_checkpoints_are_evaluated_and_the_others_left_out() -> None:
    found = training.train_and_evaluate(RUN, 0)
    for key in EVALUATED:
        assert found[key].shape == (3, 2)
        assert np.isnan(found[key]).all(axis=1).tolist() == [True, False, False]
    assert found["reward"].shape == (3,)


def test_waiting_and_energy_make_up_the_reward() -> None:
    found, settings = training.train_and_evaluate(RUN, 0), RUN.system.settings
    cost = settings.queue_weight * found["test waiting"]
    cost += settings.energy_weight * found["test energy"]
    np.testing.assert_allclose(found["test sampled"][1:], -cost[1:], rtol=1e-12)


def test_evaluation_does_not_change_the_training() -> None:
    often, seldom = (
        training.train_and_evaluate(replace(RUN, every=every), 0)["reward"] for every in (1, 3)
    )
    assert np.array_equal(often, seldom)


def test_an_interrupted_run_continues_to_the_same_bits(tmp_path: Path) -> None:
    whole = training.train_and_evaluate(RUN, 0)
    path = tmp_path / "run.npz"
    assert killed_at(path, lambda to: training.train_and_evaluate(RUN, 0, to), 2, before=False)
    again = training.train_and_evaluate(RUN, 0, path)
    for key in whole:
        if key not in ("collecting", "updating"):
            np.testing.assert_array_equal(again[key], whole[key])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_settings_of_the_length_asked_for(method: str) -> None:
    settings = settings_of(method, 10, 7, alpha=0.3, lam=1.0)
    assert (settings.episodes, settings.lam) == (7, 1.0)
    assert settings.alpha(0.0) == settings.alpha(1.0) == pytest.approx(0.3)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match=r"method must be one of .*'linear MAPPO'.*; got"):
        settings_of("linear mappo", 10, 7)


def test_the_job_names_everything_it_depends_on() -> None:
    changes = (
        {"system": System(5, steps=45)},
        {"method": "linear MAPPO"},
        {"episodes": 4},
        {"every": 1},
        {"held_out": 3},
        {"alpha": 0.5},
        {"lam": 1.0},
        {"repetition": 1},
    )
    names = {training.job(replace(RUN, **change), 0).name for change in changes}
    names |= {training.job(RUN, 0).name, training.job(RUN, 1).name}
    assert len(names) == len(changes) + 2


@pytest.mark.parametrize("name", ["episodes", "every", "held_out"])
def test_a_run_without_length_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        replace(RUN, **{name: 0})
