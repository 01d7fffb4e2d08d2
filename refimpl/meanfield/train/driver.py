"""PPO on whole episodes of the queueing system, for any way to observe and decide.

What differs between learning one rule for all, one agent shared by all, and a policy with memory
is a :class:`Method`; what an iteration does is the same [MF Algorithm 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array, Params
from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.epoch import interpolated_epoch
from refimpl.meanfield.model.simulator import BLOCK, epochs_for, simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.rules import Policy
from refimpl.meanfield.train.baselines import episode_advantages
from refimpl.meanfield.train.rollouts import Decide, Episodes, grouped_levels, play
from refimpl.meanfield.train.settings import PPOTraining, label, system_label
from refimpl.shared.actor_critic import (
    Learner,
    Model,
    learner,
    learner_arrays,
    restore_learner,
    values_of,
)
from refimpl.shared.adaptive_kl import AdaptiveKL
from refimpl.shared.adaptive_kl import update as penalised_update
from refimpl.shared.batch import Batch
from refimpl.shared.gae import standardized
from refimpl.shared.gaussian_head import halves
from refimpl.shared.gradient_step import Losses
from refimpl.shared.optimizer import group, joined
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Arrays = dict[str, NDArray[Any]]
EVALUATION_EPISODES, EVALUATION_TIME = 20, 50.0
MakePolicy = Callable[[], Policy]
"""Makes a policy for one batch of episodes; one with a memory starts with an empty one."""


def always(policy: Policy) -> MakePolicy:
    """Policy without memory: the same one for every batch."""
    return lambda: policy


def flattened(columns: Array) -> Array:
    """(T, E, ...) as T * E samples."""
    return columns.reshape(-1, *columns.shape[2:])


def sequences(columns: Array) -> Array:
    """(T, E, ...) as E samples, each a sequence of T."""
    return np.swapaxes(columns, 0, 1)


@dataclass(frozen=True)
class Method:
    """What to learn and how it sees and acts.

    Attributes
    ----------
    name : str
        Names the random streams and the checkpoint.
    model : Model
    start : callable
        ``start(rng) -> (actor, critic)``, first parameters.
    decide : callable
        ``decide(actor) -> Decide`` for one batch of episodes.
    policies : callable
        ``policies(actor) -> {name: make_policy}`` to evaluate at every point of the curve.
    samples : callable
        :func:`flattened` or :func:`sequences`.
    samples_per_epoch : int
        Samples that an epoch of one episode counts for.
    """

    name: str
    model: Model
    start: Callable[[np.random.Generator], tuple[Params, Params]]
    decide: Callable[[Params], Decide]
    policies: Callable[[Params], Mapping[str, MakePolicy]]
    samples: Callable[[Array], Array] = flattened
    samples_per_epoch: int = 1


def run(
    system: System,
    settings: PPOTraining,
    method: Method,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Train, and evaluate on the way.

    Returns
    -------
    dict
        ``actor.*``, the trained parameters; ``curve.*``, one entry per point: ``steps`` epochs
        played, ``training_return`` mean undiscounted return of the episodes of the last batch,
        ``evaluation NAME`` drops per queue in 50 units of time for every policy, on the same
        arrivals for every seed, ``action_std`` geometric mean of the deviations, ``kl`` divergence
        over the last update, ``kl_coefficient`` for the next.
    """
    episodes = settings.episodes(method.samples_per_epoch)

    def stage(k: int, saved: Arrays) -> Arrays:
        trained = restore_learner(group(saved, "learner"), settings.update.optimizer)
        penalty = replace(settings.penalty, coefficient=float(saved["coefficient"]))
        for i in range(k * settings.evaluate_every, (k + 1) * settings.evaluate_every):
            rng = generator(seed, method.name, i)
            batch, played = collected(system, settings, method, trained, rng)
            trained, losses, penalty = penalised_update(
                method.model, trained, batch, settings.update, penalty, rng
            )
        steps = (k + 1) * settings.evaluate_every * settings.horizon * episodes
        point = _point(system, method, trained, batch, (losses, penalty))
        point |= {"steps": float(steps), "training_return": played.rewards.sum(axis=0).mean()}
        return {**_state(trained, penalty), **_appended(group(saved, "curve"), point)}

    actor, critic = method.start(generator(seed, method.name, "start"))
    fresh = learner(actor, critic, settings.update.optimizer)
    name = {"method": method.name, "seed": seed, **label(settings), **system_label(system)}
    start = {**_state(fresh, settings.penalty), "curve.steps": np.zeros(0)}
    end = run_stages(stage, settings.iterations // settings.evaluate_every, start, name, checkpoint)
    return {
        key.removeprefix("learner.params."): array
        for key, array in end.items()
        if key.startswith(("learner.params.actor.", "curve."))
    }


def collected(
    system: System,
    settings: PPOTraining,
    method: Method,
    trained: Learner,
    rng: np.random.Generator,
) -> tuple[Batch, Episodes]:
    """Play one batch of episodes and turn it into samples [MF Algorithm 1, lines 5 to 21]."""
    episodes = settings.episodes(method.samples_per_epoch)
    modulation, epoch = system.modulation, settings.make_epoch(system, rng)
    levels = grouped_levels(modulation, settings.horizon, episodes, settings.group, rng)
    played = play(system, epoch, method.decide(trained.actor), levels, rng)
    return to_batch(settings, method, trained, played), played


def to_batch(settings: PPOTraining, method: Method, trained: Learner, played: Episodes) -> Batch:
    """Turn episodes into samples with advantages standardised over all of them.

    The reward of an epoch counts for every agent that acted in it.
    """
    seen = method.samples(played.observations)
    critic = values_of(method.model, trained.critic, seen)
    shape = played.log_probs.shape
    by_time = critic.reshape(shape) if method.samples is flattened else np.swapaxes(critic, 0, 1)
    rewards = played.rewards.reshape(*played.rewards.shape, *(1,) * (len(shape) - 2))
    rewards = np.broadcast_to(rewards, shape).astype(critic.dtype)
    values = settings.baseline(rewards, by_time, settings.gamma, settings.group)
    advantages, returns = episode_advantages(rewards, values, settings.gamma, settings.gae_lambda)
    columns = (standardized(advantages), by_time, returns)
    return Batch(
        seen,
        method.samples(played.actions),
        method.samples(played.log_probs),
        *(method.samples(column) for column in columns),
    )


def evaluate(system: System, make_policy: MakePolicy) -> float:
    """Measure drops per queue in 50 time units; same random numbers for every policy."""
    levels = sample_levels(
        system.modulation,
        epochs_for(EVALUATION_TIME, system.dt),
        EVALUATION_EPISODES,
        generator(0, "evaluation", "levels"),
    )
    epoch, width = interpolated_epoch(system), max(1, BLOCK // system.n)
    totals = []
    for first in range(0, EVALUATION_EPISODES, width):
        rng = generator(0, "evaluation", first)
        block = levels[:, first : first + width]
        totals.append(simulate(system, make_policy(), block, rng, epoch).total)
    return float(np.concatenate(totals).mean())


def _point(
    system: System,
    method: Method,
    trained: Learner,
    batch: Batch,
    last: tuple[Losses, AdaptiveKL],
) -> dict[str, float]:
    losses, penalty = last
    outputs, _ = method.model.actor.forward(trained.actor, batch.observations)
    policies = method.policies(trained.actor)
    return {
        **{f"evaluation {name}": evaluate(system, p) for name, p in policies.items()},
        "action_std": float(np.exp(halves(outputs)[1].mean())),
        "kl": float(losses.kl),
        "kl_coefficient": penalty.coefficient,
    }


def _state(trained: Learner, penalty: AdaptiveKL) -> Arrays:
    coefficient = np.asarray(penalty.coefficient)
    return {**joined(learner=learner_arrays(trained)), "coefficient": coefficient}


def _appended(curve: Arrays, point: Mapping[str, float]) -> Arrays:
    grown = {key: np.append(curve.get(key, np.zeros(0)), value) for key, value in point.items()}
    return joined(curve=grown)
