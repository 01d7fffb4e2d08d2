"""Distributions over actions behind one interface: what a policy network's output means.

A head turns outputs (..., K) of the actor into actions, log-probabilities and entropies, and their
gradients with respect to the outputs. Training code takes a head and never asks which one it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from linear_models import categorical
from linear_models.params import Array
from linear_models.validation import check_last_axis

Mask = NDArray[np.bool_] | None


@dataclass(frozen=True)
class ActionHead:
    """The functions of a distribution given by network outputs.

    ``sample(outputs, rng, mask)``, ``log_prob(outputs, actions, mask)`` and
    ``entropy(outputs, mask)`` with shapes (...), and the reverse derivatives with respect to the
    outputs, ``log_prob_vjp(outputs, actions, dy, mask)`` and ``entropy_vjp(outputs, dy, mask)``.
    ``kl(outputs, other, mask)`` (...) is the divergence of ``outputs``, under which the expectation
    is taken, from ``other``; ``kl_vjp(outputs, other, dy, mask)`` gives both gradients.
    ``draw(outputs, rng, mask)`` is ``sample`` with the log-probabilities of what was
    drawn. ``mask`` has the shape of the outputs, True = allowed; None allows everything.
    """

    sample: Callable[[Array, np.random.Generator, Mask], Array]
    log_prob: Callable[[Array, Array, Mask], Array]
    log_prob_vjp: Callable[[Array, Array, Array, Mask], Array]
    entropy: Callable[[Array, Mask], Array]
    entropy_vjp: Callable[[Array, Array, Mask], Array]
    kl: Callable[[Array, Array, Mask], Array]
    kl_vjp: Callable[[Array, Array, Array, Mask], tuple[Array, Array]]
    draw: Callable[[Array, np.random.Generator, Mask], tuple[Array, Array]]


def _draw_categorical(logits: Array, rng: np.random.Generator, mask: Mask) -> tuple[Array, Array]:
    actions = categorical.sample(logits, rng, mask)
    return actions, categorical.log_prob(logits, actions, mask)


CATEGORICAL = ActionHead(
    categorical.sample,
    categorical.log_prob,
    categorical.log_prob_vjp,
    categorical.entropy,
    categorical.entropy_vjp,
    categorical.kl,
    categorical.kl_vjp,
    _draw_categorical,
)
"""One action out of A; outputs are A logits."""


def factored(counts: tuple[int, ...]) -> ActionHead:
    """Several independent categorical choices taken together (a MultiDiscrete action).

    Outputs are ``sum(counts)`` logits, choice after choice; an action is a vector with one integer
    per choice. Log-probability and entropy are sums over the choices.

    Parameters
    ----------
    counts : tuple of int
        Number of alternatives of each choice.

    Raises
    ------
    ValueError
        If there is no choice, or one without alternatives.
    """
    if not counts or min(counts) < 1:
        raise ValueError(f"counts must be positive integers, at least one; got {counts}")
    return ActionHead(
        partial(_sample, counts),
        partial(_log_prob, counts),
        partial(_log_prob_vjp, counts),
        partial(_entropy, counts),
        partial(_entropy_vjp, counts),
        partial(_kl, counts),
        partial(_kl_vjp, counts),
        partial(_draw, counts),
    )


def _sample(counts: tuple[int, ...], outputs: Array, rng: np.random.Generator, mask: Mask) -> Array:
    logits, allowed = _padded(counts, outputs, mask)
    return categorical.sample(logits, rng, allowed)


def _draw(
    counts: tuple[int, ...], outputs: Array, rng: np.random.Generator, mask: Mask
) -> tuple[Array, Array]:
    actions = _sample(counts, outputs, rng, mask)
    return actions, _log_prob(counts, outputs, actions, mask)


def _log_prob(counts: tuple[int, ...], outputs: Array, actions: Array, mask: Mask) -> Array:
    logits, allowed = _padded(counts, outputs, mask)
    total: Array = categorical.log_prob(logits, actions, allowed).sum(axis=-1)
    return total


def _log_prob_vjp(
    counts: tuple[int, ...], outputs: Array, actions: Array, dy: Array, mask: Mask
) -> Array:
    logits, allowed = _padded(counts, outputs, mask)
    each = np.broadcast_to(dy[..., None], actions.shape)
    return _unpadded(counts, categorical.log_prob_vjp(logits, actions, each, allowed))


def _entropy(counts: tuple[int, ...], outputs: Array, mask: Mask) -> Array:
    logits, allowed = _padded(counts, outputs, mask)
    total: Array = categorical.entropy(logits, allowed).sum(axis=-1)
    return total


def _entropy_vjp(counts: tuple[int, ...], outputs: Array, dy: Array, mask: Mask) -> Array:
    logits, allowed = _padded(counts, outputs, mask)
    each = np.broadcast_to(dy[..., None], logits.shape[:-1])
    return _unpadded(counts, categorical.entropy_vjp(logits, each, allowed))


def _kl(counts: tuple[int, ...], outputs: Array, other: Array, mask: Mask) -> Array:
    (logits, allowed), (logits_other, _) = (_padded(counts, z, mask) for z in (outputs, other))
    total: Array = categorical.kl(logits, logits_other, allowed).sum(axis=-1)
    return total


def _kl_vjp(
    counts: tuple[int, ...], outputs: Array, other: Array, dy: Array, mask: Mask
) -> tuple[Array, Array]:
    (logits, allowed), (logits_other, _) = (_padded(counts, z, mask) for z in (outputs, other))
    each = np.broadcast_to(dy[..., None], logits.shape[:-1])
    gradients = categorical.kl_vjp(logits, logits_other, each, allowed)
    return _unpadded(counts, gradients[0]), _unpadded(counts, gradients[1])


def _padded(counts: tuple[int, ...], outputs: Array, mask: Mask) -> tuple[Array, Mask]:
    """Logits (..., choices, most alternatives) and which of them exist and are allowed."""
    check_last_axis("outputs", outputs, sum(counts))
    source, exists = _layout(counts)
    allowed = np.broadcast_to(exists, (*outputs.shape[:-1], *exists.shape))
    if mask is not None:
        allowed = allowed & mask[..., source]
    return outputs[..., source], allowed


def _unpadded(counts: tuple[int, ...], padded: Array) -> Array:
    """Inverse of the padding, dropping what does not exist."""
    _, exists = _layout(counts)
    return padded[..., exists]


@lru_cache(maxsize=16)
def _layout(counts: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each choice and alternative: its place among the outputs, and whether it exists."""
    alternatives = np.arange(max(counts))
    first = np.cumsum((0, *counts[:-1]))
    exists = alternatives < np.asarray(counts)[:, None]
    return np.where(exists, first[:, None] + alternatives, 0), exists
