"""The two gradient samples and their joint law, exactly [DG-PG eq. 10] [DG-PG eq. 11]."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.objective.guidance import AFTER_LOAD, Guidance, Placements
from refimpl.dgpg.theory.games import Game, Outcomes, law, outcomes, scores

Floats = NDArray[np.float64]
Weights = Callable[[float, int], Floats]
"""``weights(gamma, n_steps) -> (n_steps,)``: factor of every step's term."""


def discounted_weights(gamma: float, n_steps: int) -> Floats:
    """Return ``gamma^t``: with it eq. (2) is exact for any discount."""
    weights: Floats = gamma ** np.arange(n_steps, dtype=np.float64)
    return weights


def equal_weights(gamma: float, n_steps: int) -> Floats:
    """Return ones, the sum as eq. (2) is usually written and run."""
    del gamma
    return np.ones(n_steps)


def returns_to_go(rewards: Floats, gamma: float) -> Floats:
    """Return ``R_t = sum_l gamma^l r_{t+l}`` (P, T) of rewards (P, T) [DG-PG eq. 2]."""
    found, following = np.empty_like(rewards), np.zeros(len(rewards))
    for t in reversed(range(rewards.shape[1])):
        following = rewards[:, t] + gamma * following
        found[:, t] = following
    return found


def return_samples(
    game: Game, logits: Floats, weights: Weights = discounted_weights, baseline: float = 0.0
) -> Floats:
    """Return the samples ``sum_t w_t grad log pi_i(a_t) (R_t - b)`` (P, N, K) [DG-PG eq. 11]."""
    seen = outcomes(game)
    signal = returns_to_go(seen.rewards, game.gamma) - baseline
    weighted = signal * weights(game.gamma, game.n_steps)
    samples: Floats = np.einsum("pt,ptik->pik", weighted, scores(logits, seen.actions))
    return samples


def coefficients(game: Game, seen: Outcomes, reading: Guidance = AFTER_LOAD) -> Floats:
    """Return the guidance coefficient of every agent (P, T, N) [DG-PG eq. 8].

    Convention: proportional reference of the state that the reading looks at.
    """
    p, t, n = seen.actions.shape
    loads = (p * t, game.n_servers, game.demand.shape[1])
    placements = Placements(
        np.repeat(np.arange(p * t), n), seen.actions.reshape(-1), np.tile(game.demand, (p * t, 1))
    )
    capacity = np.broadcast_to(game.capacity, loads)
    found = reading(seen.before.reshape(loads), seen.after.reshape(loads), capacity, placements)
    return found.reshape(p, t, n)


def guidance_samples(game: Game, logits: Floats, reading: Guidance = AFTER_LOAD) -> Floats:
    """Return the samples ``sum_t gamma^t grad log pi_i(a_t) <x_t - xr_t, z_i>`` [DG-PG eq. 12].

    Returns
    -------
    (P, N, K) float
        Weighted like J's terms, so that G's gradient is what they are compared with.
    """
    seen = outcomes(game)
    weighted = (
        coefficients(game, seen, reading) * (discounted_weights(game.gamma, game.n_steps)[:, None])
    )
    samples: Floats = np.einsum("pti,ptik->pik", weighted, scores(logits, seen.actions))
    return samples


def guidance_gradient(game: Game, logits: Floats, reading: Guidance = AFTER_LOAD) -> Floats:
    """Return the mean (N, K) of the guidance samples [DG-PG eq. 9]."""
    return mean(game, logits, guidance_samples(game, logits, reading))


def direction_samples(of_return: Floats, of_guidance: Floats, alpha: float) -> Floats:
    """Return ``(1 - alpha) g_J - alpha g_G`` [DG-PG eq. 10]."""
    return (1.0 - alpha) * of_return - alpha * of_guidance


def augmented_direction(of_performance: Floats, of_deviation: Floats, alpha: float) -> Floats:
    """Return ``(1 - alpha) grad J - alpha grad G`` [DG-PG eq. 7]."""
    return (1.0 - alpha) * of_performance - alpha * of_deviation


def mean(game: Game, logits: Floats, samples: Floats) -> Floats:
    """Return the exact mean of samples (P, ...) under the joint policy."""
    found: Floats = np.tensordot(law(logits, outcomes(game).actions), samples, axes=1)
    return found


@dataclass(frozen=True)
class Moments:
    """First and second moments of one coordinate of both gradient samples.

    Attributes
    ----------
    mean_return, mean_guidance, var_return, var_guidance, covariance : float
    """

    mean_return: float
    mean_guidance: float
    var_return: float
    var_guidance: float
    covariance: float

    @property
    def correlation(self) -> float:
        """Return rho, the correlation of the two samples [DG-PG Theorem 5.2]."""
        return self.covariance / math.sqrt(self.var_return * self.var_guidance)

    @property
    def relative_variances(self) -> tuple[float, float]:
        """Return ``Var / mean^2`` of the return and of the guidance sample: noise over signal.

        Infinite where there is noise only.
        """
        pairs = (self.var_return, self.mean_return), (self.var_guidance, self.mean_guidance)
        first, second = (v / m**2 if m else math.inf for v, m in pairs)
        return first, second


def joint_moments(probability: Floats, first: Floats, second: Floats) -> Moments:
    """Return the moments of two numbers (P,) under a law (P,)."""
    mean_first, mean_second = float(probability @ first), float(probability @ second)
    a, b = first - mean_first, second - mean_second
    return Moments(
        mean_first,
        mean_second,
        float(probability @ (a * a)),
        float(probability @ (b * b)),
        float(probability @ (a * b)),
    )


def estimator_moments(
    game: Game,
    logits: Floats,
    agent: int = 0,
    baseline: float = 0.0,
    reading: Guidance = AFTER_LOAD,
) -> Moments:
    """Return the joint moments of an agent's two samples, in its logit of server 0."""
    probability = law(logits, outcomes(game).actions)
    of_return = return_samples(game, logits, baseline=baseline)[:, agent, 0]
    of_guidance = guidance_samples(game, logits, reading)[:, agent, 0]
    return joint_moments(probability, of_return, of_guidance)
