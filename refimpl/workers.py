"""The pieces of an audit that run somewhere else: one job, one check.

A task names its claim; the worker looks the claim up in the registry. So tasks stay small, and
checks and subjects may be anything, closures included.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from refimpl.ledger import Arrays, Claim, Context, Finding, Job
from refimpl.names import unknown
from refimpl.shared import checkpoints
from refimpl.shared.fingerprint import code_fingerprint

PROFILES = ("quick", "full")


@dataclass(frozen=True)
class Settings:
    """What the outcome of an audit depends on, and where it may keep results.

    Parameters
    ----------
    profile : str
        ``"quick"`` or ``"full"``.
    seed : int
        Seed of the run, non-negative.
    workspace : Path or None
        Directory for results of jobs, reused by later runs; None keeps nothing.
    registry : str
        Module whose ``claims()`` returns all claims.
    """

    profile: str = "quick"
    seed: int = 0
    workspace: Path | None = None
    registry: str = "refimpl.papers"

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ValueError(f"profile must be one of {PROFILES}; got {self.profile!r}")
        if self.seed < 0:
            raise ValueError(f"seed must be non-negative; got {self.seed}")

    def context(self, data: Mapping[str, Arrays] | None = None) -> Context:
        """Context that a check sees."""
        return Context(self.profile, self.seed, data or {})


@dataclass(frozen=True)
class JobPlan:
    """Jobs of one claim by name, or the traceback of why they are not known."""

    jobs: Mapping[str, Job]
    error: str = ""


@dataclass(frozen=True)
class JobTask:
    """One job, named by a claim that needs it and by its own name."""

    settings: Settings
    claim_id: str
    job_name: str


@dataclass(frozen=True)
class JobOutcome:
    """Result of a job, or the traceback of its failure; ``note`` says what deserves a line.

    ``seconds`` is what the computation took, also when its result was ``reused``.
    """

    arrays: Arrays = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    reused: bool = False
    note: str = ""


@dataclass(frozen=True)
class CheckTask:
    """One check of a claim, on its subject or on the broken subject of its control."""

    settings: Settings
    claim_id: str
    control: bool
    data: Mapping[str, Arrays]


@dataclass(frozen=True)
class CheckOutcome:
    """Finding of a check, or the traceback of its failure."""

    finding: Finding | None
    error: str = ""
    seconds: float = 0.0


@lru_cache(maxsize=8)
def registered(registry: str) -> Mapping[str, Claim]:
    """Claims of a registry module by id.

    Raises
    ------
    ValueError
        If two claims have the same id.
    """
    claims: tuple[Claim, ...] = importlib.import_module(registry).claims()
    by_id = {claim.id: claim for claim in claims}
    if len(by_id) != len(claims):
        ids = [claim.id for claim in claims]
        raise ValueError(f"claim ids must be unique; repeated: {_repeated(ids)}")
    return by_id


def find_claim(registry: str, claim_id: str) -> Claim:
    """Claim with this id.

    Raises
    ------
    UnknownNameError
        If there is none; the message names what comes close.
    """
    known = registered(registry)
    if claim_id not in known:
        raise unknown("claim", claim_id, known)
    return known[claim_id]


def plan_jobs(claim: Claim, settings: Settings) -> JobPlan:
    """Jobs that a claim needs; an exception becomes part of the plan.

    Raises
    ------
    ValueError
        If two of the jobs have the same name.
    """
    try:
        jobs = claim.jobs(settings.context())
    except Exception:
        return JobPlan({}, traceback.format_exc())
    plan = JobPlan({job.name: job for job in jobs})
    if len(plan.jobs) != len(jobs):
        repeated = _repeated([job.name for job in jobs])
        raise ValueError(f"jobs of {claim.id!r} must have unique names; repeated: {repeated}")
    return plan


def run_check(task: CheckTask) -> CheckOutcome:
    """Run a check; an exception becomes part of the outcome."""
    start = time.perf_counter()
    try:
        claim = find_claim(task.settings.registry, task.claim_id)
        subject = claim.control.subject if task.control else claim.subject
        finding = claim.check(subject, task.settings.context(_read_only(task.data)))
        if not isinstance(finding, Finding):
            raise TypeError(f"check of {claim.id!r} must return a Finding; got {finding!r}")
    except Exception:
        return CheckOutcome(None, traceback.format_exc(), time.perf_counter() - start)
    return CheckOutcome(finding, seconds=time.perf_counter() - start)


def run_job(task: JobTask) -> JobOutcome:
    """Run a job, or take its result from the workspace; an exception becomes part of the outcome.

    A stored result is taken only if it was computed by the same code; a damaged one is computed
    again, and the outcome's note says so.
    """
    start = time.perf_counter()
    try:
        job = _find_job(task)
        if task.settings.workspace is None:
            arrays = _checked(job, job.function(*job.args, checkpoint=None))
            return JobOutcome(arrays, seconds=time.perf_counter() - start)
        return _resume_or_run(job, task.settings.workspace)
    except Exception:
        return JobOutcome(error=traceback.format_exc(), seconds=time.perf_counter() - start)


def result_path(workspace: Path, job: Job) -> Path:
    """File of a job's result: readable, and different when the job or its code is different."""
    function = f"{job.function.__module__}.{job.function.__qualname__}"
    # Functions and instances handed over as arguments bring code of their own.
    given = {getattr(arg, "__module__", None) or type(arg).__module__ for arg in job.args}
    modules = {job.function.__module__, *given} - {"builtins", "numpy"}
    key = f"{job.name}\n{function}\n{code_fingerprint(*sorted(modules))}"
    readable = re.sub(r"[^A-Za-z0-9.=_-]+", "-", job.name)[:80]
    return workspace / f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"


def _resume_or_run(job: Job, workspace: Path) -> JobOutcome:
    workspace.mkdir(parents=True, exist_ok=True)
    path, note = result_path(workspace, job), ""
    try:
        kept = checkpoints.resume(path)
    except checkpoints.CheckpointError as error:
        kept, note = None, f"job {job.name!r} is computed again: {error}"
    if kept is not None:
        arrays, meta = kept
        return JobOutcome(arrays, seconds=meta["seconds"], reused=True)
    partial = path.with_suffix(".partial.npz")
    start = time.perf_counter()
    arrays = _checked(job, job.function(*job.args, checkpoint=partial))
    seconds = time.perf_counter() - start
    checkpoints.save(path, arrays, {"job": job.name, "seconds": seconds})
    partial.unlink(missing_ok=True)
    return JobOutcome(arrays, seconds=seconds, note=note)


def _find_job(task: JobTask) -> Job:
    claim = find_claim(task.settings.registry, task.claim_id)
    return plan_jobs(claim, task.settings).jobs[task.job_name]


def _checked(job: Job, result: object) -> Arrays:
    if not isinstance(result, dict):
        raise TypeError(f"job {job.name!r} must return a dict of arrays; got {type(result)}")
    return {name: np.asarray(array) for name, array in result.items()}


def _read_only(data: Mapping[str, Arrays]) -> dict[str, Arrays]:
    """Keep a check from writing to arrays that it may share with its control."""
    shared = {job: {name: a.view() for name, a in arrays.items()} for job, arrays in data.items()}
    for arrays in shared.values():
        for array in arrays.values():
            array.setflags(write=False)
    return shared


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
