"""Claims about learning: Table 2 is what runs as published, Algorithm 1 is what is run.

What the settings lead to is the matter of the experiments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.meanfield.claims.findings import largest_gap
from refimpl.meanfield.model.epoch import interpolated_epoch
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import configuration_model
from refimpl.meanfield.train.driver import to_batch
from refimpl.meanfield.train.mean_field_ppo import method, upper_level
from refimpl.meanfield.train.presets import PUBLISHED
from refimpl.meanfield.train.rollouts import Decide, Decision, Ints, grouped_levels, play
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.actor_critic import learner, values_of
from refimpl.shared.gaussian_head import halves
from refimpl.shared.optimizer import adam
from refimpl.shared.presets import Preset

Array = NDArray[Any]

TABLE_2: Mapping[str, tuple[float, float]] = {
    "gamma": (0.99, 0.99),
    "gae_lambda": (1.0, 1.0),
    "kl_coefficient": (0.2, 0.2),
    "kl_target": (0.01, 0.01),
    "clip": (0.3, 0.3),
    "learning_rate": (5e-5, 5e-5),
    "batch": (4000, 24000),
    "minibatch": (128, 4000),
    "passes": (5, 8),
    "horizon": (50, 50),
}
"""Table 2 in the names of the settings: the least and the largest value it prints."""


def check_table(preset: Preset[PPOTraining], context: Context) -> Finding:
    """Count rows that do not run as printed, and numbers tagged as published that are not there."""
    del context
    run = preset.fields_tagged("published")
    numbers = {name for name, value in run.items() if isinstance(value, int | float)}
    outside = [
        name
        for name, (least, largest) in TABLE_2.items()
        if name not in run or not least <= run[name] <= largest
    ]
    wrong = len(outside) + len(numbers - TABLE_2.keys())
    return exactly(float(wrong), 0.0, rows=float(len(TABLE_2)))


@dataclass(frozen=True)
class Trainer:
    """How a decision is made in training: ``decide(actor, buffer) -> Decide``."""

    decide: Callable[[Any, int], Decide]


def one_epoch_late(actor: Any, buffer: int) -> Decide:
    """Decide from the queue lengths of the epoch before, as if the observation were delayed."""
    inner, before = upper_level(actor, buffer), []

    def decide(states: Ints, rng: np.random.Generator) -> Decision:
        before.append(states)
        return inner(before[-2:][0], rng)

    return decide


def check_algorithm(trainer: Trainer, context: Context) -> Finding:
    """Play a batch while writing down what the queues went through, and recompute it in loops.

    On a graph with two degrees, so that it matters whose degree splits the jobs.
    """
    rng = context.rng("meanfield", "algorithm-1")
    system = System(configuration_model(12, rng))
    settings = replace(PUBLISHED.settings, horizon=6, batch=30, minibatch=30, hidden=(16,))
    how = method(system, settings)
    actor, critic = how.start(rng)
    log: list[tuple[Array, ...]] = []
    inner = interpolated_epoch(system)

    def epoch(states: Ints, rates: Array, uniforms: Array) -> tuple[Ints, Array]:
        after, drops = inner(states, rates, uniforms)
        log.append((states, rates, drops))
        return after, drops

    levels = grouped_levels(system.modulation, 6, 5, 1, rng)
    played = play(system, epoch, trainer.decide(actor, system.buffer), levels, rng)
    trained = learner(actor, critic, adam())
    batch = to_batch(settings, how, trained, played)
    states, rates, drops = (np.stack(column) for column in zip(*log, strict=True))
    values = values_of(how.model, critic, played.observations)
    outputs, _ = how.model.actor.forward(actor, played.observations)
    errors = {
        "start": float(np.abs(states[0]).max()),
        "observations": largest_gap(played.observations, _distributions(states, system.buffer)),
        "rates": largest_gap(rates, _rates(system, states, played.actions, system.rates(levels))),
        "rewards": largest_gap(played.rewards, -drops.mean(axis=2)),
        "log_probs": largest_gap(played.log_probs, _log_densities(outputs, played.actions)),
        "advantages": largest_gap(
            batch.advantages.reshape(6, 5), _advantages(played.rewards, values, settings.gamma)
        ),
    }
    # Single precision: at most a few hundred terms of the order of 1.
    return exactly(max(errors.values()), 1e-4, **errors)


def _distributions(states: Array, buffer: int) -> Array:
    return np.stack([(states == z).mean(axis=2) for z in range(buffer + 1)], axis=-1)


def _rates(system: System, states: Array, actions: Array, common: Array) -> Array:
    """Arrival rates by a loop over senders [MF sec. 1.2.4]."""
    rates = np.zeros(states.shape)
    for t, e, j in np.ndindex(states.shape):
        z, neighbours = states[t, e, j], system.graph.neighbours_of(j)
        keep, send = np.clip((1 + actions[t, e, 2 * z : 2 * z + 2].astype(float)) / 2, 0, 1) + 1e-10
        rates[t, e, j] += common[t, e] * keep / (keep + send)
        rates[t, e, neighbours] += common[t, e] * send / (keep + send) / len(neighbours)
    return rates


def _log_densities(outputs: Array, actions: Array) -> Array:
    mean, log_std = (half.astype(float) for half in halves(outputs))
    z = (actions - mean) / np.exp(log_std)
    densities: Array = -(0.5 * z * z + log_std + 0.5 * np.log(2 * np.pi)).sum(axis=-1)
    return densities


def _advantages(rewards: Array, values: Array, gamma: float) -> Array:
    """Discounted sum of rewards to the end of the episode minus value, standardised."""
    horizon = len(rewards)
    ahead = [gamma ** np.arange(horizon - t) @ rewards[t:] for t in range(horizon)]
    raw = np.stack(ahead) - values
    return np.asarray((raw - raw.mean()) / raw.std())


def _mistuned(preset: Preset[PPOTraining], **values: Any) -> Preset[PPOTraining]:
    return replace(preset, settings=replace(preset.settings, **values))


CLAIMS = (
    Claim(
        "meanfield/table-2",
        "Table 2",
        "PPO runs with discount 0.99, lambda 1, KL coefficient 0.2 and target 0.01, clip 0.3, rate "
        "5e-5, 4000 to 24000 samples in minibatches of 128 to 4000, 5 to 8 passes, 50 epochs.",
        ("MF-46b",),
        Kind.EXACT,
        check_table,
        PUBLISHED,
        Control("lambda 0.9 under the tag of the paper", _mistuned(PUBLISHED, gae_lambda=0.9)),
    ),
    Claim(
        "meanfield/algorithm-1",
        "Algorithm 1",
        "From empty queues, one rule per epoch is drawn given the distribution of queue lengths, "
        "every agent acts by it, and minus the drops per queue are turned into GAE advantages.",
        ("MF-24",),
        Kind.EXACT,
        check_algorithm,
        Trainer(upper_level),
        Control("the rule is drawn given the epoch before", Trainer(one_epoch_late)),
    ),
)
