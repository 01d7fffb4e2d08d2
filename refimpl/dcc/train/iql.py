"""Independent Q-learning on the true joint game: the baseline without coordination [DCC sec. 5].

Every device learns alone from what it is charged in the joint game: its own cost with the
congestion of everybody who offloads in the same slot, or the mean cost of all devices ("common
reward"). The paper's settings and a setting tuned as carefully as the coordinated method are two
presets.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.train.population import Population
from refimpl.dcc.train.record import add_point, empty_curve
from refimpl.dcc.train.settings import QSettings
from refimpl.dcc.train.tabular import Learner, Shaping, greedy_policy, new_learner, play_episode
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]


def own_cost(population: Population) -> Shaping:
    """Charge every device its own cost in the joint game [DCC eq. 1]."""
    n_games, n_devices = population.n_games, population.n_devices
    crowd = np.arange(1.0, n_devices + 1)
    penalty = np.append(0.0, population.congestion.penalty(crowd))

    def shaping(local: Floats, offloading: NDArray[np.bool_]) -> Floats:
        counts = offloading.reshape(n_games, n_devices).sum(axis=1)
        return np.asarray(local + offloading * np.repeat(penalty[counts], n_devices))

    return shaping


def common_cost(population: Population) -> Shaping:
    """Charge every device the mean cost of its game: a common reward on the same scale."""
    own = own_cost(population)
    shape = (population.n_games, population.n_devices)

    def shaping(local: Floats, offloading: NDArray[np.bool_]) -> Floats:
        mean = own(local, offloading).reshape(shape).mean(axis=1)
        return np.repeat(mean, population.n_devices)

    return shaping


def independent_q(
    population: Population,
    shaping_of: Callable[[Population], Shaping],
    settings: QSettings,
    points: int,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Train all devices together, each with its own table, and record the learning curve.

    Parameters
    ----------
    population : Population
    shaping_of : callable
        :func:`own_cost` or :func:`common_cost`.
    settings : QSettings
        ``settings.steps`` joint steps, the same number for every device.
    points : int
        Equidistant points of the learning curve; must divide the number of blocks.
    seed : int
        Seed of the run.
    checkpoint : path-like, optional
        File to continue from and to write to after every point.

    Returns
    -------
    dict
        The curve of :func:`refimpl.dcc.train.record.add_point` and the final ``q`` and ``visits``.
    """
    if points < 1 or settings.n_blocks % points:
        raise ValueError(
            f"points must divide the {settings.n_blocks} blocks of the run; got {points}"
        )
    per_point = settings.n_blocks // points
    shaping = shaping_of(population)

    def stage(k: int, state: Arrays) -> Arrays:
        rng = generator(seed, "iql", k)
        learner = Learner(population.batch, state["q"], state["visits"], fresh.rates)
        policies = np.zeros(state["q"].shape)
        n_averaged = max(1, round(settings.averaged * per_point))
        for block in range(k * per_point, (k + 1) * per_point):
            for _ in range(settings.block // settings.episode):
                epsilon = settings.exploration_at(block)
                play_episode(learner, shaping, epsilon, settings.episode, rng)
            if block >= (k + 1) * per_point - n_averaged:
                policies += greedy_policy(learner.q)
        steps = (k + 1) * per_point * settings.block
        return add_point(state, steps, population, policies / n_averaged)

    fresh = new_learner(population.batch, settings.q_start, settings)
    start = {**empty_curve(population.n_games), "q": fresh.q, "visits": fresh.visits}
    label = {
        "method": f"iql {shaping_of.__name__}",
        "population": population.label,
        "settings": repr(settings),
        "points": points,
        "seed": seed,
    }
    return run_stages(stage, points, start, label, checkpoint)
