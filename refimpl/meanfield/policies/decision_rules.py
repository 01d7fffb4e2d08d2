"""What an upper-level policy sees and does [MF sec. 1.4].

It sees how the queue lengths are distributed, and chooses a decision rule for everybody: for each
own queue length z two numbers in [0, 1], how much to keep and how much to send to a uniformly drawn
neighbour, divided by their sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_finite
from refimpl.meanfield.model.graph import Graph

Array = NDArray[Any]
Floats = NDArray[np.float64]

ACTIONS = 2  # keep, send to a neighbour
# Added to both numbers, so that a pair of zeros means one half instead of 0 / 0.
LEAST = 1e-10


def action_size(buffer: int) -> int:
    """Numbers that an upper-level action has, two for each queue length."""
    return ACTIONS * (buffer + 1)


def offload_probabilities(actions: Array) -> Array:
    """Turn actions into rules: offload probability by own queue length [MF sec. 1.4.2].

    Coordinates are taken from [-1, 1] to [0, 1] and clipped there, ``clip((1 + a) / 2, 0, 1)``, and
    the two of each queue length divided by their sum.

    Parameters
    ----------
    actions : (..., 2 S) float
        Convention: coordinate 2 z is for keeping and 2 z + 1 for sending, at queue length z.

    Returns
    -------
    (..., S) float
        In [0, 1]; the dtype of the actions.

    Raises
    ------
    ValueError
        If the last axis is odd or a number is not finite.
    """
    if actions.ndim == 0 or actions.shape[-1] % ACTIONS:
        raise ValueError(f"actions must have pairs on the last axis; got shape {actions.shape}")
    check_finite("actions", actions)
    amounts = np.clip(0.5 + 0.5 * actions, 0.0, 1.0) + LEAST
    keep, send = amounts[..., 0::2], amounts[..., 1::2]
    return np.asarray(send / (keep + send))


def state_distribution(states: Array, buffer: int) -> Floats:
    """Share of the queues at each length, (E, B + 1) from states (E, N) [MF sec. 1.4].

    The observation of MF-G, and of training.
    """
    n_episodes, n = states.shape
    offset = np.arange(n_episodes)[:, None] * (buffer + 1)
    counts = np.bincount((offset + states).ravel(), minlength=n_episodes * (buffer + 1))
    distribution: Floats = counts.reshape(n_episodes, buffer + 1) / n
    return distribution


def neighbourhood_distribution(graph: Graph, states: Array, buffer: int) -> Floats:
    """Share of the own queue and the neighbours' at each length, (E, N, B + 1) [MF Fig. 9].

    The observation of MF-N.
    """
    own = own_length(states, buffer)
    columns = own.transpose(1, 0, 2).reshape(graph.n, -1)
    total = (columns + graph.adjacency @ columns) / (1.0 + graph.degrees)[:, None]
    return np.asarray(total.reshape(graph.n, len(states), -1).transpose(1, 0, 2))


def own_length(states: Array, buffer: int) -> Floats:
    """Own queue length as a distribution with all mass on it, (..., B + 1): what MF-R sees."""
    mass: Floats = np.eye(buffer + 1)[states]
    return mass
