"""Progress of long work: a bar where somebody watches, plain log lines where nobody does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

Report = Callable[[int, int], None]
"""``report(done, total)``, called as pieces of work finish."""

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def bar(label: str, stream: TextIO | None = None) -> Iterator[Report]:
    """Show progress of one stage of work while the context is open.

    A tqdm bar when tqdm is installed and ``stream`` is a terminal; otherwise one line at the
    start, one at the end, and one every ten seconds in between.

    Parameters
    ----------
    label : str
        Name of the stage.
    stream : text file, optional
        Where to show it; standard error by default.

    Yields
    ------
    Report
        Function to be called with ``(done, total)``.
    """
    out = sys.stderr if stream is None else stream
    make = _tqdm() if out.isatty() else None
    if make is None:
        yield plain_lines(label, out)
        return
    with make(desc=label, file=out, leave=True) as shown:

        def report(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)
            shown.refresh()

        yield report


@contextmanager
def silent(label: str) -> Iterator[Report]:
    """Show nothing; the stand-in for :func:`bar`."""
    del label
    yield ignore


def ignore(done: int, total: int) -> None:
    """Report nothing."""
    del done, total


def plain_lines(label: str, out: TextIO, clock: Callable[[], float] = time.monotonic) -> Report:
    """Report in ``label: done/total (seconds s)`` lines, rarely.

    Parameters
    ----------
    label : str
        Name of the stage.
    out : text file
        Where the lines go.
    clock : callable
        Seconds since any fixed moment.
    """
    start = clock()
    last = -SECONDS_BETWEEN_LINES

    def report(done: int, total: int) -> None:
        nonlocal last
        elapsed = clock() - start
        if done < total and elapsed - last < SECONDS_BETWEEN_LINES:
            return
        last = elapsed
        out.write(f"{label}: {done}/{total} ({elapsed:.0f} s)\n")
        out.flush()

    return report


def _tqdm() -> Any:
    """Class of the bar when tqdm is installed, else None."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        return None
    return tqdm
