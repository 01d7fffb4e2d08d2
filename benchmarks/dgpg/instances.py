"""Networks, samples and episodes that the workloads share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.train.batches import Batch
from refimpl.dgpg.train.driver import sizes_of, start
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.methods import DGPG
from refimpl.dgpg.train.networks import agent_samples
from refimpl.dgpg.train.presets import linear_published, neural_published
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.shared.seeds import generator

MINIBATCHES = 4
STATES = 3000


def table_6(n_servers: int = 10) -> tuple[SystemSettings, TrainSettings]:
    """System and settings of the controlled comparison."""
    return chosen(n_servers).settings, linear_published(DGPG).settings


def table_7(n_servers: int) -> tuple[SystemSettings, TrainSettings]:
    """System and settings of a scale."""
    return chosen(n_servers).settings, neural_published(n_servers).settings


def one_pass(settings: TrainSettings) -> TrainSettings:
    """Return settings with the same gradient steps, but only one pass for actor and critic."""
    return replace(settings, actor_epochs=1, critic_epochs=1)


def made_up(system: SystemSettings, settings: TrainSettings) -> tuple[Learner, Batch]:
    """Untrained learner and a batch of random numbers in the shapes of an episode.

    Ratios are spread so that some are clipped and some are not. The critic has a sample for every
    sample of the actor.
    """
    rng = generator(0, "benchmark", "dgpg", system.n_servers)
    learner, sizes = start(system, settings, 0), sizes_of(system, settings)
    n = MINIBATCHES * settings.minibatch
    rows = rng.integers(0, STATES, n)
    own = rng.random((n, 2), dtype=np.float32)
    agent, actions = rng.integers(0, sizes.n_agents, n), rng.integers(0, sizes.n_actions, n)
    log_probs = -np.log(sizes.n_actions) + 0.3 * rng.standard_normal(n)
    states = rng.random((STATES, sizes.n_shared), dtype=np.float32)
    seen = agent_samples(
        states, rows, own, agent, (len(learner.actor.params["W0"]), sizes.n_agents)
    )
    judged = replace(seen, table=states, own=None)
    signal, targets = rng.standard_normal((2, n)).astype(np.float32)
    return learner, Batch(seen, actions, log_probs.astype(np.float32), signal, judged, targets)


def single_precision_product(size: int = 1024) -> Callable[[], object]:
    """Product of two large matrices in single precision, the limit of the machine."""
    a, b = generator(0, "benchmark", "product").random((2, size, size), dtype=np.float32)
    return partial(np.matmul, a, b, out=np.empty_like(a))
