"""Training: an episode is a batch of rollouts and one update; a run is a chain of episodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Params
from refimpl.dgpg.model.observations import observer_for
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.train.batches import prepare
from refimpl.dgpg.train.learner import Learner, Trained
from refimpl.dgpg.train.methods import Sizes
from refimpl.dgpg.train.networks import ACTOR_GAIN, Actor, agent_network, as_dtype
from refimpl.dgpg.train.rollouts import DTYPE, capped, collect
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.state import learner_arrays, restored_learner
from refimpl.dgpg.train.update import Each, update
from refimpl.shared.labels import label
from refimpl.shared.optimizer import group, joined
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Arrays = dict[str, NDArray[Any]]
Measured = Mapping[str, NDArray[np.float64]]
OnEpisode = Callable[[int, Learner, Mapping[str, float]], Measured]
"""``on_episode(number, learner after it, row of the curve)``: further quantities of the curve."""


def no_hook(episode: int, learner: Learner, row: Mapping[str, float]) -> Measured:
    """Measure nothing after an episode."""
    del episode, learner, row
    return {}


def sizes_of(system: SystemSettings, settings: TrainSettings) -> Sizes:
    """Numbers that the networks of a run are made of."""
    _, n_shared = observer_for(system)
    return Sizes(
        n_shared,
        system.n_servers,
        system.n_clusters,
        settings.hidden,
        settings.embedding,
        settings.own_part.size(system),
    )


def start(system: SystemSettings, settings: TrainSettings, seed: int) -> Learner:
    """Untrained learner; the actor's start does not depend on the method."""
    sizes = sizes_of(system, settings)
    widths = (sizes.n_shared, *sizes.hidden, sizes.n_actions)
    rng = generator(seed, "dgpg", "actor")
    width, n_own = sizes.embedding, sizes.n_own
    actor = agent_network(rng, widths, sizes.n_agents, width, ACTOR_GAIN, n_own)
    critic = settings.method.critic.start(generator(seed, "dgpg", "critic"), sizes)
    first, second = (Trained.fresh(as_dtype(params, DTYPE)) for params in (actor, critic))
    return Learner(first, second, settings.value_scale, settings.guidance_scale)


def episode(
    system: SystemSettings,
    settings: TrainSettings,
    learner: Learner,
    seed: int,
    k: int,
    each: Each = map,
) -> tuple[Learner, dict[str, float]]:
    """Play the ``k``-th batch of rollouts and learn from it.

    Returns
    -------
    learner : Learner
    row : dict
        ``reward``, mean over rollouts of the undiscounted sum of rewards; diagnostics; seconds.
    """
    begin, fraction = time.perf_counter(), settings.fraction(k)
    scenario = settings.scenarios(system, settings.rollouts, seed, k)
    actor = Actor(learner.actor.params, system.n_servers, settings.own_part.size(system))
    played = collect(settings, scenario, actor, generator(seed, "dgpg", "act", k))
    collected = time.perf_counter()
    kept = capped(played, settings.sample_cap, generator(seed, "dgpg", "cap", k))
    batch, learner, fit = prepare(settings, learner, kept, settings.alpha(fraction))
    rngs = generator(seed, "dgpg", "actor", k), generator(seed, "dgpg", "critic", k)
    learner, means = update(settings, learner, batch, fraction, rngs, each)
    row = {
        "reward": float(played.rewards.sum(axis=0).mean()),
        "samples": float(len(played)),
        **fit,
        **means,
        "collecting": collected - begin,
        "updating": time.perf_counter() - collected,
    }
    return learner, row


def train(
    system: SystemSettings,
    settings: TrainSettings,
    seed: int,
    episodes: int | None = None,
    checkpoint: Path | str | None = None,
    on_episode: OnEpisode = no_hook,
    each: Each = map,
) -> Arrays:
    """Train, resumable after every episode to the same bits.

    Parameters
    ----------
    system : SystemSettings
    settings : TrainSettings
    seed : int
    episodes : int, optional
        How many to run; by default as many as the schedules are made for.
    checkpoint : path-like, optional
        File to continue from and to write to.
    on_episode : callable
        Called after every episode that this call runs; what it returns joins the curve, and must
        have the same names and shapes after every episode.
    each : callable
        See :func:`refimpl.dgpg.train.update.update`.

    Returns
    -------
    dict
        ``actor.*`` and ``critic.*``, parameters and optimiser state; ``scales``; ``curve.*``, one
        entry per episode of everything :func:`episode` says.

    Raises
    ------
    ValueError
        If the checkpoint belongs to another run, or a number stops being finite.
    """

    def stage(k: int, saved: Arrays) -> Arrays:
        learner = restored_learner(saved, settings)
        learner, row = episode(system, settings, learner, seed, k, each)
        measured = on_episode(k, learner, row)
        return {**learner_arrays(learner), **_appended(saved, {**row, **measured})}

    name = {"seed": str(seed), **label(settings)}
    name |= {f"system {key}": text for key, text in label(system).items()}
    first = learner_arrays(start(system, settings, seed))
    return run_stages(stage, episodes or settings.episodes, first, name, checkpoint)


def actor_of(arrays: Arrays) -> Params:
    """Parameters of the actor in what :func:`train` returns."""
    return group(group(arrays, "actor"), "params")


def curve_of(arrays: Arrays) -> dict[str, NDArray[np.float64]]:
    """Curve in what :func:`train` returns: one array per quantity, one entry per episode."""
    return group(arrays, "curve")


def _appended(saved: Arrays, row: Mapping[str, float | NDArray[np.float64]]) -> Arrays:
    grown = {}
    for key, value in row.items():
        entry = np.asarray(value)[None]
        before = saved.get(f"curve.{key}", entry[:0])
        grown[key] = np.concatenate([before, entry])
    return joined(curve=grown)
