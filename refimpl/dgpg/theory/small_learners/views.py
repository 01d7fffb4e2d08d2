"""One agent's view of a one-step game: all that credits are made of [DG-PG Table 2]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.categorical import probabilities
from refimpl.dgpg.theory.estimators import coefficients
from refimpl.dgpg.theory.games import Game, one_step

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """What can happen to one agent, M rows.

    Attributes
    ----------
    weight : (M,) float
        Probability of each row, or 1/M for samples.
    own : (M,) int
        The agent's action.
    policy : (K,) float
        Probability of each of its actions.
    by_action : (M, K) float
        Reward if it chose k and the others did what they did.
    absent : (M,) float
        Reward without its job.
    guidance : (M,) float
        Coefficient ``<x - xr, z_i>`` after the joint action.
    importance : (M,) float
        Probability of the earlier agents' actions after their update over that before it; 1 where
        agents update at once.
    """

    weight: Floats
    own: Ints
    policy: Floats
    by_action: Floats
    absent: Floats
    guidance: Floats
    importance: Floats

    @property
    def reward(self) -> Floats:
        """Return the reward (M,) of what was done."""
        taken: Floats = self.by_action[np.arange(self.own.size), self.own]
        return taken

    @property
    def scores(self) -> Floats:
        """Return ``grad log pi(own)`` (M, K) with respect to the agent's logits."""
        return np.asarray(np.eye(self.policy.size)[self.own] - self.policy)


@dataclass(frozen=True)
class Listed:
    """What does not depend on policies in a one-step game, listed once for many views.

    Attributes
    ----------
    actions : (M, N) int
    by_action : (N, M, K) float
    absent, guidance : (N, M) float
    """

    actions: Ints
    by_action: Floats
    absent: Floats
    guidance: Floats


def listed(game: Game) -> Listed:
    """List the joint actions of a one-step game, with what each agent's credits are made of.

    Raises
    ------
    ValueError
        If the game has more than one step.
    """
    (seen, table), agents = one_step(game), range(game.n_agents)
    actions = seen.actions[:, 0]
    # Broadcast: an agent that is alone has no others to index by.
    shape = (len(actions), game.n_servers)
    by_action = [
        np.broadcast_to(np.moveaxis(table, i, -1)[tuple(np.delete(actions, i, axis=1).T)], shape)
        for i in agents
    ]
    placed = np.eye(game.n_servers)[actions][..., None] * game.demand[:, None, :]
    absent = [game.reward(seen.after[:, 0] - placed[:, i]) for i in agents]
    coefficient = coefficients(game, seen)[:, 0].T
    return Listed(actions, np.stack(by_action), np.stack(absent), coefficient)


def view_of(seen: Listed, logits: Floats, agent: int, updated: Floats | None = None) -> View:
    """Look at a listed game as one agent.

    Parameters
    ----------
    seen : Listed
    logits : (N, K) float
    agent : int
    updated : (N, K) float, optional
        Logits after an update; agents before ``agent`` already use them, which ``importance``
        accounts for [DG-PG Table 2].
    """
    old = probabilities(logits)
    new = old if updated is None else probabilities(updated)
    chosen = old[np.arange(len(old)), seen.actions]
    earlier = np.arange(agent)
    return View(
        weight=chosen.prod(axis=1),
        own=seen.actions[:, agent],
        policy=old[agent],
        by_action=seen.by_action[agent],
        absent=seen.absent[agent],
        guidance=seen.guidance[agent],
        importance=(new / old)[earlier, seen.actions[:, earlier]].prod(axis=1),
    )


def game_view(game: Game, logits: Floats, agent: int, updated: Floats | None = None) -> View:
    """List a one-step game and look at it as one agent; see :func:`listed`, :func:`view_of`."""
    return view_of(listed(game), logits, agent, updated)


@dataclass(frozen=True)
class Crowd:
    """Exchangeable agents with unit jobs whose reward is a sum over servers.

    Attributes
    ----------
    n_agents : int
    policy : (K,) float
        Of every agent.
    server_reward : callable
        Loads (..., K) -> reward of each server (..., K); the reward is their sum.
    reference : (K,) float
        xr.
    updated : (K,) float
        Policy of the agents before this one in a sequential update; ``policy`` if none is.

    Raises
    ------
    ValueError
        If there is no agent or shapes differ.
    """

    n_agents: int
    policy: Floats
    server_reward: Callable[[Floats], Floats]
    reference: Floats
    updated: Floats

    def __post_init__(self) -> None:
        if self.n_agents < 1:
            raise ValueError(f"n_agents must be >= 1; got {self.n_agents}")
        for name in ("reference", "updated"):
            if getattr(self, name).shape != self.policy.shape:
                raise ValueError(
                    f"{name} must have shape {self.policy.shape}; got {getattr(self, name).shape}"
                )


def two_server_view(crowd: Crowd) -> View:
    """List everything that can happen to an agent of a crowd on two servers, 2 N rows.

    Raises
    ------
    ValueError
        If there are not two servers.
    """
    if crowd.policy.size != 2:
        raise ValueError(f"policy must have two servers; got {crowd.policy.size}")
    n = crowd.n_agents - 1
    first = np.arange(n + 1)
    # log n! by a cumulative sum: binomial probabilities of hundreds of agents do not overflow.
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    log_choices = log_factorial[n] - log_factorial[first] - log_factorial[n - first]
    counts = np.stack([first, n - first], axis=1).astype(np.float64)
    weight = np.exp(log_choices + counts @ np.log(crowd.policy))
    own = np.repeat([0, 1], n + 1)
    return _crowd_view(crowd, own, np.tile(counts, (2, 1)), np.tile(weight, 2) * crowd.policy[own])


def sampled_view(crowd: Crowd, n_samples: int, rng: np.random.Generator) -> View:
    """Draw what happens to an agent of a crowd on any number of servers."""
    counts = rng.multinomial(crowd.n_agents - 1, crowd.policy, size=n_samples).astype(np.float64)
    own = rng.choice(crowd.policy.size, size=n_samples, p=crowd.policy)
    return _crowd_view(crowd, own, counts, np.full(n_samples, 1.0 / n_samples))


def _crowd_view(crowd: Crowd, own: Ints, others: Floats, weight: Floats) -> View:
    without = crowd.server_reward(others)
    absent = without.sum(axis=1)
    by_action = absent[:, None] + crowd.server_reward(others + 1.0) - without
    return View(
        weight=weight,
        own=own,
        policy=crowd.policy,
        by_action=by_action,
        absent=absent,
        guidance=others[np.arange(own.size), own] + 1.0 - crowd.reference[own],
        importance=np.exp(others @ np.log(crowd.updated / crowd.policy)),
    )


def balancing_crowd(n_agents: int, policy: Floats, updated: Floats | None = None) -> Crowd:
    """Build the crowd with ``J = -G``: reward ``-d``, equal servers [DG-PG eq. 6]."""
    reference = np.full(policy.size, n_agents / policy.size)
    return Crowd(
        n_agents,
        policy,
        lambda load: -0.5 * (load - reference) ** 2,
        reference,
        policy if updated is None else updated,
    )


def additive_crowd(n_agents: int, policy: Floats, worth: Floats) -> Crowd:
    """Build the crowd whose reward adds what each agent's own choice is worth, (K,)."""
    reference = np.full(policy.size, n_agents / policy.size)
    return Crowd(n_agents, policy, lambda load: load * worth, reference, policy)
