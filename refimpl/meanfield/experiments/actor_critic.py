"""The scalable actor-critic on rings of several sizes [MF Fig. 4]."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from refimpl.ledger import Arrays, Job
from refimpl.meanfield.experiments.evaluation import drops_per_queue
from refimpl.meanfield.experiments.settings import Setting
from refimpl.meanfield.policies.discrete import table_policy
from refimpl.meanfield.train.presets import SAC_NEURAL, SAC_TABULAR
from refimpl.meanfield.train.scalable_actor_critic import train
from refimpl.shared.seeds import seed_sequence

DELAY = 3.0
"""Delay of the comparison (published)."""

NAMES = {"SAC tabular": SAC_TABULAR.settings, "SAC neural": SAC_NEURAL.settings}
"""Settings by the name of the policy."""


def train_and_evaluate(
    agents: int,
    name: str,
    rounds: int,
    episodes: int,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Train every agent of a ring, then simulate [MF Fig. 4].

    Returns
    -------
    dict
        ``curve.*``, ``seconds`` of training, ``drops`` (episodes,).
    """
    setting = ring_of(agents)
    settings = replace(NAMES[name], rounds=rounds, evaluate_every=max(1, rounds // 10))
    own_seed = seed_sequence(seed, "meanfield", "actor-critic", agents).generate_state(1)[0]
    start = time.perf_counter()
    trained = train(setting.system(seed), settings, int(own_seed), checkpoint)
    seconds = time.perf_counter() - start
    drops = drops_per_queue(setting, table_policy(trained["logits"]), episodes, seed)
    curve = {key: array for key, array in trained.items() if key.startswith("curve.")}
    return {**curve, "seconds": np.array(seconds), "drops": drops}


def ring_of(agents: int) -> Setting:
    """Return the system with so many agents."""
    return Setting("ring", agents, DELAY)


def job(agents: int, name: str, rounds: int, episodes: int, seed: int) -> Job:
    """:func:`train_and_evaluate` as a resumable job."""
    words = f"{name.replace(' ', '-')}/n{agents}/rounds{rounds}/episodes{episodes}/seed{seed}"
    return Job(f"meanfield/{words}", train_and_evaluate, (agents, name, rounds, episodes, seed))
