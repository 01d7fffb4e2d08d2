"""Specifies training jobs: what they evaluate, that they resume, and that names say everything."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refimpl.meanfield.experiments import learned
from refimpl.meanfield.experiments.evaluation import drops_per_queue, epoch_of_rule
from refimpl.meanfield.experiments.learned import Run, drops_key, train_and_evaluate
from refimpl.meanfield.experiments.settings import Setting, other_sizes, trained_on, training
from refimpl.meanfield.policies.learned import own_rule
from refimpl.shared.optimizer import group

SMALL = Setting("torus", 3, 5.0)
RUN = Run("mean-field", "ours", SMALL, 2)


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return train_and_evaluate(RUN, 4, seed=0)


def test_trained_rules_are_evaluated_on_all_sizes(result: dict[str, Any]) -> None:
    for setting in (SMALL, *other_sizes(SMALL)):
        assert result[drops_key("MF-R", setting)].shape == (4,)
    for name in ("MF-G", "MF-N"):
        assert result[drops_key(name, SMALL)].shape == (4,)
        assert drops_key(name, other_sizes(SMALL)[0]) not in result
    assert result["seconds"] > 0


def test_what_is_evaluated_is_what_was_trained(result: dict[str, Any]) -> None:
    policy = own_rule(group(result, "actor"))
    drops = drops_per_queue(SMALL, policy, 4, 0, epoch_of_rule)
    np.testing.assert_array_equal(drops, result[drops_key("MF-R", SMALL)])


def test_repetitions_differ_and_equal_runs_do_not(result: dict[str, Any]) -> None:
    other = train_and_evaluate(dataclasses.replace(RUN, repetition=1), 4, seed=0)
    again = train_and_evaluate(RUN, 4, seed=0)
    assert (other["actor.W0"] != result["actor.W0"]).any()
    for key in set(result) - {"seconds"}:
        np.testing.assert_array_equal(again[key], result[key])


def test_a_finished_training_is_not_done_again(tmp_path: Path, result: dict[str, Any]) -> None:
    first = train_and_evaluate(RUN, 4, 0, tmp_path / "part.npz")
    again = train_and_evaluate(RUN, 4, 0, tmp_path / "part.npz")
    for key in set(result) - {"seconds"}:
        np.testing.assert_array_equal(first[key], again[key])
        np.testing.assert_array_equal(first[key], result[key])


@pytest.mark.parametrize(
    ("run", "policies"),
    [
        (Run("parameter-sharing", "ours", Setting("ring", 5, 5.0), 1), {"NA-PS"}),
        (Run("recurrent", "ours", SMALL, 1), {"MF-RNN"}),
    ],
)
def test_the_other_methods_run_too(run: Run, policies: set[str]) -> None:
    arrays = train_and_evaluate(run, 2, seed=1)
    found = {key.split()[1] for key in arrays if key.startswith("drops")}
    assert found == policies


def test_layers_horizon_and_length_reach_the_settings() -> None:
    run = Run("mean-field", "published", dataclasses.replace(SMALL, horizon=200), 7, 0, (32, 16))
    assert run.settings.hidden == run.settings.critic_hidden == (32, 16)  # type: ignore[union-attr]
    assert (run.settings.horizon, run.settings.iterations) == (200, 7)  # type: ignore[union-attr]
    memory = Run("recurrent", "ours", dataclasses.replace(SMALL, horizon=100), 3)
    assert (memory.settings.ppo.horizon, memory.settings.ppo.iterations) == (100, 3)  # type: ignore[union-attr]


def test_names_tell_all_runs_apart() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"preset": "published"},
        {"setting": training("ring", 5.0)},
        {"iterations": 3},
        {"repetition": 1},
        {"hidden": (8,)},
    ]
    names = {dataclasses.replace(RUN, **change).name for change in changes}
    names.add(dataclasses.replace(RUN, method="recurrent").name)
    assert len(names) == 7
    assert {f.name for f in dataclasses.fields(Run)} == {
        "method",
        *(key for change in changes for key in change),
    }
    assert learned.job(RUN, 4, 0).name != learned.job(RUN, 5, 0).name
    assert learned.job(RUN, 4, 0).name != learned.job(RUN, 4, 1).name


def test_where_policies_come_from() -> None:
    assert trained_on(Setting("ring", 5001, 3.0)) == training("ring", 3.0)
    assert trained_on(Setting("bethe", 11, 3.0), "parameter-sharing") == Setting("ring", 5, 3.0)
    assert other_sizes(dataclasses.replace(SMALL, time=1000.0)) == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "magic"}, "got 'magic' 'ours'"),
        ({"preset": "theirs"}, "got 'mean-field' 'theirs'"),
        ({"iterations": 0}, "iterations must be an integer >= 1; got 0"),
    ],
)
def test_bad_runs_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(RUN, **changes)
