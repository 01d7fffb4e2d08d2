"""Tasks for the executor tests; importable by name, as worker processes need them."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from refimpl.shared.executors import map_tasks, process_pool

LONG = 60.0


def square_slowly(number: int) -> int:
    """Square; small numbers take longest, so that results come out of order."""
    time.sleep(0.01 / (1 + number))
    return number * number


def matrix_bytes(seed: int) -> bytes:
    """Bits of a chain of matrix products and solves."""
    import numpy as np

    a = np.random.default_rng(seed).normal(size=(60, 60))
    return (np.linalg.solve(a, a @ a.T) @ a).tobytes()


def process_id(_: int) -> int:
    """Identity of the process that runs the task."""
    time.sleep(0.01)
    return os.getpid()


def ignores_ctrl_c(_: int) -> bool:
    """Whether the process leaves Ctrl-C to others."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def blas_threads(_: int) -> str | None:
    """What BLAS was told about threads."""
    return os.environ.get("OPENBLAS_NUM_THREADS")


def touch_or_fail(path: Path | None) -> None:
    """Create the file, or fail when there is none to create."""
    time.sleep(0.01)
    if path is None:
        raise ZeroDivisionError
    path.touch()


def announce_and_sleep(folder: Path) -> None:
    """Leave a file named after this process and stay busy far longer than any test."""
    (folder / str(os.getpid())).touch()
    time.sleep(LONG)


def main(folder: Path) -> int:
    """Run two long tasks in three processes, one of them idle; 130 when interrupted."""
    ready: set[int] = set()
    try:
        with process_pool(3) as executor:
            while len(ready) < 3:
                ready |= set(map_tasks(process_id, range(6), executor))
            map_tasks(announce_and_sleep, [folder] * 2, executor)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    # A test run in the background of a shell has inherited that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(Path(sys.argv[1])))
