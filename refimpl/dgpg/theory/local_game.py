"""Steps to learn in a local game, every method with its best step size [DG-PG Theorem 5.3].

N agents, N equal servers on a ring; agent i may use servers i, i+1, ... (``n_choices`` of them).
Unit jobs, reward ``-d``, one step. Every iteration plays once and moves along
``(1 - alpha) g_J - alpha g_G`` with the exact mean baseline in ``g_J``, so ``alpha`` changes noise
and nothing else: both parts have mean ``-grad G``. Progress is measured on the exact G, which for
independent placements is a sum over servers::

    G = 1/2 sum_k [sum_i p_ik (1 - p_ik) + (b_k + sum_i p_ik - 3/2)^2]

Servers of even number carry a job already, so all agents should learn to prefer odd ones. Everybody
starts uniform, ``G = N/2``; the target is 0.4 of that. The common preference alone gives at best
2/3, at odds of 5 to 1, and the best placement 1/4, so choices must be coordinated too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linear_models.categorical import probabilities
from refimpl.ledger import Arrays
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LocalGame:
    """Ring of N agents and N servers.

    Attributes
    ----------
    n_agents, n_choices : int
        ``n_choices <= n_agents``.
    """

    n_agents: int
    n_choices: int = 4

    def __post_init__(self) -> None:
        if not 2 <= self.n_choices <= self.n_agents:
            raise ValueError(f"n_choices must be in 2..{self.n_agents}; got {self.n_choices}")

    @property
    def servers(self) -> Ints:
        """Return the servers of each agent's choices, (N, n_choices)."""
        agents = np.arange(self.n_agents)[:, None]
        servers: Ints = (agents + np.arange(self.n_choices)) % self.n_agents
        return servers


def background(game: LocalGame) -> Floats:
    """Return the load that servers carry anyway: one job where the number is even."""
    even: Floats = (np.arange(game.n_agents) % 2 == 0).astype(np.float64)
    return even


def expected(game: LocalGame, policies: Floats) -> Floats:
    """Return ``G`` (B,) of policies (B, N, n_choices) [DG-PG eq. 7]."""
    excess = background(game) + _per_server(game, policies) - REFERENCE
    variance = _per_server(game, policies * (1.0 - policies))
    g: Floats = 0.5 * (variance + excess**2).sum(axis=-1)
    return g


def sampled_direction(
    game: LocalGame, policies: Floats, alpha: float, rng: np.random.Generator
) -> Floats:
    """Play once and return the direction (B, N, n_choices) [DG-PG eq. 10]."""
    uniforms = rng.random(policies.shape[:-1])[..., None]
    choices = np.minimum((uniforms > policies.cumsum(axis=-1)).sum(axis=-1), game.n_choices - 1)
    score = np.eye(game.n_choices)[choices] - policies
    excess = background(game) + _per_server(game, np.eye(game.n_choices)[choices]) - REFERENCE
    loss = 0.5 * (excess**2).sum(axis=-1)
    advantage = (expected(game, policies) - loss)[:, None]
    used = (np.arange(game.n_agents) + choices) % game.n_agents
    coefficient = np.take_along_axis(excess, used, axis=-1)
    mixed = (1.0 - alpha) * advantage - alpha * coefficient
    direction: Floats = mixed[..., None] * score
    return direction


def hitting_times(
    game: LocalGame, alpha: float, steps: Floats, limit: int, rng: np.random.Generator
) -> Ints:
    """Return the iteration (B,) at which each run, with its own step size, reaches the target.

    ``limit`` where it does not.
    """
    logits = np.zeros((len(steps), game.n_agents, game.n_choices))
    target = TARGET * expected(game, probabilities(logits))
    found = np.full(len(steps), limit, dtype=np.int64)
    active = np.arange(len(steps))
    for k in range(1, limit):
        policies = probabilities(logits[active])
        direction = sampled_direction(game, policies, alpha, rng)
        logits[active] += steps[active, None, None] * direction
        hit = expected(game, probabilities(logits[active])) <= target[active]
        found[active[hit]] = k
        active = active[~hit]
        if not active.size:
            break
    return found


def tuned_times(
    game: LocalGame, alpha: float, runs: int, limit: int, rng: np.random.Generator
) -> Ints:
    """Return the iterations (runs,) at the step size whose median is least."""
    grid = np.repeat(STEP_SIZES, runs)
    times = hitting_times(game, alpha, grid, limit, rng).reshape(len(STEP_SIZES), runs)
    tuned: Ints = times[np.median(times, axis=1).argmin()]
    return tuned


REFERENCE = 1.5
"""Load per server if all were equal: half a job of background, one agent."""

LIMIT = 400
"""Iterations after which a run is given up; several times what the slowest tuned run needs."""

TARGET = 0.4
"""Share of the first expected deviation that is to be reached."""

STEP_SIZES = 2.0 ** np.arange(-8.0, 3.0)
"""Step sizes tried: factors of two, wide enough that the best is inside for all sizes run."""


def measure(
    sizes: tuple[int, ...],
    everywhere: tuple[int, ...],
    alphas: tuple[float, ...],
    runs: int,
    seed: int,
    *,
    checkpoint: Path | None,
) -> Arrays:
    """Measure tuned iterations.

    Seconds to a minute, so nothing is kept for a resumption.

    Parameters
    ----------
    sizes : tuple of int
        N of the local games.
    everywhere : tuple of int
        N of the games in which every agent may use all servers; pure guidance only.
    alphas : tuple of float
    runs, seed : int
        Runs per step size.

    Returns
    -------
    dict
        Iterations of every run: ``local`` (alphas, sizes, runs), ``everywhere`` (everywhere, runs).
    """
    del checkpoint
    counts = [[_tuned(LocalGame(n), alpha, runs, seed) for n in sizes] for alpha in alphas]
    whole = [_tuned(LocalGame(n, n), 1.0, runs, seed) for n in everywhere]
    return {"local": np.array(counts), "everywhere": np.array(whole)}


def _tuned(game: LocalGame, alpha: float, runs: int, seed: int) -> Ints:
    name = f"{game.n_agents}-{game.n_choices}-{alpha}"
    return tuned_times(game, alpha, runs, LIMIT, generator(seed, "dgpg", "local", name))


def _per_server(game: LocalGame, values: Floats) -> Floats:
    """Add values (B, N, n_choices) of agents up by server, (B, N)."""
    total = np.zeros(values.shape[:-1])
    for offset in range(game.n_choices):
        total += np.roll(values[..., offset], offset, axis=-1)
    return total
