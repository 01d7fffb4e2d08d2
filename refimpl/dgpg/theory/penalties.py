"""Penalties that keep optimal policies and penalties that do not, in random decision processes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Processes:
    """A batch of B small decision processes with a number attached to every state.

    Attributes
    ----------
    transition : (B, S, A, S) float
    reward : (B, S, A) float
        Maximised.
    potential : (B, S) float
    gamma : float
    """

    transition: Floats
    reward: Floats
    potential: Floats
    gamma: float


def random_processes(
    batch: int, n_states: int, n_actions: int, rng: np.random.Generator, gamma: float = 0.9
) -> Processes:
    """Draw processes with Dirichlet transitions, normal rewards and potentials."""
    transition = rng.dirichlet(np.ones(n_states), (batch, n_states, n_actions))
    reward = rng.normal(size=(batch, n_states, n_actions))
    return Processes(transition, reward, rng.normal(size=(batch, n_states)), gamma)


def shaping(processes: Processes) -> Floats:
    """Return the potential-based term ``gamma E phi(s') - phi(s)`` (B, S, A)."""
    following = np.einsum("bsan,bn->bsa", processes.transition, processes.potential)
    term: Floats = processes.gamma * following - processes.potential[:, :, None]
    return term


def state_penalty(processes: Processes) -> Floats:
    """Return the penalty ``-phi(s)^2 / 2`` (B, S, A) for a deviation phi of the state."""
    penalty = -0.5 * processes.potential[:, :, None] ** 2
    return np.broadcast_to(penalty, processes.reward.shape)


def optimal_actions(transition: Floats, reward: Floats, gamma: float) -> NDArray[np.intp]:
    """Return an optimal deterministic policy (B, S) of each process, by listing all of them."""
    n_states, n_actions = reward.shape[1:]
    listed = np.array(list(itertools.product(range(n_actions), repeat=n_states)))
    states = np.arange(n_states)
    values = []
    for actions in listed:
        matrix = np.eye(n_states) - gamma * transition[:, states, actions]
        chosen = reward[:, states, actions][..., None]
        values.append(np.linalg.solve(matrix, chosen).sum(axis=(1, 2)))
    best: NDArray[np.intp] = listed[np.argmax(np.array(values), axis=0)]
    return best


def changed(processes: Processes, extra: Floats) -> int:
    """Return how many processes have another optimal policy when a term is added to the reward."""
    before = optimal_actions(processes.transition, processes.reward, processes.gamma)
    after = optimal_actions(processes.transition, processes.reward + extra, processes.gamma)
    return int((before != after).any(axis=1).sum())
