"""Specifies chains of stages: what is computed, saved, refused and continued."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.shared.checkpoints import CheckpointError
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages
from tests.shared.interruptions import assert_resumes, assert_same_bits

LABEL = {"seed": 3}


def wander(k, state):
    """One step of a walk, drawn from the stage's own stream."""
    return {**state, "x": 0.5 * state["x"] + generator(3, "walk", k).normal(size=2)}


def walk(n_stages, path=None, label=LABEL, stage=wander):
    return run_stages(stage, n_stages, {"x": np.zeros(2)}, label, path)


def never(k, _):
    raise AssertionError(f"stage {k} must not run")


def test_stages_are_applied_in_order():
    expected = {"x": np.zeros(2)}
    for k in range(4):
        expected = wander(k, expected)
    assert_same_bits(walk(4), expected)


def test_no_stage_leaves_the_start():
    assert_same_bits(walk(0), {"x": np.zeros(2)})


def test_killed_anywhere_it_resumes_to_the_same_bits(tmp_path):
    assert_resumes(tmp_path, lambda path: walk(4, path), saves=4)


def test_a_longer_run_continues_a_shorter_one(tmp_path):
    walk(2, tmp_path / "run.npz")
    assert_same_bits(walk(5, tmp_path / "run.npz"), walk(5))


def test_a_run_that_is_further_already_is_refused(tmp_path):
    walk(4, tmp_path / "run.npz")
    with pytest.raises(ValueError, match=r"n_stages must be at least the 4 stages .*; got 1"):
        walk(1, tmp_path / "run.npz")


def test_a_finished_run_computes_nothing(tmp_path):
    done = walk(3, tmp_path / "run.npz")
    assert_same_bits(walk(3, tmp_path / "run.npz", stage=never), done)


def test_a_checkpoint_does_not_change_the_result(tmp_path):
    assert_same_bits(walk(3, tmp_path / "run.npz"), walk(3))


def test_checkpoints_of_another_run_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    walk(3, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"run\.npz.*must belong to the run \{'seed': 4\}.*: 3"):
        walk(3, path, {"seed": 4})
    assert path.read_bytes() == before


def test_damaged_checkpoints_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    walk(3, path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match=r"run\.npz"):
        walk(3, path)
