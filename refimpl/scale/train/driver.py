"""Training: epochs of experience and learning, in stages with a checkpoint [SCALE Algorithm 1]."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Params
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.train.rollouts import Collector, Rollout
from refimpl.scale.train.settings import Arrays, Learner, TrainSettings
from refimpl.shared.labels import label
from refimpl.shared.optimizer import group, joined
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Row = Mapping[str, float]
Measured = Mapping[str, NDArray[np.float64]]
OnStage = Callable[[int, Params, Row], Measured]
"""``on_stage(epochs done, parameters, last row of the curve)``: what to measure of them."""


def no_hook(epochs: int, params: Params, row: Row) -> Measured:
    """Measure nothing after a stage."""
    del epochs, params, row
    return {}


def epoch(
    learner: Learner,
    collector: Collector,
    settings: TrainSettings,
    number: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Collect the experience of epoch 0, 1, ... and learn from it [SCALE Fig. 6].

    Returns
    -------
    dict
        A row of the curve: means over the episodes that ended in the epoch (NaN without any), what
        the gradient steps saw, and seconds.
    """
    begin = time.perf_counter()
    rollout = collector.collect(learner.actor(number), settings.steps // settings.environments)
    collected = time.perf_counter()
    terms = learner.learn(rollout, number, rng)
    clocks = {"collecting": collected - begin, "updating": time.perf_counter() - collected}
    return {**episode_means(rollout), **terms, **clocks}


def episode_means(rollout: Rollout) -> dict[str, float]:
    """Means over the episodes that ended in a rollout; how many there are.

    The response is the mean over those episodes in which a task was completed.
    """
    means = {"episodes": float(len(rollout.finals.at))}
    for name in ("return", "completed", "response", "all_response", "avoidable", "decisions"):
        values = rollout.episodes.get(name, np.empty(0))
        values = values[np.isfinite(values)]
        means[name] = float(values.mean()) if values.size else float("nan")
    return means


def train(
    system: SystemSettings,
    settings: TrainSettings,
    seed: int,
    epochs: int | None = None,
    checkpoint: Path | str | None = None,
    on_stage: OnStage = no_hook,
) -> Arrays:
    """Train, resumable after every stage to the same bits [SCALE Algorithm 1].

    Parameters
    ----------
    system : SystemSettings
    settings : TrainSettings
    seed : int
    epochs : int, optional
        How many to run, a multiple of ``settings.stage``; by default as many as the schedules are
        made for.
    checkpoint : path-like, optional
        File to continue from and to write to.
    on_stage : callable
        Called after every stage that this call runs; what it returns is kept, one entry per stage,
        and must have the same names and shapes after every stage.

    Returns
    -------
    dict
        ``policy.*``, parameters of what decides; ``learner.*``, everything that is needed to go on;
        ``curve.*``, one entry per epoch of everything :func:`epoch` says; ``stage.epochs`` and
        ``stage.*``, one entry per stage of what the hook measured.

    Raises
    ------
    ValueError
        If the epochs are no whole number of stages, the checkpoint belongs to another run, or a
        number stops being finite.
    """
    epochs = settings.epochs if epochs is None else epochs
    if epochs < 1 or epochs % settings.stage:
        raise ValueError(f"epochs must be a positive multiple of {settings.stage}; got {epochs}")

    def stage(k: int, saved: Arrays) -> Arrays:
        learner = settings.method.restore(settings, group(saved, "learner"))
        rng = generator(seed, "scale", "collect", k)
        collector = Collector(system, settings.environments, settings.mask, rng)
        rows, first = [], k * settings.stage
        for number in range(first, first + settings.stage):
            rng = generator(seed, "scale", "learn", number)
            rows.append(epoch(learner, collector, settings, number, rng))
        params, done = learner.params(), first + settings.stage
        measured = {"epochs": np.array(float(done)), **on_stage(done, params, rows[-1])}
        curve = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        kept = joined(policy=params, learner=learner.arrays())
        kept |= _appended(saved, "curve", curve)
        entry = {key: np.asarray(value)[None] for key, value in measured.items()}
        return kept | _appended(saved, "stage", entry)

    name = {"seed": str(seed), **label(settings)}
    name |= {f"system {key}": value for key, value in label(system).items()}
    start = settings.method.start(settings, system.n_servers, seed)
    return run_stages(stage, epochs // settings.stage, joined(learner=start), name, checkpoint)


def policy_of(arrays: Arrays) -> Params:
    """Parameters of what decides, in what :func:`train` returns."""
    return group(arrays, "policy")


def curve_of(arrays: Arrays) -> dict[str, NDArray[np.float64]]:
    """Curve in what :func:`train` returns: one array per quantity, one entry per epoch."""
    return group(arrays, "curve")


def stages_of(arrays: Arrays) -> dict[str, NDArray[np.float64]]:
    """Return what the hook measured: one array per quantity, one entry per stage."""
    return group(arrays, "stage")


def _appended(saved: Arrays, name: str, columns: Mapping[str, NDArray[np.float64]]) -> Arrays:
    before = {key: saved.get(f"{name}.{key}", column[:0]) for key, column in columns.items()}
    grown = {key: np.concatenate([before[key], column]) for key, column in columns.items()}
    return joined(**{name: grown})
