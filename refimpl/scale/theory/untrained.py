"""Networks that have learned nothing, on states that no policy has visited [SCALE sec. 4.3].

The yardstick for everything that is said about trained features: what the architecture does by
itself at any number of servers, and what a training statistic can and cannot fix.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.activations import RELU
from linear_models.params import Params
from linear_models.validation import check_count, check_shape
from refimpl.scale.model.settings import (
    COMPUTE_SCALE,
    MEMORY_SCALE,
    POWER_SCALE,
    SUCCESSOR_SCALE,
    TIERS,
    SystemSettings,
    proportional,
)
from refimpl.scale.network import pointer
from refimpl.scale.network.parameters import part
from refimpl.scale.objective.srr import covariance

Floats = NDArray[np.float64]
States = Callable[[np.random.Generator, int, int], tuple[Floats, Floats]]
"""``states(rng, batch, n_servers) -> task (B, 5), servers (B, N, 5)``."""

SYSTEM = SystemSettings()
LONGEST = 4.0
"""Remaining seconds of a busy server at most; chosen."""
DELAY = SYSTEM.data[0] / SYSTEM.bandwidth + SYSTEM.latency
"""Seconds to move the output of a mean task to another server [SCALE sec. 5.1.2]."""


def drawn_states(rng: np.random.Generator, batch: int, n_servers: int) -> tuple[Floats, Floats]:
    """Return features of random tasks and of independent random servers; visited by no policy.

    Tiers at 2:5:1 on average, half of the servers busy, the predecessor on one of them.
    """
    tiers = rng.choice(len(TIERS), (batch, n_servers), p=np.array(proportional(8)) / 8)
    return _tasks(rng, batch), _servers(rng, tiers)


def drawn_states_of_table_1(
    rng: np.random.Generator, batch: int, n_servers: int
) -> tuple[Floats, Floats]:
    """Return the same with exactly 2:5:1 tiers, so that only what depends on load is random."""
    tiers = np.repeat(np.arange(len(TIERS)), proportional(n_servers))
    return _tasks(rng, batch), _servers(rng, np.tile(tiers, (batch, 1)))


def with_one_task(states: States, task: Floats) -> States:
    """Return the same states with one task (5,) in all of them: only the servers vary."""

    def same(rng: np.random.Generator, batch: int, n_servers: int) -> tuple[Floats, Floats]:
        drawn, servers = states(rng, batch, n_servers)
        return np.broadcast_to(task, drawn.shape), servers

    return same


def features_of(params: Params, states: tuple[Floats, Floats]) -> Floats:
    """Return the attention features (B, d) of some states [SCALE sec. 4.2.2]."""
    return np.asarray(pointer.forward(params, *states)[0].features, dtype=np.float64)


def embeddings_of(params: Params, servers: Floats) -> Floats:
    """Return the server embeddings ``z`` (B, N, d) [SCALE sec. 4.2.1]."""
    return np.asarray(mlp.forward(part(params, "server"), servers, RELU)[0], dtype=np.float64)


def with_uniform_attention(params: Params) -> Params:
    """Return parameters whose queries are 0: every server gets the weight 1/N in every layer."""
    return {
        name: np.zeros_like(value) if name.startswith("query") else value
        for name, value in params.items()
    }


def calibrated(params: Params, features: Floats, layer: int = 1) -> Params:
    """Return parameters whose last layer norm gives these features mean 0 and variance 1.

    What training on ``L_d`` aims at, solved for the gain and the shift of the last block.

    Parameters
    ----------
    params : dict
        With affine layer norm.
    features : (B, d) float
        Their attention features on some states; on these ``L_d`` becomes 0.
    layer : int
        Index of the last block.

    Raises
    ------
    ValueError
        If the last layer norm has no gain, or a dimension does not vary.
    """
    gain, shift = f"norm_ffn{layer}_gain", f"norm_ffn{layer}_shift"
    if gain not in params or f"norm_ffn{layer + 1}_gain" in params:
        raise ValueError(f"layer must be the last block, with affine layer norm; got {layer}")
    check_shape("features", features[0], params[gain].shape)
    spread = features.std(axis=0, ddof=1)
    if not spread.min() > 0:
        raise ValueError(f"features must vary in every dimension; got spreads {spread}")
    changed = {
        gain: params[gain] / spread,
        shift: (params[shift] - features.mean(axis=0)) / spread,
    }
    return {**params, **changed}


def whitened(x: Floats) -> Floats:
    """Return samples (B, d) moved to mean 0 and unit covariance, exactly.

    Raises
    ------
    ValueError
        If the samples do not span all d dimensions.
    """
    deviation = x - x.mean(axis=0)
    product = covariance(deviation)
    values = np.linalg.eigvalsh(product)
    if not values[0] > 1e-12 * values[-1]:
        raise ValueError(f"x must span every direction; got the eigenvalues {values}")
    factor = np.linalg.cholesky(product)
    return np.asarray(np.linalg.solve(factor, deviation.T).T, dtype=np.float64)


def _tasks(rng: np.random.Generator, batch: int) -> Floats:
    check_count("batch", batch)
    (compute, c_spread, c_floor), (data, d_spread, d_floor) = SYSTEM.compute, SYSTEM.data
    need, m_spread, m_floor, m_ceiling = SYSTEM.memory
    columns = (
        np.maximum(rng.normal(compute, c_spread, batch), c_floor) / COMPUTE_SCALE,
        np.clip(rng.normal(need, m_spread, batch), m_floor, m_ceiling) / MEMORY_SCALE,
        rng.integers(0, 4, batch) / SUCCESSOR_SCALE,
        rng.uniform(0.0, 1.0, batch),
        np.maximum(rng.normal(data, d_spread, batch), d_floor),
    )
    return np.stack(columns, axis=1)


def _servers(rng: np.random.Generator, tiers: NDArray[np.int64]) -> Floats:
    """Features of servers of the given tiers (B, N), busy with probability one half."""
    busy = rng.random(tiers.shape) < 0.5
    delay = np.full(tiers.shape, DELAY)
    delay[np.arange(len(tiers)), rng.integers(0, tiers.shape[1], len(tiers))] = 0.0
    idle_power = np.array([tier.idle_power for tier in TIERS])[tiers]
    busy_power = np.array([tier.busy_power for tier in TIERS])[tiers]
    columns = (
        np.array([tier.compute for tier in TIERS])[tiers] / COMPUTE_SCALE,
        np.array([tier.memory for tier in TIERS])[tiers] / MEMORY_SCALE,
        busy * rng.uniform(0.0, LONGEST, tiers.shape),
        np.where(busy, busy_power, idle_power) / POWER_SCALE,
        delay,
    )
    return np.stack(columns, axis=-1)
