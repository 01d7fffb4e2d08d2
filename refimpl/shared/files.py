"""Files that are either complete or not there: atomic writes, and a check before the work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path | str, write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that at every moment ``path`` holds the old content or all of the new.

    The content goes to a temporary file in the same directory, is forced to the disk, and is
    renamed over ``path``. If anything fails the temporary file is removed and ``path`` is as
    before.

    Parameters
    ----------
    path : path-like
        Target; its directory must exist.
    write : callable
        ``write(file)`` writes the content to an open binary file.
    """
    target = Path(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def check_writable(path: Path | str) -> None:
    """Raise unless :func:`write_atomically` can be expected to work on ``path``.

    Raises
    ------
    OSError
        Naming the path and the reason: it is a directory, its directory does not exist or does
        not accept new files, or the existing file is read-only.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {str(target)!r}: it is a directory")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"cannot write {str(target)!r}: the existing file is read-only")
    try:
        # Trying is the only test that is right for every file system and every user.
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise type(error)(
            f"cannot write {str(target)!r}: directory {str(target.parent)!r}: {error.strerror}"
        ) from error


def _mode(target: Path) -> int:
    """Permissions of the existing file, else what a plain ``open`` would have given."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_directory(directory: Path) -> None:
    """Force the rename itself to the disk, where directories can be opened (not on Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
