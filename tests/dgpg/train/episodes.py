"""Made-up episodes in the shapes of :data:`strategies.DIRECT`, and slow ways to read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from linear_models.params import Params
from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.experience import Experience
from refimpl.dgpg.train.learner import Learner, Trained
from refimpl.dgpg.train.networks import Samples, as_dtype, index_table
from refimpl.dgpg.train.settings import TrainSettings
from tests.dgpg.train.strategies import DIRECT, Array

STEPS, ROLLOUTS = 12, 2


def doubles(settings: TrainSettings) -> Learner:
    """Untrained learner in double precision."""
    learner = start(DIRECT, settings, 3)
    actor, critic = (
        Trained.fresh(as_dtype(part.params, np.float64)) for part in (learner.actor, learner.critic)
    )
    return replace(learner, actor=actor, critic=critic)


def experience(seed: int = 0) -> Experience:
    """Random numbers in the shape of an episode of :data:`DIRECT`, in double precision."""
    rng = np.random.default_rng(seed)
    active = np.argwhere(rng.random((STEPS * ROLLOUTS, 2)) < 0.6)
    n = len(active)
    return Experience(
        2,
        rng.random((STEPS, ROLLOUTS, 19)),
        -rng.random((STEPS, ROLLOUTS)) * 10,
        rng.random((STEPS, ROLLOUTS)),
        active[:, 0],
        rng.random((n, 2)),
        active[:, 1],
        rng.integers(0, 2, n),
        np.log(rng.uniform(0.4, 0.6, n)),
        rng.standard_normal(n) * 7 + 3,
    )


def two_rngs() -> tuple[np.random.Generator, np.random.Generator]:
    return np.random.default_rng(1), np.random.default_rng(2)


def inputs_of(samples: Samples, params: Params) -> Array:
    """Whole inputs, row by row."""
    if samples.own is None:
        return samples.table[samples.rows]
    index = index_table(params, samples.n_agents)
    n_shared = samples.table.shape[1] - 2 - index.shape[1]
    shared = samples.table[samples.rows, :n_shared]
    return np.concatenate([shared, samples.own, index[samples.agent]], axis=1)
