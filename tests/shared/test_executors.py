"""Specifies refimpl.shared.executors: same results in the same order, and nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from refimpl.shared.executors import dask_executor, map_tasks, process_pool
from tests.shared import tasks


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with process_pool(2) as executor:
        yield executor


def test_serial_and_threads_give_ordered_results() -> None:
    expected = [n * n for n in range(20)]
    assert map_tasks(tasks.square_slowly, range(20)) == expected
    with ThreadPoolExecutor(4) as threads:
        assert map_tasks(tasks.square_slowly, range(20), threads) == expected


def test_processes_give_the_same_bits_as_serial(pool: Executor) -> None:
    here = map_tasks(tasks.matrix_bytes, range(4))
    assert map_tasks(tasks.matrix_bytes, range(4), pool) == here
    assert len(set(here)) == 4


def test_dask_gives_the_same_bits_as_serial() -> None:
    pytest.importorskip("distributed")
    with dask_executor("local", jobs=2) as executor:
        assert map_tasks(tasks.matrix_bytes, range(4), executor) == map_tasks(
            tasks.matrix_bytes, range(4)
        )
        assert set(map_tasks(tasks.blas_threads, range(2), executor)) == {"1"}


def test_workers_are_other_processes_with_one_blas_thread(pool: Executor) -> None:
    assert os.getpid() not in map_tasks(tasks.process_id, range(4), pool)
    assert map_tasks(tasks.blas_threads, range(4), pool) == ["1"] * 4
    assert map_tasks(tasks.ignores_ctrl_c, range(4), pool) == [True] * 4


def test_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with process_pool(1) as executor:
        assert map_tasks(tasks.blas_threads, [0], executor) == ["1"]
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_no_tasks_no_results(pool: Executor) -> None:
    assert map_tasks(tasks.square_slowly, []) == []
    assert map_tasks(tasks.square_slowly, [], pool) == []


@pytest.mark.parametrize("parallel", [False, True])
def test_progress_counts_every_task(parallel: bool) -> None:
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        seen.append((done, total))

    with ThreadPoolExecutor(2) as threads:
        map_tasks(tasks.square_slowly, range(3), threads if parallel else None, report)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_error_of_a_task_arrives_and_waiting_tasks_are_cancelled(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises(ZeroDivisionError):
        map_tasks(tasks.touch_or_fail, [None, *(tmp_path / str(k) for k in range(50))], threads)
    assert len(list(tmp_path.iterdir())) < 50


def test_serial_error_arrives() -> None:
    with pytest.raises(ZeroDivisionError):
        map_tasks(tasks.touch_or_fail, [None])


def test_interrupt_cancels_what_has_not_started() -> None:
    class Interrupted(Executor):
        """Executor whose first future is interrupted and whose others never start."""

        def __init__(self) -> None:
            self.futures: list[Future[int]] = []

        def submit(self, *_args: Any, **_kwargs: Any) -> Future[int]:
            future: Future[int] = Future()
            if not self.futures:
                future.set_exception(KeyboardInterrupt())
            self.futures.append(future)
            return future

    executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        map_tasks(tasks.square_slowly, range(3), executor)
    assert [future.cancelled() for future in executor.futures] == [False, True, True]


@pytest.mark.parametrize("jobs", [0, -1])
def test_jobs_must_be_positive(jobs: int) -> None:
    with (
        pytest.raises(ValueError, match=f"jobs must be at least 1; got {jobs}"),
        process_pool(jobs),
    ):
        pass


def test_missing_dask_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ModuleNotFoundError, match=r'pip install "refimpl\[cluster\]"'),
        dask_executor("local"),
    ):
        pass


def test_leaving_by_an_exception_stops_running_tasks(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), process_pool(2) as executor:
        _interrupt_two_long_tasks(executor, tmp_path)
    assert time.monotonic() - start < tasks.LONG / 2
    _wait_until_gone(_announced(tmp_path, 2))


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("stop", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_stopping_the_program_leaves_no_orphans(
    tmp_path: Path, stop: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-m", "tests.shared.tasks", str(tmp_path)]
    # Its own process group, which gets the signal as a whole, as from Ctrl-C on a terminal.
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    workers = _announced(tmp_path, 2)
    if stop is signal.SIGINT:
        os.killpg(process.pid, stop)
    else:
        process.send_signal(stop)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    # Ctrl-C is everyday: not a word from the workers. A killed program may leave warnings.
    assert b"Traceback" not in errors
    assert stop is not signal.SIGINT or errors == b""
    _wait_until_gone(workers)


def _interrupt_two_long_tasks(executor: Executor, folder: Path) -> None:
    for _ in range(2):
        executor.submit(tasks.announce_and_sleep, folder)
    _announced(folder, 2)
    raise KeyboardInterrupt


def _announced(folder: Path, count: int) -> list[int]:
    for _ in range(1500):
        found = [int(path.name) for path in folder.iterdir()]
        if len(found) == count:
            return found
        time.sleep(0.02)
    raise AssertionError(f"only {found} of {count} workers started")


def _wait_until_gone(pids: list[int]) -> None:
    alive = pids
    for _ in range(500):
        alive = [pid for pid in alive if _is_running(pid)]
        if not alive:
            return
        time.sleep(0.02)
    raise AssertionError(f"processes {alive} are still running")


def _is_running(pid: int) -> bool:
    """Whether the process does anything; one that ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
