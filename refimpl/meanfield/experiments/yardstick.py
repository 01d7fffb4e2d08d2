"""The best own-state rule that the gradient of the drops leads to, evaluated like learned ones."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from refimpl.ledger import Arrays, Job
from refimpl.meanfield.experiments.evaluation import drops_per_queue, epoch_of_rule
from refimpl.meanfield.experiments.learned import drops_key
from refimpl.meanfield.experiments.settings import Setting, other_sizes
from refimpl.meanfield.model.simulator import epochs_for
from refimpl.meanfield.objective.best_rule import best_rule
from refimpl.meanfield.policies.rules import own_state

NAME = "best rule"
Stages = tuple[tuple[int, int], ...]
"""Level paths and episodes per path of each stage of the search."""


def find_and_evaluate(
    setting: Setting,
    stages: Stages,
    episodes: int,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Descend on one system, then simulate the rule there and on other sizes.

    Returns
    -------
    dict
        ``rule`` (B + 1,), ``stationarity`` in standard errors, ``seconds`` of the search, and the
        drops under :func:`refimpl.meanfield.experiments.learned.drops_key`.
    """
    del checkpoint
    start = time.perf_counter()
    epochs = epochs_for(setting.time, setting.dt)
    found = best_rule(setting.system(seed), epochs, stages=stages, seed=seed)
    arrays = {
        "rule": found.rule,
        "stationarity": np.array(found.stationarity),
        "seconds": np.array(time.perf_counter() - start),
    }
    for each in (setting, *other_sizes(setting)):
        drops = drops_per_queue(each, own_state(found.rule), episodes, seed, epoch_of_rule)
        arrays[drops_key(NAME, each)] = drops
    return arrays


def job(setting: Setting, stages: Stages, episodes: int, seed: int) -> Job:
    """:func:`find_and_evaluate` as a job."""
    samples = "-".join(f"{paths}x{copies}" for paths, copies in stages)
    name = f"meanfield/best-rule/{samples}/{setting.name}/episodes{episodes}/seed{seed}"
    return Job(name, find_and_evaluate, (setting, stages, episodes, seed))
