"""Results of the learning experiments' jobs: in this process, or kept and shared with the audit."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from _show import Options

from refimpl.dcc.experiments.scale import FULL, Scale
from refimpl.ledger import Arrays, Job
from refimpl.shared import checkpoints
from refimpl.shared.executors import map_tasks, process_pool
from refimpl.shared.progress import bar
from refimpl.workers import result_path

WORKSPACE = Path(".audit")
"""Where ``python -m refimpl audit --profile full`` keeps finished jobs, too."""


def scale(given: Options, sizes: tuple[int, ...], games: int, steps: int) -> Scale:
    """Size of the experiments: the paper's with ``--full``, else as given, without MAPPO and A2C."""
    if given.profile == "full":
        return FULL
    return Scale(
        sizes=sizes,
        games=(0, games),
        steps=steps,
        central_games={},
        long_games=1,
        long_factor=2,
        local_devices=1,
        local_steps=steps,
    )


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
    stored = checkpoints.resume(path)
    if stored is not None:
        return stored[0]
    start, unfinished = time.perf_counter(), path.with_suffix(".partial.npz")
    arrays = job.function(*job.args, checkpoint=unfinished)
    checkpoints.save(path, arrays, {"job": job.name, "seconds": time.perf_counter() - start})
    unfinished.unlink(missing_ok=True)
    return arrays


def committed(claim: str) -> dict[str, float]:
    """Evidence of a claim in the committed full audit, ``results/full.json``; empty if absent."""
    path = Path(__file__).resolve().parents[1] / "results" / "full.json"
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))["claims"]
    return next((dict(row["evidence"]) for row in rows if row["id"] == claim), {})
