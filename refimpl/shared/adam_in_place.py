"""Adam on one vector, in place and in pieces that stay in the processor's cache.

Same numbers as :func:`linear_models.optimizers.adam_step` up to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from linear_models.params import Array

BETA1, BETA2, EPS = 0.9, 0.999, 1e-5
"""Memory of the running means, and the floor of most PPO codes."""
PIECE = 32_768


@dataclass
class Moments:
    """Running means of the gradient and of its square after ``t`` steps; changed in place."""

    m: Array
    v: Array
    t: int = 0

    @classmethod
    def zeros(cls, vector: Array) -> Moments:
        """State before the first step."""
        return cls(np.zeros_like(vector), np.zeros_like(vector))

    def copy(self) -> Moments:
        """Copy that shares nothing."""
        return Moments(self.m.copy(), self.v.copy(), self.t)


def adam_in_place(
    vector: Array,
    gradient: Array,
    moments: Moments,
    rate: float,
    max_norm: float,
    eps: float = EPS,
) -> float:
    """One step on ``vector`` with the gradient scaled to at most ``max_norm``; returns its norm.

    Raises
    ------
    ValueError
        If the gradient is not finite.
    """
    norm = math.sqrt(float(np.dot(gradient, gradient)))
    if not math.isfinite(norm):
        raise ValueError(f"gradient must be finite; its norm is {norm}")
    moments.t += 1
    scale = min(1.0, max_norm / norm) if norm > 0 else 1.0
    root = math.sqrt(1 - BETA2**moments.t)
    size, floor = rate * root / (1 - BETA1**moments.t), eps * root
    scratch = np.empty(min(PIECE, vector.size), vector.dtype)
    for first in range(0, vector.size, PIECE):
        piece = slice(first, first + PIECE)
        g, m, v, p = gradient[piece], moments.m[piece], moments.v[piece], vector[piece]
        s = scratch[: g.size]
        np.multiply(g, (1 - BETA1) * scale, out=s)
        m *= BETA1
        m += s
        np.multiply(g, g, out=s)
        s *= (1 - BETA2) * scale * scale
        v *= BETA2
        v += s
        np.sqrt(v, out=s)
        s += floor
        np.divide(m, s, out=s)
        s *= size
        p -= s
    return norm
