"""The clipped surrogate on outputs in columns, with its gradient in their place, for speed.

Same numbers as :func:`refimpl.shared.ppo.policy_loss` up to rounding. A batch in rows, (B, A), is
passed as its transpose, which is a view.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array

Ints = NDArray[np.int64]

Terms = dict[str, Any]
"""What a gradient step saw before it was made; means over the samples."""


def policy_gradient(
    logits: Array,
    actions: Ints,
    old_log_probs: Array,
    advantages: Array,
    clip: float,
    entropy_coef: float,
) -> Terms:
    """Turn logits (A, B) into the derivative of the loss with respect to them.

    ``-mean min(rho A, clipped(rho, 1 - clip, 1 + clip) A) - entropy_coef * mean H``.

    Returns
    -------
    dict
        ``loss``; ``entropy``; ``clip_fraction``, part of the samples whose ratio is outside the
        bounds; ``kl``, an estimate of the divergence from the policy that acted.
    """
    n = logits.shape[1]
    at = (actions, np.arange(n))
    z = logits
    z -= z.real.max(axis=0)
    p = np.exp(z)
    total = p.sum(axis=0)
    p /= total
    z -= np.log(total)
    log_ratio = z[at] - old_log_probs
    entropy = -(p * z).sum(axis=0)
    ratio = np.exp(log_ratio)
    gain = ratio * advantages
    bounded = np.clip(ratio.real, 1 - clip, 1 + clip) * advantages
    flat = bounded < gain.real
    d_log_prob = np.where(flat, 0, gain) * (-1 / n)
    weight = entropy_coef / n
    # d log p_a = 1{a} - p and dH = -p (log p + H), gathered so that few passes are made.
    z *= weight
    z += weight * entropy - d_log_prob
    z *= p
    z[at] += d_log_prob
    surrogate = -np.where(flat, bounded, gain).mean()
    return {
        "loss": surrogate - entropy_coef * entropy.mean(),
        "entropy": entropy.mean(),
        "clip_fraction": (np.abs(ratio.real - 1) > clip).mean(),
        "kl": (ratio.real - 1 - log_ratio.real).mean(),
    }
