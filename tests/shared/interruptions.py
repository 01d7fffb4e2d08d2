"""Runs that are killed after a checkpoint, for tests of resumption."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refimpl.shared import checkpoints

Arrays = dict[str, np.ndarray]


class Killed(BaseException):
    """The process died here."""


def killed_at(path: Path, run: Callable[[Path], Arrays], save: int, before: bool) -> bool:
    """Run with a checkpoint and die at its ``save``-th write, before or after it is done.

    Returns whether the run got as far as that write.
    """
    real, count = checkpoints.save, [0]

    def deadly(*args: Any) -> None:
        count[0] += 1
        if count[0] == save and before:
            raise Killed
        real(*args)
        if count[0] == save:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "save", deadly)
        try:
            run(path)
        except Killed:
            return True
    return False


def assert_same_bits(one: Arrays, other: Arrays) -> None:
    """Same keys, same dtypes, same bits."""
    assert one.keys() == other.keys()
    for key, array in one.items():
        assert np.asarray(array).dtype == np.asarray(other[key]).dtype, key
        np.testing.assert_array_equal(array, other[key], err_msg=key)


def assert_resumes(
    folder: Path,
    run: Callable[[Path | None], Arrays],
    saves: int,
    kills: Iterable[int] | None = None,
) -> None:
    """Killed before or after each of its ``saves`` writes, a run ends with the same bits.

    Long runs are killed at the writes ``kills`` only.
    """
    whole = run(None)
    for save in range(1, saves + 1) if kills is None else kills:
        for before in (True, False):
            path = folder / f"killed-{save}-{before}.npz"
            assert killed_at(path, run, save, before)
            assert_same_bits(run(path), whole)
    assert not killed_at(folder / "whole.npz", run, saves + 1, before=True)
