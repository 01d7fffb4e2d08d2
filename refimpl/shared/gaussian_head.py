"""Diagonal Gaussian policies: what the outputs of a network say about a continuous action.

The head reads outputs (..., 2 A): first the A means, then the A logarithms of the standard
deviations. Whether the deviations depend on what is observed is a matter of the network alone: an
ordinary network outputs both halves; :func:`free_log_std` lets it output the means and appends
learned numbers that are the same everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linear_models import gaussian
from linear_models.params import Array, Params
from refimpl.shared.action_heads import ActionHead, Mask
from refimpl.shared.actor_critic import Network


def halves(outputs: Array) -> tuple[Array, Array]:
    """Means and logarithms of the standard deviations, (..., A) each, as views.

    Raises
    ------
    ValueError
        If the last axis does not have an even, positive length.
    """
    if outputs.ndim == 0 or outputs.shape[-1] == 0 or outputs.shape[-1] % 2:
        raise ValueError(
            f"outputs must have means and log-deviations on the last axis; got {outputs.shape}"
        )
    n_actions = outputs.shape[-1] // 2
    return outputs[..., :n_actions], outputs[..., n_actions:]


def free_log_std(network: Network) -> Network:
    """Network of the means alone, followed by log-deviations ``params["log_std"]`` (A,)."""

    def forward(params: Params, x: Array) -> tuple[Array, Any]:
        mean, cache = network.forward(_others(params), x)
        log_std = np.broadcast_to(params["log_std"], mean.shape)
        return np.concatenate([mean, log_std], axis=-1), cache

    def backward(params: Params, cache: Any, dy: Array) -> tuple[Params, Array]:
        d_mean, d_log_std = halves(dy)
        grads, dx = network.backward(_others(params), cache, d_mean)
        rows = d_log_std.reshape(-1, d_log_std.shape[-1])
        return {**grads, "log_std": rows.sum(axis=0)}, dx

    return Network(forward, backward)


def _others(params: Params) -> Params:
    return {key: value for key, value in params.items() if key != "log_std"}


def _sample(outputs: Array, rng: np.random.Generator, mask: Mask) -> Array:
    _refuse(mask)
    return gaussian.sample(*halves(outputs), rng)


def _draw(outputs: Array, rng: np.random.Generator, mask: Mask) -> tuple[Array, Array]:
    _refuse(mask)
    return gaussian.sample_with_log_prob(*halves(outputs), rng)


def _log_prob(outputs: Array, actions: Array, mask: Mask) -> Array:
    _refuse(mask)
    return gaussian.log_prob(*halves(outputs), actions)


def _log_prob_vjp(outputs: Array, actions: Array, dy: Array, mask: Mask) -> Array:
    _refuse(mask)
    d_mean, d_log_std, _ = gaussian.log_prob_vjp(*halves(outputs), actions, dy)
    return np.concatenate([d_mean, d_log_std], axis=-1)


def _entropy(outputs: Array, mask: Mask) -> Array:
    _refuse(mask)
    return gaussian.entropy(halves(outputs)[1])


def _entropy_vjp(outputs: Array, dy: Array, mask: Mask) -> Array:
    _refuse(mask)
    mean, log_std = halves(outputs)
    return np.concatenate([np.zeros_like(mean), gaussian.entropy_vjp(log_std, dy)], axis=-1)


def _kl(outputs: Array, other: Array, mask: Mask) -> Array:
    _refuse(mask)
    return gaussian.kl(*halves(outputs), *halves(other))


def _kl_vjp(outputs: Array, other: Array, dy: Array, mask: Mask) -> tuple[Array, Array]:
    _refuse(mask)
    parts = gaussian.kl_vjp(*halves(outputs), *halves(other), dy)
    return np.concatenate(parts[:2], axis=-1), np.concatenate(parts[2:], axis=-1)


def _refuse(mask: Mask) -> None:
    if mask is not None:
        raise ValueError(f"mask must be None: a Gaussian allows every action; got {mask!r}")


GAUSSIAN = ActionHead(
    _sample, _log_prob, _log_prob_vjp, _entropy, _entropy_vjp, _kl, _kl_vjp, _draw
)
"""Actions in R^A; outputs are A means and A log-deviations."""
