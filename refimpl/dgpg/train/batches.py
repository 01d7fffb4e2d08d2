"""From experience to samples with targets [DG-PG App. I.2].

1. GAE on the rewards with the critic's values. An episode ends at the time limit without a
   bootstrap: the drain phase leaves nothing worth having.
2. Advantages of the active agents' samples are standardised, the guidance coefficients scaled by
   their running statistics and clipped, both mixed [DG-PG eq. 14], and the mixture standardised
   again. MAPPO and IPPO go the same way with the guidance left out.
3. Returns are scaled by their running statistics and become the critic's targets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from refimpl.dgpg.train import networks
from refimpl.dgpg.train.experience import Experience
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.networks import Samples, agent_samples
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.shaping import shaped
from refimpl.shared.gae import generalized_advantages, standardized


@dataclass(frozen=True)
class Batch:
    """Samples of the actor and what they are worth; samples of the critic and their targets.

    Attributes
    ----------
    seen : Samples
    actions, log_probs, signal : (n,) arrays
    judged : Samples
    targets : (m,) float
        Scaled returns.
    """

    seen: Samples
    actions: NDArray[np.int64]
    log_probs: Array
    signal: Array
    judged: Samples
    targets: Array


def prepare(
    settings: TrainSettings, learner: Learner, experience: Experience, alpha: float
) -> tuple[Batch, Learner, dict[str, float]]:
    """Turn experience into a batch, advantages mixed with guidance [DG-PG eq. 14].

    Parameters
    ----------
    settings, learner, experience
    alpha : float
        Weight of the guidance.

    Returns
    -------
    batch : Batch
    learner : Learner
        With the new running statistics.
    fit : dict
        ``explained_variance`` of the returns by the critic's values.

    Raises
    ------
    ValueError
        If ``alpha`` is outside [0, 1], or a reward, value or coefficient is not finite.
    """
    critic, n_agents = settings.method.critic, experience.n_agents
    judged = critic.samples(experience, learner.critic.params, n_agents)
    outputs = networks.evaluate(learner.critic.params, judged)[:, 0].astype(np.float64)
    rewards = shaped(experience.rewards, experience.potentials, settings.gamma)
    rewards = critic.own_axis(rewards, n_agents)
    values = learner.value_scale.restored(outputs).reshape(rewards.shape)
    advantages, returns = _advantages(rewards, values, settings)
    value_scale = learner.value_scale.seen(returns)
    guidance_scale = learner.guidance_scale.seen(experience.coefficients)
    at_samples = critic.at_samples(experience)
    gae = standardized(advantages.ravel()[at_samples])
    fitted = settings.critic_samples(at_samples, returns.size)
    signal = settings.method.signal(gae, guidance_scale.apply(experience.coefficients), alpha)
    table = (len(learner.actor.params["W0"]), n_agents)
    states, dtype = experience.states, experience.shared.dtype
    batch = Batch(
        agent_samples(states, experience.rows, experience.own, experience.agent, table),
        experience.actions,
        experience.log_probs,
        standardized(signal).astype(dtype),
        judged.take(fitted),
        value_scale.normalized(returns.ravel()[fitted]).astype(dtype),
    )
    learner = replace(learner, value_scale=value_scale, guidance_scale=guidance_scale)
    left = float((returns - values).var() / max(float(returns.var()), 1e-12))
    return batch, learner, {"explained_variance": 1 - left}


def _advantages(rewards: Array, values: Array, settings: TrainSettings) -> tuple[Array, Array]:
    """GAE of whole episodes (T, ...): nothing is bootstrapped after the last step."""
    next_values = np.zeros_like(values)
    next_values[:-1] = values[1:]
    over = np.zeros(values.shape, bool)
    over[-1] = True
    return generalized_advantages(
        rewards, values, next_values, over, over, settings.gamma, settings.lam
    )
