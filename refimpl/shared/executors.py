"""Running independent tasks: serially, on the cores of this machine, or on a Dask cluster.

Everything here works with any ``concurrent.futures.Executor``; ``None`` means serial. Results come
back in the order of the tasks, whatever order they finish in. Worker processes use one BLAS thread
each: the processes are the parallelism, and the bits of a matrix product then do not depend on
the number of cores. This module imports no numerical library, so that a worker can settle that
before one is loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from refimpl.shared.progress import Report, ignore

Task = TypeVar("Task")
Result = TypeVar("Result")

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
"""Environment of a process that uses one thread for linear algebra; read when BLAS is loaded."""


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    executor: Executor | None = None,
    progress: Report | None = None,
) -> list[Result]:
    """Apply ``function`` to every task and return the results in the order of the tasks.

    Parameters
    ----------
    function : callable
        Pure function of one task; importable by name if the executor uses other processes.
    tasks : iterable
        Independent pieces of work.
    executor : Executor, optional
        Where they run; None runs them here, one after the other.
    progress : callable, optional
        Called as ``progress(done, total)``, first with 0.

    Raises
    ------
    Exception
        Whatever the first failing task raised; tasks not yet started are cancelled.
    """
    pending = list(tasks)
    report = progress or ignore
    report(0, len(pending))
    if executor is None:
        return _map_here(function, pending, report)
    futures = [executor.submit(function, task) for task in pending]
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            report(done, len(futures))
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [future.result() for future in futures]


@contextmanager
def process_pool(jobs: int) -> Iterator[Executor]:
    """Pool of ``jobs`` worker processes, none of which outlives this context or this process.

    Workers are started afresh ("spawn"), so scripts need the usual ``if __name__ == "__main__"``.
    If the context is left by an exception, Ctrl-C included, running tasks are stopped at once.
    If this process is killed, its workers notice and end themselves.

    Raises
    ------
    ValueError
        If ``jobs`` is less than 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1; got {jobs}")
    context = multiprocessing.get_context("spawn")
    # The workers watch one end of a pipe; when the other end closes, for whatever reason, they go.
    watched, lifeline = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, context, initializer=_set_up_worker, initargs=(watched,))
    with _environment(ONE_THREAD):
        try:
            yield pool
        except BaseException:
            lifeline.close()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            lifeline.close()
            watched.close()


@contextmanager
def dask_executor(address: str, jobs: int | None = None) -> Iterator[Executor]:
    """Executor of a Dask cluster.

    Parameters
    ----------
    address : str
        Address of a running scheduler, e.g. ``"tcp://10.0.0.1:8786"``, whose workers have this
        package installed; or ``"local"`` for a cluster of processes on this machine.
    jobs : int, optional
        Number of worker processes of the local cluster; by default one per core.

    Raises
    ------
    ModuleNotFoundError
        If Dask is not installed.
    OSError
        If no scheduler answers at ``address``.
    """
    distributed = _distributed()
    if address != "local":
        with distributed.Client(address, timeout="10s") as client:
            yield client.get_executor(pure=False)
        return
    with (
        _environment(ONE_THREAD),
        distributed.LocalCluster(
            n_workers=jobs or os.cpu_count(),
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


def _map_here(
    function: Callable[[Task], Result], tasks: list[Task], report: Report
) -> list[Result]:
    results = []
    for done, task in enumerate(tasks, start=1):
        results.append(function(task))
        report(done, len(tasks))
    return results


def _distributed() -> Any:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'Dask is not installed; install it with: pip install "refimpl[cluster]"'
        ) from error
    return distributed


def _set_up_worker(watched: Connection) -> None:
    # Ctrl-C reaches the whole process group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()


def _end_with_parent(watched: Connection) -> None:
    try:
        watched.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables that child processes started meanwhile will see."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
