"""Results of the learning experiments' jobs: in this process, or kept and shared with the audit."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from _show import Options
from numpy.typing import NDArray

from refimpl.dcc.experiments import references
from refimpl.dcc.experiments.scale import FULL, Scale
from refimpl.ledger import Arrays, Job
from refimpl.shared import checkpoints
from refimpl.shared.executors import map_tasks, process_pool
from refimpl.shared.progress import bar
from refimpl.workers import result_path

WORKSPACE = Path(".audit")
"""Where ``python -m refimpl audit --profile full`` keeps finished jobs, too."""

COMMITTED = Path(__file__).resolve().parents[1] / "results" / "full.json"
"""Outcome of the full audit that comes with the project."""


def scale(given: Options, sizes: tuple[int, ...], games: int, steps: int, **more: Any) -> Scale:
    """Size of the experiments: the paper's with ``--full``, else as given.

    ``more`` are fields of ``Scale``; without ``central_games`` no MAPPO and A2C.
    """
    if given.profile == "full":
        return FULL
    fields: dict[str, Any] = {
        "central_games": {},
        "long_games": 1,
        "long_factor": 2,
        "local_devices": 1,
        "local_steps": steps,
    }
    return Scale(sizes=sizes, games=(0, games), steps=steps, **(fields | more))


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


def reference(given: Options, n_devices: int, size: Scale, beta: float = 1.0) -> Arrays:
    """Exact costs of never offloading, the selfish equilibrium and the best budgets, by game."""
    job = references.job(n_devices, size.games, beta, 0)
    return results(given, (job,))[job.name]


def last(points: NDArray[np.float64]) -> float:
    """Mean over the games of the last point of a learning curve (K, E)."""
    return float(points[-1].mean())


def cost_and_violation(curve: Arrays) -> str:
    """Words for the final cost per agent and, if there are budgets, the mean excess over them."""
    kept = f"violation {last(curve['violation']):.3f}" if "budget_path" in curve else "no budgets"
    return f"{last(curve['cost']):.2f}, {kept}"


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
