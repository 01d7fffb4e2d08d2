"""Settings of a training run; for their values see ``presets`` [DG-PG App. I.2]."""

from __future__ import annotations

import math
from dataclasses import dataclass

from linear_models.validation import check_count, check_positive
from refimpl.dgpg.model.own_part import DEMAND, OwnPart
from refimpl.dgpg.objective.advantage import RunningScale
from refimpl.dgpg.objective.guidance import AFTER_UTILIZATION, Guidance
from refimpl.dgpg.train.baselines import Baseline, no_baseline
from refimpl.dgpg.train.methods import DGPG, Method, Regression, every_value
from refimpl.dgpg.train.scenarios import Scenarios, fresh_clusters
from refimpl.dgpg.train.schedules import Exponential, Linear, Schedule
from refimpl.dgpg.train.shaping import Potential, no_potential
from refimpl.dgpg.train.value_scale import ValueScale
from refimpl.shared.gae import check_unit_interval

_RATE, _ENTROPY, _ALPHA = Exponential(3e-4, 1e-4), Exponential(0.02, 0.001), Linear(0.9, 0.2)
_VALUE_SCALE, _GUIDANCE_SCALE = ValueScale(), RunningScale()


@dataclass(frozen=True)
class TrainSettings:
    """One training run.

    Schedules are functions of the fraction of the training that is over, in [0, 1].

    Attributes
    ----------
    method : Method
        ``methods.DGPG``, ``methods.MAPPO`` or ``methods.IPPO``.
    episodes : int
        Length that the schedules are spread over; an episode is one batch of rollouts.
    rollouts : int
        Simulated side by side in an episode.
    sample_cap : int or None
        Samples kept of an episode, drawn uniformly; None: all.
    hidden : tuple of int
        Tanh layers of actor and critic; empty: linear.
    embedding : int
        Width of the learned index; 0: the index over N.
    own_part : OwnPart
        What is an agent's own in its observation.
    gamma, lam : float
        Discount factor, weight of longer sums in the advantages.
    clip : float
        Of the probability ratio.
    actor_epochs, critic_epochs : int
        Passes over the samples of the actor and over those of the critic.
    minibatch, critic_minibatch : int
        Largest number of samples in a gradient step.
    critic_samples : Regression
        ``methods.every_value`` or ``methods.values_of_samples``.
    learning_rate, critic_learning_rate : Schedule
    entropy : Schedule
        Weight of the mean entropy.
    max_grad_norm, critic_max_grad_norm : float
    huber_delta : float
        In units of the scaled value; ``inf``: half the squared error.
    value_scale : ValueScale
    alpha : Schedule
        Weight of the guidance; methods without guidance ignore it.
    guidance : Guidance
        Reading of the coefficient.
    guidance_scale : RunningScale
        Its normalisation and clipping.
    baseline : Baseline
        Subtracted from the coefficient of each job; ours, none in the paper.
    potential : Potential
        Of the shaping reward; ``no_potential`` for none.
    scenarios : Scenarios
        ``fresh_clusters`` or ``fixed_cluster``.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    method: Method = DGPG
    episodes: int = 100
    rollouts: int = 12
    sample_cap: int | None = 200_000
    hidden: tuple[int, ...] = (128, 128)
    embedding: int = 16
    own_part: OwnPart = DEMAND
    gamma: float = 0.99
    lam: float = 0.95
    clip: float = 0.2
    actor_epochs: int = 4
    critic_epochs: int = 4
    minibatch: int = 512
    critic_minibatch: int = 512
    critic_samples: Regression = every_value
    learning_rate: Schedule = _RATE
    critic_learning_rate: Schedule = _RATE
    entropy: Schedule = _ENTROPY
    max_grad_norm: float = 0.5
    critic_max_grad_norm: float = 0.5
    huber_delta: float = 10.0
    value_scale: ValueScale = _VALUE_SCALE
    alpha: Schedule = _ALPHA
    guidance: Guidance = AFTER_UTILIZATION
    guidance_scale: RunningScale = _GUIDANCE_SCALE
    baseline: Baseline = no_baseline
    potential: Potential = no_potential
    scenarios: Scenarios = fresh_clusters

    def __post_init__(self) -> None:
        counts = ("episodes", "rollouts", "actor_epochs", "critic_epochs", "minibatch")
        for name in (*counts, "critic_minibatch"):
            check_count(name, getattr(self, name))
        for width in self.hidden:
            check_count("hidden", width)
        if self.sample_cap is not None:
            check_count("sample_cap", self.sample_cap)
        if self.embedding:
            check_count("embedding", self.embedding)
        for name in ("gamma", "lam"):
            check_unit_interval(name, getattr(self, name))
        for name in ("clip", "max_grad_norm", "critic_max_grad_norm"):
            check_positive(name, getattr(self, name))
        if not self.huber_delta > 0:
            raise ValueError(f"huber_delta must be > 0; got {self.huber_delta}")
        for fraction in (0.0, 1.0):
            self._check_schedules(fraction)

    def _check_schedules(self, fraction: float) -> None:
        check_unit_interval("alpha", self.alpha(fraction))
        for name in ("learning_rate", "critic_learning_rate"):
            check_positive(name, getattr(self, name)(fraction))
        entropy = self.entropy(fraction)
        if not (math.isfinite(entropy) and entropy >= 0):
            raise ValueError(f"entropy must be finite and >= 0; got {entropy}")

    def fraction(self, episode: int) -> float:
        """Fraction of the training before an episode: 0 at the first, 1 at the last and after."""
        return min(episode / max(self.episodes - 1, 1), 1.0)
