"""Claims of the fake paper: sound ones of every verdict, and one for each way to be broken.

The subjects are closures on purpose: they do not pickle, and need not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.ledger import Arrays, Claim, Context, Control, Finding, Job, Kind, Plot, Verdict
from refimpl.shared.seeds import generator
from tests.shared.resumable import walk

JOB_LOG = "FAKE_PAPER_JOB_LOG"


def check_increasing(subject: Callable[[Any], Any], context: Context) -> Finding:
    """Whether the subject is increasing at random points."""
    x = np.sort(context.rng("points").normal(size=50))
    least = float(np.min(np.diff(subject(x))))
    return Finding(Verdict.HOLDS if least >= 0 else Verdict.REFUTED, {"least_step": least})


def check_mean(subject: float, context: Context) -> Finding:
    """Whether samples around the subject have mean zero, with a figure."""
    steps = np.arange(1, 101)
    sample = context.rng("sample").normal(loc=subject, size=100)
    mean = np.cumsum(sample) / steps
    half = 4.0 / np.sqrt(steps)
    seen = Verdict.HOLDS_STATISTICALLY if abs(mean[-1]) < half[-1] else Verdict.NOT_REPRODUCED
    curve = Plot("Running mean", "samples", "mean", {"mean": (steps, mean, half)})
    pair = Plot(
        "Two & <curves>", "x", "y", {"a": (steps[:9], steps[:9] ** 2), "b": (steps, 2 * steps)}
    )
    evidence = {"mean": float(mean[-1]), "half_width": float(half[-1]), "n": 100.0}
    return Finding(seen, evidence, plots=(curve, pair))


def check_division(subject: float, context: Context) -> Finding:
    """Whether something may be divided by the subject."""
    del context
    if subject:
        return Finding(Verdict.HOLDS_UNDER, {"divisor": subject}, "the divisor is not zero & <0")
    return Finding(Verdict.REFUTED, {"divisor": subject})


def check_given(subject: Verdict, context: Context) -> Finding:
    """Report the verdict that is handed in."""
    del context
    return Finding(subject, {"one": 1.0})


def check_walk(subject: float, context: Context) -> Finding:
    """Whether the walk of the job stays within a bound."""
    walked = context.data[walk_job_for(context)[0].name]["positions"]
    largest = float(np.abs(walked).max())
    verdict = Verdict.HOLDS if largest < subject else Verdict.REFUTED
    return Finding(verdict, {"largest": largest, "sum": float(walked.sum())})


def check_writes(subject: float, context: Context) -> Finding:
    """Change the data of the job, which must not be possible."""
    context.data[noise_jobs(context)[0].name]["noise"][0] = subject
    return Finding(Verdict.HOLDS, {"one": 1.0})


def check_noise(subject: float, context: Context) -> Finding:
    """Whether all noise of the jobs is below a bound."""
    values = [arrays["noise"] for arrays in context.data.values()]
    largest = float(np.max(np.concatenate(values)))
    verdict = Verdict.HOLDS if largest < subject else Verdict.REFUTED
    return Finding(verdict, {"largest": largest, "jobs": float(len(values))})


def check_raises(subject: str, context: Context) -> Finding:
    """Raise if the subject says so."""
    del context
    if subject == "raise":
        raise ArithmeticError("the check <went> wrong")
    return Finding(Verdict.HOLDS, {"one": 1.0})


def check_wrong_type(subject: Verdict, context: Context) -> Any:
    """Return something that is not a finding."""
    del context
    return subject


def noise(seed: int, size: int, checkpoint: Path | None) -> Arrays:
    """Normal noise; leaves a line in the log file that the environment names, if any."""
    del checkpoint
    log = os.environ.get(JOB_LOG)
    if log:
        with Path(log).open("a") as file:
            file.write(f"noise {seed} {size}\n")
    return {"noise": generator(seed, "noise", size).normal(size=size)}


def noise_jobs(context: Context) -> tuple[Job, ...]:
    """Two jobs, shared by several claims."""
    return tuple(
        Job(f"noise size={size} seed={context.seed}", noise, (context.seed, size))
        for size in (4, 4000)
    )


def walked(seed: int, n_steps: int, pause: float, checkpoint: Path | None) -> Arrays:
    """Random walk that can be killed and continued."""
    return {"positions": walk(checkpoint, seed, n_steps, pause)}


def walk_job_for(context: Context) -> tuple[Job, ...]:
    """One long job; longer in the full profile."""
    steps, pause = (40, 0.02) if context.full else (5, 0.0)
    return (Job(f"walk steps={steps} seed={context.seed}", walked, (context.seed, steps, pause)),)


def failing(checkpoint: Path | None) -> Arrays:
    """Fail."""
    del checkpoint
    time.sleep(0.0)
    raise OverflowError("the job went wrong")


def failing_jobs(context: Context) -> tuple[Job, ...]:
    """One job that fails."""
    return (Job(f"failing seed={context.seed}", failing),)


def unlisted_jobs(context: Context) -> tuple[Job, ...]:
    """Fail to say which jobs are needed."""
    raise LookupError(f"no jobs for seed {context.seed}")


def no_arrays(checkpoint: Path | None) -> Any:
    """Return something that is not a dict of arrays."""
    del checkpoint
    return [1.0]


def no_arrays_jobs(context: Context) -> tuple[Job, ...]:
    """One job that returns the wrong thing."""
    return (Job(f"no arrays seed={context.seed}", no_arrays),)


def _claim(name: str, check: Any, subject: Any, broken: Any, **more: Any) -> Claim:
    more.setdefault("source", "Lemma 1")
    more.setdefault("kind", Kind.EXACT)
    return Claim(
        id=f"fake/{name}",
        statement=f"What is said about {name} & <others>.",
        covers=(f"FK-{len(name):02d}",),
        check=check,
        subject=subject,
        control=Control("turned upside down", broken),
        **more,
    )


SOUND = (
    _claim("increasing", check_increasing, lambda x: 3 * x, lambda x: -3 * x, source="eq. 1"),
    _claim("decreasing", check_increasing, lambda x: -x, lambda x: x, source="Theorem 12"),
    _claim("mean", check_mean, 0.0, 2.0, source="Fig. 1", kind=Kind.STATISTICAL),
    _claim("division", check_division, 2.0, 0.0),
    _claim("absent", check_given, Verdict.NOT_REPRODUCED, Verdict.HOLDS, kind=Kind.EMPIRICAL),
    _claim("silent", check_given, Verdict.UNSPECIFIED, Verdict.HOLDS),
    _claim("noise-small", check_noise, 100.0, -100.0, jobs=noise_jobs),
    _claim("noise-tiny", check_noise, 0.001, 100.0, jobs=noise_jobs),
    _claim("walk", check_walk, 1e6, 0.0, jobs=walk_job_for),
)
STUCK = _claim("stuck", check_given, Verdict.HOLDS, Verdict.HOLDS)
FAILING = (
    _claim("check-raises", check_raises, "raise", "do not"),
    _claim("control-raises", check_raises, "do not", "raise"),
    _claim("wrong-type", check_wrong_type, Verdict.HOLDS, Verdict.REFUTED),
    _claim("job-raises", check_noise, 1.0, 2.0, jobs=failing_jobs),
    _claim("jobs-unknown", check_noise, 1.0, 2.0, jobs=unlisted_jobs),
    _claim("job-wrong-type", check_noise, 1.0, 2.0, jobs=no_arrays_jobs),
    _claim("writes", check_writes, 1.0, 2.0, jobs=noise_jobs),
)
CLAIMS = (*SOUND, STUCK, *FAILING)
