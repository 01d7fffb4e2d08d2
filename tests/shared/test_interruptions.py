"""The tool that kills runs kills them, and notices those that do not resume."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.shared import checkpoints
from tests.shared.interruptions import assert_resumes, assert_same_bits


def sums(path, forgetful=False):
    """Sums of the first numbers; the forgetful one starts to count again when it resumes."""
    saved = checkpoints.resume(path)
    total, first = (0, 0) if saved is None else (int(saved[0]["total"]), saved[1]["step"])
    for step in range(first, 3):
        total += step - first if forgetful else step
        if path is not None:
            checkpoints.save(path, {"total": np.array(total)}, {"step": step + 1})
    return {"total": np.array(total)}


def test_a_run_that_resumes_passes(tmp_path):
    assert_resumes(tmp_path, sums, saves=3)


def test_a_run_that_does_not_is_noticed(tmp_path):
    with pytest.raises(AssertionError):
        assert_resumes(tmp_path, lambda path: sums(path, forgetful=True), saves=3)


def test_the_number_of_checkpoints_is_part_of_it(tmp_path):
    for wrong in (2, 4):
        folder = tmp_path / str(wrong)
        folder.mkdir()
        with pytest.raises(AssertionError):
            assert_resumes(folder, sums, saves=wrong)


def test_same_bits_are_told_from_nearly_the_same():
    one = {"x": np.ones(2)}
    assert_same_bits(one, {"x": np.ones(2)})
    for other in ({"x": np.nextafter(np.ones(2), 2)}, {"x": np.ones(2, np.float32)}, {}):
        with pytest.raises(AssertionError):
            assert_same_bits(one, other)
