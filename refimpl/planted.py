"""Claims on what jobs measured, and controls with an effect planted into the measurements.

A check reads its numbers from :data:`Results`, ``results(cell, context) -> value``; what a cell is
and what its value is, is the paper's business. The subject of the claim gives the measured results;
that of its negative control gives results with a planted effect, on which the very same check must
come out the other way. Because an empirical claim may come out either way, the planted effect is
the opposite of what was found.

Subjects are functions of the context, so that what was found is found once, not per cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from refimpl.ledger import Arrays, Claim, Context, Control, Finding, Job, Kind, Verdict

C = TypeVar("C")
"""Cell: what a paper asks its experiments for, such as a run or an entry of a table."""

V = TypeVar("V")
"""Value of a cell."""

Results = Callable[[C, Context], V]
Check = Callable[[Results[C, V], Context], Finding]
Change = Callable[[C, V, Context], V]
Subject = Callable[[Context], Results[C, V]]


@dataclass(frozen=True)
class Planted(Generic[C, V]):
    """A check, and effects that turn it.

    Parameters
    ----------
    check : callable
        ``check(results, context) -> Finding``.
    if_found, if_not : callable
        ``change(cell, value, context) -> value``, applied to every cell if the check found its
        claim in the measured results, and if it did not. Values are never changed in place.
    words : str
        What is planted, in words.
    """

    check: Check[C, V]
    if_found: Change[C, V]
    if_not: Change[C, V]
    words: str

    def opposite(self, measured: Results[C, V], context: Context) -> Results[C, V]:
        """Return the measured results with the opposite of what the check finds in them.

        The check runs once, here; every verdict but "not reproduced" counts as found.
        """
        found = self.check(measured, context).verdict is not Verdict.NOT_REPRODUCED
        change = self.if_found if found else self.if_not
        return lambda cell, context: change(cell, measured(cell, context), context)


@dataclass(frozen=True)
class Experiments(Generic[C, V]):
    """The cells of a paper: which jobs hold them, and how they are read.

    Parameters
    ----------
    paper : str
        Key of the paper, the part of a claim's id before the slash.
    jobs : callable
        ``jobs(cell, context)``: jobs that a check on this cell needs.
    read : callable
        ``read(cell, context) -> value`` from the context's data.
    """

    paper: str
    jobs: Callable[[C, Context], Iterable[Job]]
    read: Results[C, V]

    def jobs_of(
        self, cells: Callable[[Context], Iterable[C]]
    ) -> Callable[[Context], tuple[Job, ...]]:
        """Return the ``jobs`` of a claim that reads these cells: each job once."""

        def jobs(context: Context) -> tuple[Job, ...]:
            found = [job for cell in cells(context) for job in self.jobs(cell, context)]
            return tuple({job.name: job for job in found}.values())

        return jobs

    def claim(
        self,
        name: str,
        statement: str,
        covers: tuple[str, ...],
        planted: Planted[C, V],
        *,
        source: str,
        cells: Callable[[Context], Iterable[C]],
        kind: Kind = Kind.EMPIRICAL,
    ) -> Claim:
        """Return a claim on what the jobs of ``cells`` measured, with a planted control."""
        return Claim(
            f"{self.paper}/{name}",
            source,
            statement,
            covers,
            kind,
            partial(_check, planted.check),
            partial(_measured, self.read),
            Control(planted.words, partial(planted.opposite, self.read)),
            self.jobs_of(cells),
        )


def one_job_each(paper: str, job_of: Callable[[C, int], Job]) -> Experiments[C, Arrays]:
    """Return experiments whose cells are what one job returned each.

    Parameters
    ----------
    paper : str
    job_of : callable
        ``job_of(cell, seed) -> Job``.
    """
    return Experiments(paper, partial(_only_job, job_of), partial(_only_result, job_of))


def _only_job(job_of: Callable[[C, int], Job], cell: C, context: Context) -> tuple[Job]:
    return (job_of(cell, context.seed),)


def _only_result(job_of: Callable[[C, int], Job], cell: C, context: Context) -> Arrays:
    return context.data[job_of(cell, context.seed).name]


def _check(check: Check[C, V], subject: Subject[C, V], context: Context) -> Finding:
    return check(subject(context), context)


def _measured(read: Results[C, V], context: Context) -> Results[C, V]:
    del context
    return read
