"""Specifies refimpl.shared.files: a file is complete or as before, and refusals come early."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from refimpl.shared.files import check_writable, write_atomically


def test_writes_the_content(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new"


def test_failure_keeps_the_old_content_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def write_half(file: BinaryIO) -> None:
        file.write(b"ne")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_atomically(tmp_path / "a", write_half)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_target_is_untouched_until_the_content_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    order: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda *args: (order.append("replace"), replace(*args))[1])
    write_atomically(tmp_path / "a", lambda file: file.write(b"new"))
    assert order == ["fsync", "replace", "fsync"]  # content, name, directory


def test_the_temporary_file_is_in_the_same_directory(tmp_path: Path) -> None:
    seen: list[set[str]] = []
    write_atomically(tmp_path / "a", lambda _: seen.append(set(os.listdir(tmp_path))))
    assert len(seen[0]) == 1
    assert os.listdir(tmp_path) == ["a"]


def test_permissions_are_those_of_a_plain_file_or_of_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "a", lambda file: file.write(b"x"))
    assert _mode(tmp_path / "a") == _mode(tmp_path / "plain")
    (tmp_path / "a").chmod(0o600)
    write_atomically(tmp_path / "a", lambda file: file.write(b"y"))
    assert _mode(tmp_path / "a") == 0o600


def test_check_writable_accepts_new_and_existing_files_and_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert os.listdir(tmp_path) == []
    (tmp_path / "old").write_bytes(b"old")
    check_writable(tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"old"


def test_check_writable_names_the_path_and_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"missing/a.*No such file or directory"):
        check_writable(tmp_path / "missing" / "a")
    with pytest.raises(IsADirectoryError, match="is a directory"):
        check_writable(tmp_path)
    with pytest.raises(NotADirectoryError, match=r"file/a.*Not a directory"):
        check_writable(tmp_path / "file" / "a")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_check_writable_refuses_read_only_targets(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "old").chmod(0o400)
    with pytest.raises(PermissionError, match="existing file is read-only"):
        check_writable(tmp_path / "old")
    (tmp_path / "sealed").mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="sealed"):
        check_writable(tmp_path / "sealed" / "a")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
