"""Networks of the learned policies, as RLlib makes them [MF sec. 1.4.2]."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array, Params
from linear_models.validation import check_count, check_indices
from refimpl.shared.actor_critic import Network

DTYPE = np.float32
LAST_GAIN = 0.01


def normalized_columns(
    rng: np.random.Generator, sizes: Sequence[int], dtype: DTypeLike = np.float64
) -> Params:
    """Perceptron whose units start with normal weights scaled to length 1, the last to 0.01.

    RLlib's ``normc`` initialiser. The last layer starts near zero, so a Gaussian policy starts with
    means near 0 and standard deviations near 1.

    Parameters
    ----------
    rng : Generator
    sizes : sequence of int
        ``(n_in, hidden..., n_out)``.
    dtype : dtype
    """
    for size in sizes:
        check_count("sizes", size)
    params: Params = {}
    last = len(sizes) - 2
    for k, shape in enumerate(pairwise(sizes)):
        weights = rng.standard_normal(shape)
        weights *= (LAST_GAIN if k == last else 1.0) / np.linalg.norm(weights, axis=0)
        params[f"W{k}"] = weights.astype(dtype)
        params[f"b{k}"] = np.zeros(shape[1], dtype)
    return params


def on_states(network: Network, n_states: int, dtype: DTypeLike = np.float32) -> Network:
    """Network of one-hot inputs that is given the states themselves, integers 0..n_states-1.

    It evaluates the network once per state instead of once per sample, and sums what comes back
    by state: the same function with the same gradient, since samples in one state are alike.
    """
    inputs = np.eye(n_states, dtype=dtype)

    def forward(params: Params, x: Array) -> tuple[Array, Any]:
        check_indices("x", x, n_states)
        table, cache = network.forward(params, inputs)
        return table[x], (cache, x)

    def backward(params: Params, cache: Any, dy: Array) -> tuple[Params, Array]:
        inner, x = cache
        rows = dy.reshape(-1, dy.shape[-1])
        d_table = np.stack([rows[(x == state).ravel()].sum(axis=0) for state in range(n_states)])
        grads, _ = network.backward(params, inner, d_table)
        return grads, np.zeros(x.shape, dy.dtype)

    return Network(forward, backward)


def gaussian_actor(
    rng: np.random.Generator, sizes: Sequence[int], n_actions: int, log_std: float
) -> Params:
    """Perceptron that puts out means near 0 and log-deviations near ``log_std``, in float32.

    Parameters
    ----------
    rng : Generator
    sizes : sequence of int
        ``(n_in, hidden...)``.
    n_actions : int
        Coordinates of the action, A; there are 2 A outputs.
    log_std : float
    """
    actor = normalized_columns(rng, (*sizes, 2 * n_actions), DTYPE)
    actor[f"b{len(sizes) - 1}"][n_actions:] = log_std
    return actor
