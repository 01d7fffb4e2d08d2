"""Adaptive weight of the divergence from the policy that acted, beside PPO's clipping.

The clipped surrogate stops rewarding large moves but does not forbid them. A penalty
``coefficient * mean KL(acted || now)`` pulls back, and its weight is adapted after every batch so
that the divergence stays near a target (Schulman et al. 2017, section 4)::

    kl > 2 target:    coefficient *= 1.5
    kl < target / 2:  coefficient *= 0.5

with ``kl`` the mean over all minibatch steps on the batch, as RLlib computes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from linear_models.validation import check_nonnegative, check_positive
from refimpl.shared.actor_critic import Learner, Model
from refimpl.shared.batch import Batch, with_outputs
from refimpl.shared.gradient_step import Gradients, Losses, loss_and_gradients
from refimpl.shared.ppo import PPOSettings
from refimpl.shared.ppo import update as ppo_update

RAISE, LOWER = 1.5, 0.5
TOO_FAR, TOO_NEAR = 2.0, 0.5


@dataclass(frozen=True)
class AdaptiveKL:
    """Weight of the penalty, and the divergence per batch that it aims at.

    Raises
    ------
    ValueError
        If ``coefficient`` is negative or ``target`` is not positive, or one is not finite.
    """

    coefficient: float = 0.2
    target: float = 0.01

    def __post_init__(self) -> None:
        check_nonnegative("coefficient", self.coefficient)
        check_positive("target", self.target)

    def after(self, kl: float) -> AdaptiveKL:
        """Weight for the next batch when the divergence on this one was ``kl``."""
        if kl > TOO_FAR * self.target:
            return replace(self, coefficient=self.coefficient * RAISE)
        if kl < TOO_NEAR * self.target:
            return replace(self, coefficient=self.coefficient * LOWER)
        return self


def update(
    model: Model,
    learner: Learner,
    batch: Batch,
    settings: PPOSettings,
    penalty: AdaptiveKL,
    rng: np.random.Generator,
    *,
    gradients: Gradients = loss_and_gradients,
) -> tuple[Learner, Losses, AdaptiveKL]:
    """PPO update with the penalty; see :func:`refimpl.shared.ppo.update`.

    Parameters
    ----------
    model : Model
    learner : Learner
        Must be the one that collected the batch.
    batch : Batch
    settings : PPOSettings
        ``kl_coef`` is replaced by the penalty's.
    penalty : AdaptiveKL
    rng : Generator
    gradients : callable
        As in :func:`refimpl.shared.ppo.update`.

    Returns
    -------
    learner : Learner
    losses : Losses
        ``kl`` is the mean divergence, unweighted.
    penalty : AdaptiveKL
        For the next batch.
    """
    remembered = with_outputs(model, learner, batch)
    penalised = replace(settings, kl_coef=penalty.coefficient)
    learner, losses = ppo_update(model, learner, remembered, penalised, rng, gradients)
    return learner, losses, penalty.after(losses.kl)
