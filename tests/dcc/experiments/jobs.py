"""What every job of an experiment has to be."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Iterable

from refimpl.dcc.experiments.scale import FULL, QUICK, Scale
from refimpl.ledger import Job

SCALES = {"quick": QUICK, "full": FULL}
TINY = Scale(
    sizes=(2, 3),
    games=(0, 2),
    steps=1000,
    central_games={("mappo", 2): 1, ("a2c", 2): 2, ("mappo", 3): 5},
    long_games=2,
    long_factor=3,
    local_devices=2,
    local_steps=1000,
)


def assert_jobs(jobs: Iterable[Job]) -> None:
    """One name per job and one job per name; picklable, and found by name in another process."""
    listed = list(jobs)
    meant = {job.name: (job.function, repr(job.args)) for job in listed}
    assert listed
    for job in listed:
        assert meant[job.name] == (job.function, repr(job.args)), f"{job.name} means two things"
        module = importlib.import_module(job.function.__module__)
        assert getattr(module, job.function.__name__) is job.function
        assert pickle.loads(pickle.dumps(job)) == job
    assert len(set(meant.values())) == len(meant), "one job has two names"
