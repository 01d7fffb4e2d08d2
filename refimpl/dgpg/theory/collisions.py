"""Gradient variances at any N in the balanced game: one job per agent, K equal servers.

All agents use the same policy ``p`` and have unit jobs. With ``x_k`` jobs on server k and
``xr = N / K`` the deviation counts pairs of jobs that share a server::

    d = 1/2 sum_k (x_k - N/K)^2 = C + (N - N^2/K) / 2,        C = number of colliding pairs
    post-action coefficient     = 1 + B - N/K,                B = pairs that involve the agent

Given the own action k: ``B ~ Binomial(N-1, p_k)``, and the pairs among the others are a
U-statistic, so all moments are polynomials in N, ``p_k``, ``sum p^2``, ``sum p^3``. The samples
are ``g_J = s (b - d)`` (the reward is ``-d``, ``b`` a baseline) and ``g_G = s (1 + B - N/K)``;
``s`` is the score along a direction ``v`` of the logits, ``v_k - <p, v>``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count, check_shape
from refimpl.dgpg.theory.estimators import Moments

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditional:
    """Moments given the own action, (K,) each.

    Attributes
    ----------
    mean_deviation, var_deviation : (K,) float
    mean_coefficient, var_coefficient : (K,) float
    covariance : (K,) float
        Of deviation and coefficient.
    """

    mean_deviation: Floats
    var_deviation: Floats
    mean_coefficient: Floats
    var_coefficient: Floats
    covariance: Floats


def conditional(n_agents: int, policy: Floats) -> Conditional:
    """Return moments of deviation and post-action coefficient given the own server [DG-PG eq. 8].

    Parameters
    ----------
    n_agents : int
        N.
    policy : (K,) float
        Probability of each server, the same for all agents.

    Raises
    ------
    ValueError
        If ``n_agents`` is no count or ``policy`` no distribution.
    """
    check_count("n_agents", n_agents)
    p = np.asarray(policy, dtype=np.float64)
    if p.ndim != 1 or (p < 0).any() or abs(p.sum() - 1.0) > 1e-12 * len(p):
        raise ValueError(f"policy must be probabilities that sum to 1; got {policy}")
    others, q2, q3 = n_agents - 1, p @ p, p @ p**2
    pairs, per_server = others * (others - 1) / 2, n_agents / len(p)
    with_own, var_with_own = others * p, others * p * (1 - p)
    var_among = pairs * (q2 - q2**2) + others * (others - 1) * (others - 2) * (q3 - q2**2)
    mixed = others * (others - 1) * (p**2 - p * q2)
    constant = (n_agents - n_agents * per_server) / 2
    return Conditional(
        constant + with_own + pairs * q2,
        var_with_own + var_among + 2 * mixed,
        1 + with_own - per_server,
        var_with_own,
        var_with_own + mixed,
    )


def mean_deviation(n_agents: int, policy: Floats) -> float:
    """Return ``G = E d``, which is also the exact mean baseline with its sign turned."""
    return float(policy @ conditional(n_agents, policy).mean_deviation)


def moments(n_agents: int, policy: Floats, direction: Floats, baseline: float = 0.0) -> Moments:
    """Return the moments of both samples along a direction of the logits [DG-PG Theorem 5.2].

    Parameters
    ----------
    n_agents : int
        N.
    policy, direction : (K,) float
        Policy of every agent; what the score is multiplied with.
    baseline : float
        Added to ``-d`` in the return sample: ``mean_deviation`` is the exact mean baseline.
    """
    check_shape("direction", direction, policy.shape)
    given = conditional(n_agents, policy)
    score = direction - policy @ direction
    of_return, of_guidance = baseline - given.mean_deviation, given.mean_coefficient
    mean_return = float(policy @ (score * of_return))
    mean_guidance = float(policy @ (score * of_guidance))
    weights = policy * score**2
    return Moments(
        mean_return,
        mean_guidance,
        float(weights @ (of_return**2 + given.var_deviation)) - mean_return**2,
        float(weights @ (of_guidance**2 + given.var_coefficient)) - mean_guidance**2,
        float(weights @ (of_return * of_guidance - given.covariance)) - mean_return * mean_guidance,
    )


def guidance_norm(n_agents: int, policy: Floats, direction: Floats) -> float:
    """Return ``|grad G|^2`` along a direction of every agent's own logits [DG-PG eq. 29].

    N times the square of one agent's slope: it grows like N although no agent's part does. With
    one set of logits for all and G divided by N it is one agent's part.
    """
    return n_agents * moments(n_agents, policy, direction).mean_guidance ** 2


def halves(n_servers: int) -> Floats:
    """Return the direction that tells the first half of the servers from the second.

    For the uniform policy on an even number of servers its score is +-1/2.

    Raises
    ------
    ValueError
        If ``n_servers`` is odd.
    """
    if n_servers % 2:
        raise ValueError(f"n_servers must be even; got {n_servers}")
    return np.repeat([1.0, 0.0], n_servers // 2)


def uniform(n_servers: int) -> Floats:
    """Return the uniform policy."""
    return np.full(n_servers, 1.0 / n_servers)


def tilted(n_servers: int, first_half: float) -> Floats:
    """Return the policy that is uniform within halves and prefers the first [0, 1]."""
    share = 2.0 / n_servers
    return np.where(halves(n_servers) == 1.0, first_half * share, (1.0 - first_half) * share)


def additive_variance(n_agents: int, n_steps: int = 1) -> float:
    """Return the variance of the return sample for an additive return [DG-PG sec. 3.2].

    Every agent's fair coin at every step pays +-1 and its score is half of that; undiscounted
    return to go: ``(N - 1) T (T + 1) / 8 + T (T - 1) / 8``, so ``(N - 1) / 4`` for one step. The
    first part is the other agents', and the horizon multiplies it.
    """
    check_count("n_agents", n_agents)
    check_count("n_steps", n_steps)
    t = n_steps
    return (n_agents - 1) * t * (t + 1) / 8 + t * (t - 1) / 8
