"""The main job: run claims, with their negative controls, and say what came out.

First the jobs of all chosen claims are collected, each once; then every check and every control
runs. Both stages go through the same executor, and neither depends on the order in which things
finish, so the outcome is the same, bit for bit, on any executor.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from refimpl import __version__
from refimpl.ledger import Claim, Finding, Job, Verdict
from refimpl.shared.executors import map_tasks
from refimpl.shared.progress import Report, silent
from refimpl.workers import (
    CheckOutcome,
    CheckTask,
    JobOutcome,
    JobPlan,
    JobTask,
    Settings,
    find_claim,
    plan_jobs,
    run_check,
    run_job,
)

Progress = Callable[[str], AbstractContextManager[Report]]
"""``progress(label)`` opens the display of one stage; see :mod:`refimpl.shared.progress`."""


@dataclass(frozen=True)
class Row:
    """Outcome of one claim.

    ``error`` is the traceback of whatever raised, empty when both check and control ran.
    ``seconds`` counts the check, its control and the jobs behind them, reused or not.
    """

    claim: Claim
    finding: Finding | None
    control: Finding | None
    error: str
    seconds: float

    @property
    def flipped(self) -> bool:
        """Whether the control came out with another verdict than the claim."""
        if self.finding is None or self.control is None:
            return False
        return self.finding.verdict is not self.control.verdict


@dataclass(frozen=True)
class AuditReport:
    """Outcome of an audit, one row per claim in the order in which they were asked for.

    ``environment`` says on what it ran and how long: ``wall_seconds`` of this audit,
    ``job_seconds`` of all jobs behind it, reused ones included. ``notes`` are lines for the log:
    results reused, results computed again.
    """

    settings: Settings
    environment: dict[str, str | int | float]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> dict[str, int]:
        """Number of claims per verdict; claims whose check raised count under none."""
        found = [row.finding.verdict for row in self.rows if row.finding is not None]
        return {verdict.value: found.count(verdict) for verdict in Verdict}

    @property
    def errors(self) -> tuple[Row, ...]:
        """Rows whose check or control raised."""
        return tuple(row for row in self.rows if row.error)

    @property
    def unflipped(self) -> tuple[Row, ...]:
        """Rows whose check and control both ran and agree: their check proves nothing."""
        return tuple(row for row in self.rows if not row.error and not row.flipped)

    @property
    def exit_status(self) -> int:
        """0 when every check ran and every control flipped, whatever the verdicts; else 1."""
        return 1 if self.errors or self.unflipped else 0


def run(
    claim_ids: Sequence[str],
    settings: Settings | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> AuditReport:
    """Audit the named claims.

    Parameters
    ----------
    claim_ids : sequence of str
        Ids of claims in the registry.
    settings : Settings, optional
        Profile, seed, workspace, registry.
    executor : Executor, optional
        Where jobs and checks run; None runs them here.
    progress : callable, optional
        ``progress(label)`` opens the display of one stage of the work.

    Raises
    ------
    UnknownNameError
        If an id is not in the registry; nothing has been run then.
    ValueError
        If two claims mean different jobs by one name.
    """
    settings = settings or Settings()
    start = time.perf_counter()
    claims = [find_claim(settings.registry, claim_id) for claim_id in dict.fromkeys(claim_ids)]
    plans = {claim.id: plan_jobs(claim, settings) for claim in claims}
    done = _run_jobs(_distinct(plans), settings, executor, progress)
    outcomes = {name: _outcomes_of(plan, done) for name, plan in plans.items()}
    checks = _run_checks(outcomes, settings, executor, progress)
    rows = tuple(_row(claim, outcomes[claim.id], checks) for claim in claims)
    environment = {
        **describe_environment(),
        "wall_seconds": time.perf_counter() - start,
        "job_seconds": sum(outcome.seconds for outcome in done.values()),
    }
    return AuditReport(settings, environment, rows, _notes(list(done.values())))


def describe_environment() -> dict[str, str | int | float]:
    """Versions and machine, as they go into the report."""
    packages = {name: _version(name) for name in ("numpy", "scipy", "cvxpy")}
    return {
        "refimpl": __version__,
        "python": platform.python_version(),
        **packages,
        "machine": platform.machine(),
        "system": platform.platform(),
        "cpu_count": os.cpu_count() or 1,
    }


def _distinct(plans: Mapping[str, JobPlan]) -> dict[str, tuple[str, Job]]:
    """Each job once, by name, with a claim that needs it."""
    found: dict[str, tuple[str, Job]] = {}
    for claim_id, plan in plans.items():
        for name, job in plan.jobs.items():
            other_id, other = found.setdefault(name, (claim_id, job))
            if (job.function, repr(job.args)) != (other.function, repr(other.args)):
                raise ValueError(
                    f"job {name!r} means different things to {other_id!r} and {claim_id!r}"
                )
    return found


def _run_jobs(
    jobs: dict[str, tuple[str, Job]],
    settings: Settings,
    executor: Executor | None,
    progress: Progress,
) -> dict[str, JobOutcome]:
    if not jobs:
        return {}
    tasks = [JobTask(settings, claim_id, name) for name, (claim_id, _) in jobs.items()]
    with progress("jobs") as report:
        return dict(zip(jobs, map_tasks(run_job, tasks, executor, report), strict=True))


def _outcomes_of(plan: JobPlan, done: Mapping[str, JobOutcome]) -> dict[str, JobOutcome]:
    """Outcomes of the jobs of one claim; a plan that could not be made is one that failed."""
    failed = {"": JobOutcome(error=plan.error)} if plan.error else {}
    return {name: done[name] for name in plan.jobs} | failed


def _run_checks(
    outcomes: Mapping[str, dict[str, JobOutcome]],
    settings: Settings,
    executor: Executor | None,
    progress: Progress,
) -> dict[tuple[str, bool], CheckOutcome]:
    """Outcomes by claim id and whether it is the control; none where a job has failed."""
    tasks = []
    for claim_id, jobs in outcomes.items():
        if not any(job.error for job in jobs.values()):
            data = {name: job.arrays for name, job in jobs.items()}
            tasks += [CheckTask(settings, claim_id, control, data) for control in (False, True)]
    with progress("checks and controls") as report:
        results = map_tasks(run_check, tasks, executor, report)
    return {(t.claim_id, t.control): result for t, result in zip(tasks, results, strict=True)}


def _row(
    claim: Claim,
    jobs: Mapping[str, JobOutcome],
    checks: Mapping[tuple[str, bool], CheckOutcome],
) -> Row:
    nothing = CheckOutcome(None)
    check = checks.get((claim.id, False), nothing)
    control = checks.get((claim.id, True), nothing)
    failures = [
        (f"job {name!r}" if name else "the list of jobs", jobs[name].error) for name in jobs
    ]
    failures += [("the check", check.error), ("the negative control", control.error)]
    error = "\n".join(f"{what} raised:\n{text}" for what, text in failures if text)
    seconds = check.seconds + control.seconds + sum(job.seconds for job in jobs.values())
    return Row(claim, check.finding, control.finding, error, seconds)


def _notes(outcomes: list[JobOutcome]) -> tuple[str, ...]:
    reused = sum(outcome.reused for outcome in outcomes)
    head = (f"{reused} of {len(outcomes)} jobs taken from the workspace",) if reused else ()
    return (*head, *(outcome.note for outcome in outcomes if outcome.note))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
