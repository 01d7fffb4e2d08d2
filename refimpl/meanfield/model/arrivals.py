"""Markov-modulated arrivals, and how agents split them [MF sec. 1.2]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from linear_models.validation import check_count
from refimpl.meanfield.model.graph import Graph, graph_from_adjacency
from refimpl.shared.markov_chains import check_rates

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

HIGH, LOW = 0, 1


@dataclass(frozen=True)
class Modulation:
    """The common arrival rate, a two-state chain that may switch after every epoch [MF eq. 2].

    Attributes
    ----------
    rates : (float, float)
        Arrival rate per agent in level ``HIGH`` and ``LOW``, per unit time, >= 0.
    leave : (float, float)
        Probability to leave the level after an epoch.
    start : (float, float)
        Law of the first level.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    rates: tuple[float, float] = (0.9, 0.6)
    leave: tuple[float, float] = (0.2, 0.5)
    start: tuple[float, float] = (0.5, 0.5)

    def __post_init__(self) -> None:
        for name in ("rates", "leave", "start"):
            if len(getattr(self, name)) != 2:
                raise ValueError(f"{name} must have two entries; got {getattr(self, name)}")
        check_rates("rates", self.rates)
        for name in ("leave", "start"):
            check_probabilities(name, getattr(self, name))
        if abs(sum(self.start) - 1.0) > 1e-12:
            raise ValueError(f"start must sum to 1; got {self.start}")

    @property
    def transitions(self) -> Floats:
        """Transition matrix of the levels, (2, 2). Convention: row = from."""
        high, low = self.leave
        return np.array([[1.0 - high, high], [low, 1.0 - low]])

    @property
    def stationary(self) -> Floats:
        """Long-run law of the level, (2,).

        Raises
        ------
        ValueError
            If no level is ever left: the long run then depends on the start.
        """
        high, low = self.leave
        if high + low == 0.0:
            raise ValueError("leave must have a positive entry; got (0, 0)")
        return np.array([low, high]) / (high + low)


def check_probabilities(name: str, values: ArrayLike) -> Floats:
    """Return numbers in [0, 1] as an array.

    Raises
    ------
    ValueError
        If one is outside or NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    inside = (array >= 0.0) & (array <= 1.0)
    if not inside.all():
        raise ValueError(f"{name} must be in [0, 1]; got {array[~inside].flat[0]}")
    return array


def sample_levels(
    modulation: Modulation, epochs: int, episodes: int, rng: np.random.Generator
) -> Ints:
    """Paths of the level, (epochs, episodes) ints in {HIGH, LOW}.

    Raises
    ------
    ValueError
        If a count is not positive.
    """
    check_count("epochs", epochs)
    check_count("episodes", episodes)
    uniforms = rng.random((epochs, episodes))
    levels = np.empty((epochs, episodes), dtype=np.intp)
    to_low = modulation.start[LOW]
    levels[0] = uniforms[0] < to_low
    low_next = modulation.transitions[:, LOW]
    for t in range(1, epochs):
        levels[t] = uniforms[t] < low_next[levels[t - 1]]
    return levels


def offload_shares(graph: Graph, offload: Floats) -> Floats:
    """Arrivals at each queue, in units of the common rate [MF sec. 1.2.4] [MF Fig. 2].

    ``1 - p_i + sum over neighbours j of p_j / |N_j|``: each agent keeps the part ``1 - p`` of its
    jobs and spreads the rest evenly over its neighbours. Convention: the degree is the sender's.

    Parameters
    ----------
    graph : Graph
    offload : (..., N) float
        Probability that an agent sends a job away. Not checked: this is inside every epoch.

    Returns
    -------
    (..., N) float
        Sums to N.
    """
    flat = offload.reshape(-1, graph.n)
    received = graph.offload_matrix @ np.ascontiguousarray(flat.T)
    return np.asarray(1.0 - offload + received.T.reshape(offload.shape))


def arrival_rates(
    adjacency: ArrayLike | sparse.sparray | Graph, offload_prob: ArrayLike, rate: float
) -> Floats:
    """Arrival rate at every queue [MF sec. 1.2.4]; checked front of :func:`offload_shares`.

    ``rate * (1 - p_i + sum over neighbours j of p_j / |N_j|)``.

    Parameters
    ----------
    adjacency : Graph or (N, N) array
    offload_prob : (..., N) float
    rate : float
        Arrivals per agent and unit time, >= 0.

    Raises
    ------
    ValueError
        If the adjacency is none of an undirected graph without isolated agents, a probability is
        outside [0, 1], the rate is negative, or something is NaN.
    """
    graph = adjacency if isinstance(adjacency, Graph) else graph_from_adjacency(adjacency)
    offload = check_probabilities("offload_prob", offload_prob)
    if offload.ndim == 0 or offload.shape[-1] != graph.n:
        raise ValueError(f"offload_prob must have shape (..., {graph.n}); got {offload.shape}")
    check_rates("rate", rate)
    return np.asarray(rate * offload_shares(graph, offload))
