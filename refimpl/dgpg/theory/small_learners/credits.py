"""What each method multiplies the score with, on a one-step game [DG-PG Table 2].

A two-line summary: subtracting anything that does not depend on the agent's own action leaves the
mean of the gradient alone, and changes its variance by all there is to choose between methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.small_learners.views import View

Floats = NDArray[np.float64]
Credit = Callable[[View], Floats]
"""View of M rows -> credit of each row, (M,)."""


def raw_return(view: View) -> Floats:
    """Return the shared reward itself [DG-PG eq. 11]."""
    return view.reward


def shared_return(view: View) -> Floats:
    """Return ``R - E R``: MAPPO or IPPO with an exact value baseline [DG-PG Table 2].

    One step without observations: the value of the state and of the own observation are the same.
    """
    return view.reward - float(view.weight @ view.reward)


def shaped_return(view: View, potential: float) -> Floats:
    """Return the return with potential-based shaping, ``R - Psi(s_0)`` [DG-PG Table 2].

    ``sum_t gamma^t (r_t + gamma Psi(s_{t+1}) - Psi(s_t))`` telescopes; the potential of the end
    of an episode is 0.
    """
    return view.reward - potential


def difference_reward(view: View) -> Floats:
    """Return ``R - R without agent i``, the wonderful-life utility [DG-PG Table 2]."""
    return view.reward - view.absent


def counterfactual(view: View) -> Floats:
    """Return ``R - sum_k pi(k) R(k, others)``: COMA with the exact Q [DG-PG Table 2].

    On a one-step game also the aristocrat utility of difference rewards.
    """
    return view.reward - view.by_action @ view.policy


def sequential(view: View) -> Floats:
    """Return the shared return times the importance of earlier updates: HAPPO [DG-PG Table 2].

    The first agent in the order has importance 1 and the credit of MAPPO.
    """
    return view.importance * shared_return(view)


def guidance(view: View) -> Floats:
    """Return minus the guidance coefficient: DG-PG with alpha = 1 [DG-PG eq. 12]."""
    return -view.guidance


def mixture(view: View, alpha: float) -> Floats:
    """Return DG-PG's ``(1 - alpha) A - alpha g`` before any normalisation [DG-PG eq. 14]."""
    return (1.0 - alpha) * shared_return(view) + alpha * guidance(view)


@dataclass(frozen=True)
class CreditMoments:
    """Moments of one agent's gradient sample ``score * credit``.

    Attributes
    ----------
    mean : (K,) float
    variance : float
        Sum over the K logits.
    cross_agent : float
        Part of it due to what the other agents did: ``E |score|^2 Var(credit | own action)``.
    """

    mean: Floats
    variance: float
    cross_agent: float


def credit_moments(view: View, credit: Credit) -> CreditMoments:
    """Return mean, variance and cross-agent noise of a gradient [DG-PG eq. 3] [DG-PG Table 2]."""
    values, scores = credit(view), view.scores
    samples = scores * values[:, None]
    mean = view.weight @ samples
    variance = float((view.weight @ (samples - mean) ** 2).sum())
    size = (scores**2).sum(axis=1)
    chosen = np.eye(view.policy.size)[view.own]
    mass = view.weight @ chosen
    expected = (view.weight * values) @ chosen / np.where(mass > 0, mass, 1.0)
    noise = view.weight @ (size * (values - expected[view.own]) ** 2)
    return CreditMoments(mean, variance, float(noise))
