"""Where a gradient sample's variance comes from: law of total variance [DG-PG eq. 3]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.games import Ints

Floats = NDArray[np.float64]


def conditional_moments(
    probability: Floats, own: Ints, values: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return probability, mean and variance of ``values`` given each own action, (K,) each."""
    mass: Floats = np.bincount(own, probability).astype(np.float64)
    mean = np.bincount(own, probability * values) / mass
    variance = np.bincount(own, probability * (values - mean[own]) ** 2) / mass
    return mass, mean, variance


def total_variance(
    probability: Floats, own: Ints, score: Floats, signal: Floats
) -> tuple[float, float]:
    """Split ``Var(score * signal)`` into own action and other agents [DG-PG eq. 3].

    ``Var_a(s E[R | a]) + E_a[s^2 Var(R | a)]``; the score ``s`` is a function of the own action.

    Parameters
    ----------
    probability : (P,) float
    own : (P,) int
        The agent's own action, each of 0 .. K-1 with positive probability.
    score, signal : (P,) float

    Returns
    -------
    own_part, others_part : float
        They add up to the variance, exactly.
    """
    mass, mean_signal, var_signal = conditional_moments(probability, own, signal)
    _, s, _ = conditional_moments(probability, own, score)
    products = s * mean_signal
    own_part = mass @ (products - mass @ products) ** 2
    return float(own_part), float(mass @ (s * s * var_signal))


def main_effects(probability: Floats, actions: Ints, score: Floats, signal: Floats) -> Floats:
    """Return each other agent's part taken alone, ``E[s^2 Var_j(E[R | a_i, a_j] | a_i)]``.

    For agents in columns 1 .. N-1 of ``actions`` (P, N); column 0 is the agent itself.
    Their sum is the part of all others where the return is additive in them, and less where agents
    interact.
    """
    n_actions = int(actions.max()) + 1
    _, given_own, _ = conditional_moments(probability, actions[:, 0], signal)
    parts = []
    for other in range(1, actions.shape[1]):
        pair = actions[:, 0] * n_actions + actions[:, other]
        _, given_both, _ = conditional_moments(probability, pair, signal)
        effect = given_both[pair] - given_own[actions[:, 0]]
        parts.append(probability @ (score * effect) ** 2)
    return np.array(parts, dtype=np.float64)
