"""Advantage actor-critic: one gradient step per short rollout, on the policy that just acted.

``L = -mean(log p(a) A) - entropy_coef * mean H + value_coef * mean (v - R)^2``. With ``lam = 1``
the advantages are n-step returns minus values. One step of PPO without clipping, on unscaled
advantages and the whole batch, is the same step, because there the ratio is 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from linear_models.params import Array, Params
from linear_models.validation import check_finite, check_nonnegative, check_positive, check_shape
from refimpl.shared.actor_critic import Learner, Model
from refimpl.shared.batch import Batch
from refimpl.shared.gae import check_unit_interval, unscaled
from refimpl.shared.gradient_step import Losses, Objective, clip_jointly, gradient_step
from refimpl.shared.optimizer import Optimizer, rmsprop
from refimpl.shared.ppo import value_loss


def policy_gradient_surrogate(
    log_probs: Array, old_log_probs: Array, advantages: Array
) -> tuple[Any, Array]:
    """``-mean(log p A)`` and its gradient ``-A / n`` with respect to the log-probabilities.

    Raises
    ------
    ValueError
        If shapes differ or an advantage is NaN or infinite.
    """
    del old_log_probs  # the policy that acted is the one being trained
    check_shape("advantages", advantages, log_probs.shape)
    check_finite("advantages", advantages)
    return -(log_probs * advantages).mean(), advantages * (-1 / advantages.size)


@dataclass(frozen=True)
class A2CSettings:
    """Numbers and choices of A2C; attributes as in :class:`refimpl.shared.ppo.PPOSettings`.

    The defaults are those of Stable-Baselines3, see :data:`SB3_DEFAULTS`.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    n_steps: int = 5
    gamma: float = 0.99
    lam: float = 1.0
    entropy_coef: float = 0.0
    value_coef: float = 0.5
    learning_rate: float = 7e-4
    max_grad_norm: float = 0.5
    optimizer: Optimizer = field(default_factory=lambda: rmsprop(decay=0.99, eps=1e-5))
    scale_advantages: Callable[[Array], Array] = unscaled
    clip_gradients: Callable[[Params, float], Params] = clip_jointly

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be at least 1; got {self.n_steps}")
        for name in ("gamma", "lam"):
            check_unit_interval(name, getattr(self, name))
        for name in ("entropy_coef", "value_coef"):
            check_nonnegative(name, getattr(self, name))
        for name in ("learning_rate", "max_grad_norm"):
            check_positive(name, getattr(self, name))

    @property
    def objective(self) -> Objective:
        """The loss that these settings describe."""
        return Objective(policy_gradient_surrogate, value_loss, self.entropy_coef, self.value_coef)


SB3_DEFAULTS = A2CSettings()
"""Defaults of ``stable_baselines3.A2C``: 5 steps, lam 1, RMSprop(7e-4, 0.99, 1e-5), norm 0.5.

Its networks are tanh MLPs with hidden layers ``SB3_HIDDEN``, orthogonal weights with gain sqrt(2),
1 for the value and ``SB3_ACTOR_GAIN`` for the logits; it runs one environment by default.
"""
SB3_HIDDEN = (64, 64)
SB3_ACTOR_GAIN = 0.01


def update(
    model: Model, learner: Learner, batch: Batch, settings: A2CSettings
) -> tuple[Learner, Losses]:
    """One gradient step on the whole batch.

    Parameters
    ----------
    model : Model
    learner : Learner
        Must be the one that collected the batch.
    batch : Batch
    settings : A2CSettings

    Returns
    -------
    learner : Learner
    losses : Losses
        Before the step.

    Raises
    ------
    ValueError
        If a gradient is not finite.
    """
    return gradient_step(model, learner, batch, settings)
