"""Results of the learning experiments' jobs: in this process, or kept and shared with the audit."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path

from _show import Options

from refimpl.ledger import Arrays, Job
from refimpl.shared import checkpoints
from refimpl.shared.executors import map_tasks, process_pool
from refimpl.shared.progress import bar
from refimpl.workers import result_path

WORKSPACE = Path(".audit")
"""Where ``python -m refimpl audit --profile full`` keeps finished jobs, too."""

COMMITTED = Path(__file__).resolve().parents[1] / "results" / "full.json"
"""Outcome of the full audit that comes with the project."""


def results(given: Options, jobs: Iterable[Job]) -> dict[str, Arrays]:
    """Run jobs and return their results by name.

    With ``--full`` two worker processes run them, finished ones are kept, and an interrupted run
    continues where it was.
    """
    wanted = list({job.name: job for job in jobs}.values())
    if given.profile != "full":
        return {job.name: job.function(*job.args, checkpoint=None) for job in wanted}
    WORKSPACE.mkdir(exist_ok=True)
    with process_pool(2) as executor, bar("jobs") as report:
        found = map_tasks(kept, wanted, executor, report)
    return dict(zip((job.name for job in wanted), found, strict=True))


def kept(job: Job) -> Arrays:
    """Take the result of a job from the workspace, or run it, or continue it."""
    path = result_path(WORKSPACE, job)
    try:
        stored = checkpoints.resume(path)
    except checkpoints.CheckpointError:
        stored = None  # damaged: computed again
    if stored is not None:
        return stored[0]
    start, unfinished = time.perf_counter(), path.with_suffix(".partial.npz")
    arrays = job.function(*job.args, checkpoint=unfinished)
    checkpoints.save(path, arrays, {"job": job.name, "seconds": time.perf_counter() - start})
    unfinished.unlink(missing_ok=True)
    return arrays


def print_committed(*claims: str) -> None:
    """Print what the committed full audit found on these claims, and where and when it ran."""
    if not COMMITTED.exists():
        print("\nCommitted full-profile evidence: none yet (results/full.json is absent).")
        return
    report = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert report["profile"] == "full", f"{COMMITTED} must hold the full audit"
    where = ", ".join(f"{key} {value}" for key, value in report["environment"].items())
    origin = f"profile {report['profile']}, seed {report['seed']}; {where}"
    print("\n" + textwrap.fill(f"Committed evidence, results/full.json: {origin}", 100))
    for row in (row for row in report["claims"] if row["id"] in claims):
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in row["evidence"].items())
        text = f"{row['id']}: {row['verdict']}; {numbers}"
        print(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    "))
    for missing in sorted(set(claims) - {row["id"] for row in report["claims"]}):
        print(f"  {missing}: not in it yet")
