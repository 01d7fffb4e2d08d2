"""Results made up for the tests of empirical claims: a world in which the paper is right."""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from refimpl.ledger import Arrays
from refimpl.scale.claims.experiments_results import Cell
from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.experiments.references import Reference
from refimpl.scale.experiments.runs import Run

TASKS = {"SCALE": 8.37, "CrossAttn": 8.1, "SAC": 5.93, "PPO": 4.03, "PPO+SRR": 4.4, "DQN": 4.0}
SECONDS = {"SAC": 4.5, "PPO": 4.37, "PPO+SRR": 4.45, "DQN": 4.88}
RETURNS = {"CrossAttn": 1.15, "SCALE": 1.0, "PPO": 0.94, "PPO+SRR": 0.94, "SAC": 0.6, "DQN": 0.3}
GROWTH = {True: {16: 4.58, 32: 5.3, 48: 6.0}, False: {16: 4.65, 32: 5.7, 48: 6.83}}
COVARIANCE = {True: 0.037, False: 0.15}
CORRELATION = {True: {}, False: {16: 0.4, 32: 0.5, 48: 0.6}}
KL = {True: {16: 0.52, 32: 0.4, 48: 0.3}, False: {16: 0.38, 32: 0.5, 48: 0.5}}
VARIANCE = {True: {}, False: {16: 0.4, 32: 0.5, 48: 0.6}}


@cache
def paper(cell: Cell) -> Arrays:
    """Results as the paper has them."""
    if isinstance(cell, Reference):
        return {k: _noisy(cell, k, x) for k, x in reference_metrics(cell).items()}
    curve: Arrays = {"curve/return": _curve(cell)}
    for trial in cell.trials:
        metrics = run_metrics(cell, trial)
        curve |= {f"{trial.name}: {k}": _noisy(cell, k, x) for k, x in metrics.items()}
    return curve


def regularised(run: Run) -> bool:
    """Whether the run is one of SCALE or of a variant with the same effect."""
    return run.method.startswith(("SCALE", "mean"))


def run_metrics(run: Run, trial: Trial) -> dict[str, float]:
    """Metrics of one test."""
    n, ours = trial.system.n_servers, regularised(run)
    arrived = 55.0 * n / 16
    tasks = TASKS.get(run.method, 8.0) * n / 16
    tasks *= (2.0 if trial.rule == "masked" else 1.0) * (1.5 if "masked" in run.method else 1.0)
    response = SECONDS.get(run.method, GROWTH[ours].get(n, 5.0))
    return {
        "response": response,
        "all_response": 10.0 if ours else 12.0,
        "completed": arrived if trial.deadline else tasks,
        "arrived": arrived,
        "longest": 3.0,
        "end": 10.0,
        **{f"{s} {k}": x for s in ("visited", "ready") for k, x in features(ours, n).items()},
    }


def features(ours: bool, n: int) -> dict[str, float]:
    """Statistics of the attention feature."""
    return {
        "covariance": COVARIANCE[ours],
        "correlation": CORRELATION[ours].get(n, 0.1),
        "kl": KL[ours].get(n, 0.5),
        "variance": VARIANCE[ours].get(n, 1.0),
        "shift": 0.1 if ours else 0.3,
    }


def reference_metrics(cell: Reference) -> dict[str, float]:
    """Metrics of a scheduler that needs no training."""
    large = cell.trial.system.n_servers > 16
    slow = {"fastest fit": 13.0, "earliest finish": 14.0}
    seconds = {"fastest fit": 4.6, "slowest fit": 7.0 if large else 5.0}
    fast = cell.policy == "fastest fit"
    return {
        "response": seconds.get(cell.policy, 4.9),
        "all_response": slow.get(cell.policy, 30.0),
        "completed": 8.4,
        "returns": 2.0 if fast else 1.0,
        "discounted": 1.0 if fast else 0.5,
    }


def _curve(run: Run) -> np.ndarray:
    """Return per epoch: constant but for noise, larger without regularisation."""
    noise = rng_of(run, "curve").normal(size=max(run.epochs, 4))
    level = RETURNS.get(run.method, 1.0)
    return level * (1 + (2e-3 if regularised(run) else 2e-2) * np.abs(noise))


def _noisy(cell: Cell, key: str, value: float) -> np.ndarray:
    exact = key in ("arrived", "completed") or isinstance(cell, Reference)
    episodes = cell.trial.episodes if isinstance(cell, Reference) else cell.episodes.published
    scale = 0.0 if exact else 1e-3
    return value * (1 + scale * rng_of(cell, key).normal(size=episodes))


def rng_of(cell: Cell, key: str) -> np.random.Generator:
    """Noise that is the cell's own."""
    return np.random.default_rng(zlib.crc32(f"{cell!r}{key}".encode()))
