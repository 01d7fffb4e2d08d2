"""Settings of a training run; for their values see ``presets`` [SCALE Table 2]."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linear_models import schedules
from linear_models.params import Array, Params
from linear_models.validation import check_count, check_nonnegative, check_positive
from refimpl.scale.objective.srr import LENGTH, START, Regularizer, srr, warm_up
from refimpl.scale.train.masks import Horizon, Mask, no_mask, terminal
from refimpl.scale.train.nets import Net, PointerNet
from refimpl.scale.train.rollouts import Act, Rollout
from refimpl.shared.gae import check_unit_interval, standardized

Arrays = dict[str, NDArray[Any]]

_NET, _SRR = PointerNet(), partial(srr, weight_decorrelation=0.01, weight_kl=0.001)


class Learner(Protocol):
    """What a stage of training works with; changed in place."""

    def actor(self, epoch: int) -> Act:
        """How the learner acts while it collects the experience of an epoch."""

    def learn(self, rollout: Rollout, epoch: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Make the gradient steps of an epoch; return what they saw."""

    def params(self) -> Params:
        """Parameters of what decides: the policy, or the action values."""

    def arrays(self) -> Arrays:
        """Everything that must be kept to go on."""


@dataclass(frozen=True)
class Method:
    """A learning algorithm.

    Attributes
    ----------
    name : str
    start : callable
        ``start(settings, n_servers, seed) -> arrays`` of the learner before training.
    restore : callable
        ``restore(settings, arrays) -> learner``.
    """

    name: str
    start: Callable[[TrainSettings, int, int], Arrays]
    restore: Callable[[TrainSettings, Arrays], Learner]


@dataclass(frozen=True)
class OffPolicy:
    """What learning from replayed experience needs besides; nothing of it is in the paper.

    Attributes
    ----------
    capacity : int
        Transitions remembered.
    target_period : int
        Gradient steps between copies into the target network (DQN).
    target_rate : float
        Part of the way that the target networks go in every gradient step (SAC).
    huber_delta : float
        Error from which on DQN's loss grows linearly.
    epsilon : (float, float, float)
        First and last probability of a random action (DQN), and the fraction of the epochs after
        which it is the last one.
    entropy_target : float
        Entropy that SAC's temperature aims at, as a fraction of the largest possible, ``ln N``.
    temperature : float
        Of SAC before training.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    capacity: int = 100_000
    target_period: int = 320
    target_rate: float = 0.005
    huber_delta: float = 1.0
    epsilon: tuple[float, float, float] = (1.0, 0.05, 0.1)
    entropy_target: float = 0.5
    temperature: float = 0.01

    def __post_init__(self) -> None:
        for name in ("capacity", "target_period"):
            check_count(name, getattr(self, name))
        for name in ("target_rate", "entropy_target"):
            check_unit_interval(name, getattr(self, name))
        for value in self.epsilon:
            check_unit_interval("epsilon", value)
        for name in ("huber_delta", "temperature"):
            check_positive(name, getattr(self, name))


@dataclass(frozen=True)
class TrainSettings:
    """One training run [SCALE Algorithm 1] [SCALE Table 2].

    Attributes
    ----------
    method : Method
        ``PPO``, ``DQN`` or ``SAC`` of the modules ``ppo``, ``dqn`` and ``sac``.
    net : Net
        ``PointerNet``, with or without affine layer normalisation, or ``StructuredNet``.
    regularizer : Regularizer
        Of :mod:`refimpl.scale.objective.srr`; PPO only.
    warm_up : (int, int)
        Epoch after which its weight rises, and epochs until it is whole.
    epochs : int
        Length that the schedules are spread over.
    stage : int
        Epochs between checkpoints; every stage starts with new episodes.
    environments, steps : int
        Side by side, and steps per epoch of all of them together.
    passes : int
        Over the experience of an epoch (PPO); off policy, as many gradient steps are made.
    minibatch : int
    gamma, lam : float
        Discount factor, weight of longer sums in the advantages.
    clip, entropy_coef, value_coef : float
        Of the loss of PPO.
    learning_rate : (float, float)
        First and last, a cosine between.
    max_grad_norm : float
    scale_advantages : callable
        Applied to each minibatch: ``gae.standardized`` or ``gae.unscaled``.
    mask : Mask
        ``masks.no_mask`` or ``masks.feasible_only``.
    horizon : Horizon
        ``masks.terminal`` or ``masks.truncated``.
    off_policy : OffPolicy
        Used by DQN and SAC only.

    Raises
    ------
    ValueError
        If a number is out of range, or the steps do not divide among the environments.
    """

    method: Method
    net: Net = _NET
    regularizer: Regularizer = _SRR
    warm_up: tuple[int, int] = (START, LENGTH)
    epochs: int = 1000
    stage: int = 50
    environments: int = 4
    steps: int = 1024
    passes: int = 8
    minibatch: int = 256
    gamma: float = 0.99
    lam: float = 0.95
    clip: float = 0.2
    entropy_coef: float = 0.01
    value_coef: float = 0.5
    learning_rate: tuple[float, float] = (3e-4, 5e-5)
    max_grad_norm: float = 0.5
    scale_advantages: Callable[[Array], Array] = standardized
    mask: Mask = no_mask
    horizon: Horizon = terminal
    off_policy: OffPolicy = field(default_factory=OffPolicy)

    def __post_init__(self) -> None:
        counts = ("epochs", "stage", "environments", "steps", "passes", "minibatch")
        for name in counts:
            check_count(name, getattr(self, name))
        if self.steps % self.environments:
            raise ValueError(
                f"steps must be a multiple of the {self.environments} environments; "
                f"got {self.steps}"
            )
        for name in ("gamma", "lam"):
            check_unit_interval(name, getattr(self, name))
        for name in ("clip", "max_grad_norm"):
            check_positive(name, getattr(self, name))
        for name in ("entropy_coef", "value_coef"):
            check_nonnegative(name, getattr(self, name))
        for value in self.learning_rate:
            check_positive("learning_rate", value)
        check_count("warm_up", self.warm_up[1])

    def rate(self, epoch: int) -> float:
        """Step size of epoch 0, 1, ...; the last epoch is ``epochs - 1`` [SCALE Table 2]."""
        first, last = self.learning_rate
        return schedules.cosine(first, last, max(self.epochs - 1, 1))(epoch)

    def weight(self, epoch: int) -> float:
        """Weight of the regulariser in epoch 0, 1, ...; Algorithm 1 counts from 1."""
        return warm_up(epoch + 1, *self.warm_up)

    def epsilon(self, epoch: int) -> float:
        """Probability of a random action in epoch 0, 1, ... (DQN)."""
        first, last, part = self.off_policy.epsilon
        falling = max(math.ceil(part * self.epochs), 1)
        return schedules.linear(first, last, falling)(epoch)

    @property
    def gradient_steps(self) -> int:
        """Gradient steps of an epoch."""
        return self.passes * math.ceil(self.steps / self.minibatch)
