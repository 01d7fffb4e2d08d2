"""What the losses of several learners are made of, for speed [SCALE Algorithm 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array

FORBIDDEN = -1e9
"""Logit of an action that the mask forbids: its probability is exactly 0, and no NaN arises."""


def value_gradient(values: Array, targets: Array) -> tuple[Any, Array]:
    """Mean squared error ``mean (R - V)^2`` and its derivative by V, (B,) [SCALE Algorithm 1]."""
    error = values - targets
    return (error * error).mean(), error * (2 / len(error))


def softmax(logits: Array) -> tuple[Array, Array]:
    """Probabilities and their logarithms, (..., N) each."""
    log_p = logits - logits.real.max(axis=-1, keepdims=True)
    p = np.exp(log_p)
    total = p.sum(axis=-1, keepdims=True)
    p /= total
    log_p -= np.log(total)
    return p, log_p


def forbid(logits: Array, allowed: NDArray[np.bool_] | None) -> Array:
    """Logits with :data:`FORBIDDEN` where an action is not allowed; None allows everything."""
    return logits if allowed is None else np.where(allowed, logits, logits.dtype.type(FORBIDDEN))
