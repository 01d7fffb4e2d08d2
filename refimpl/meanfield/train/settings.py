"""Settings of the learning methods [MF Table 2]; for their values see ``presets``."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from linear_models.validation import check_count, check_positive
from refimpl.meanfield.model.system import System
from refimpl.meanfield.train.baselines import Baseline, critic_values
from refimpl.meanfield.train.rollouts import MakeEpoch, expected_drops
from refimpl.shared.adaptive_kl import AdaptiveKL
from refimpl.shared.gae import unscaled
from refimpl.shared.gradient_step import unclipped
from refimpl.shared.optimizer import adam
from refimpl.shared.ppo import PPOSettings

S = TypeVar("S", bound="PPOTraining")


@dataclass(frozen=True)
class PPOTraining:
    """One run of PPO on whole episodes [MF Table 2].

    Parameters
    ----------
    horizon : int
        Epochs of an episode.
    gamma, gae_lambda : float
        Discount factor, weight of longer sums in the advantages.
    kl_coefficient, kl_target : float
        Of the adaptive penalty: first weight, divergence aimed at.
    clip : float
        Of the probability ratio.
    learning_rate : float
        Of Adam.
    batch, minibatch : int
        Samples per iteration and per gradient step.
    passes : int
        Passes over the batch.
    hidden, critic_hidden : tuple of int
        Hidden layers of actor and critic, tanh.
    value_coefficient, value_clip, entropy_coefficient : float
        Weight of the value loss, largest move of a value, weight of the entropy.
    log_std : float
        First value of the log-deviations that the actor puts out.
    baseline : callable
        Of :mod:`refimpl.meanfield.train.baselines`.
    group : int
        Episodes that share one path of arrival rates.
    make_epoch : callable
        ``rollouts.expected_drops`` or ``rollouts.counted_drops``.
    iterations : int
        Batches.
    evaluate_every : int
        Iterations between two points of the learning curve.

    Raises
    ------
    ValueError
        If a number is out of range, or batch, horizon and group do not fit.
    """

    horizon: int = 50
    gamma: float = 0.99
    gae_lambda: float = 1.0
    kl_coefficient: float = 0.2
    kl_target: float = 0.01
    clip: float = 0.3
    learning_rate: float = 5e-5
    batch: int = 4000
    minibatch: int = 128
    passes: int = 8
    hidden: tuple[int, ...] = (256, 256)
    critic_hidden: tuple[int, ...] = (256, 256)
    value_coefficient: float = 1.0
    value_clip: float = 10.0
    entropy_coefficient: float = 0.0
    log_std: float = 0.0
    baseline: Baseline = critic_values
    group: int = 1
    make_epoch: MakeEpoch = expected_drops
    iterations: int = 100
    evaluate_every: int = 10

    def __post_init__(self) -> None:
        counts = ("horizon", "batch", "minibatch", "passes", "group", "iterations")
        for name in (*counts, "evaluate_every"):
            check_count(name, getattr(self, name))
        for width in (*self.hidden, *self.critic_hidden):
            check_count("hidden", width)
        check_positive("kl_target", self.kl_target)
        if not math.isfinite(self.log_std):
            raise ValueError(f"log_std must be finite; got {self.log_std}")
        if self.minibatch > self.batch:
            raise ValueError(
                f"minibatch must be at most the batch, {self.batch}; got {self.minibatch}"
            )
        if self.iterations % self.evaluate_every:
            raise ValueError(
                f"evaluate_every must divide the {self.iterations} iterations; "
                f"got {self.evaluate_every}"
            )
        # The other numbers are checked by those who use them.
        _ = self.update, self.penalty

    def episodes(self, samples_per_epoch: int = 1) -> int:
        """Episodes that make a batch, when each epoch of an episode gives so many samples.

        Raises
        ------
        ValueError
            If no whole number of groups of episodes makes a batch.
        """
        per_group = self.horizon * samples_per_epoch * self.group
        if self.batch % per_group:
            raise ValueError(
                f"batch must be a multiple of {per_group}, the samples of {self.group} episodes; "
                f"got {self.batch}"
            )
        return self.batch // per_group * self.group

    @property
    def n_minibatches(self) -> int:
        """Gradient steps per pass: parts of at most about ``minibatch`` samples."""
        return -(-self.batch // self.minibatch)

    @property
    def penalty(self) -> AdaptiveKL:
        """The adaptive penalty before the first batch."""
        return AdaptiveKL(self.kl_coefficient, self.kl_target)

    @property
    def update(self) -> PPOSettings:
        """Settings of the update; advantages are standardised before, over the whole batch."""
        return PPOSettings(
            n_steps=self.horizon,
            gamma=self.gamma,
            lam=self.gae_lambda,
            clip=self.clip,
            value_clip=self.value_clip,
            entropy_coef=self.entropy_coefficient,
            value_coef=self.value_coefficient,
            epochs=self.passes,
            n_minibatches=self.n_minibatches,
            learning_rate=self.learning_rate,
            optimizer=adam(),
            scale_advantages=unscaled,
            clip_gradients=unclipped,
        )


def label(settings: object) -> dict[str, str]:
    """Fields as JSON strings that are the same in every process: functions by their names.

    Without the number of iterations or rounds: a longer run continues a shorter one.
    """
    values = {f.name: getattr(settings, f.name) for f in fields(settings)}  # type: ignore[arg-type]
    names = {name: getattr(v, "__qualname__", None) or repr(v) for name, v in values.items()}
    return {name: text for name, text in names.items() if name not in ("iterations", "rounds")}


def system_label(system: System) -> dict[str, str]:
    """Name a system in JSON strings, its graph and servers by checksums."""
    graph = np.concatenate([system.graph.starts, system.graph.neighbours]).astype("<i8")
    servers = system.services.astype("<f8")
    return {
        "queues": f"{system.n} {system.buffer} {system.dt!r} {system.modulation!r}",
        "checksums": f"{zlib.crc32(graph.tobytes())} {zlib.crc32(servers.tobytes())}",
    }


def with_iterations(settings: S, iterations: int, evaluate_every: int | None = None) -> S:
    """Return the same settings for another budget; by default ten points on the curve."""
    every = evaluate_every or max(1, iterations // 10)
    return replace(settings, iterations=iterations, evaluate_every=every)
