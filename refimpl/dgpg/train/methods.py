"""The three methods: what the critic judges, and what makes the advantage [DG-PG sec. 6.1].

========  =====================================  ============================
method    critic                                 advantage
========  =====================================  ============================
MAPPO     value of the state, one per rollout    GAE
IPPO      value of each agent's own observation  GAE
DG-PG     value of the state, one per rollout    GAE mixed with the guidance
========  =====================================  ============================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.params import Array, Params
from refimpl.dgpg.objective.advantage import mix
from refimpl.dgpg.train.experience import Experience
from refimpl.dgpg.train.networks import (
    CRITIC_GAIN,
    HIDDEN_GAIN,
    N_OWN,
    Samples,
    agent_network,
    agent_samples,
    state_samples,
)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sizes:
    """Numbers that networks are made of.

    Attributes
    ----------
    n_shared, n_agents, n_actions : int
        Length of the shared part of an observation; agents; servers or clusters to choose from.
    hidden : tuple of int
    embedding : int
        Width of the learned index; 0: the index over N.
    n_own : int
        Length of what is an agent's own.
    """

    n_shared: int
    n_agents: int
    n_actions: int
    hidden: tuple[int, ...]
    embedding: int
    n_own: int = N_OWN


@dataclass(frozen=True)
class Critic:
    """What a critic sees.

    Attributes
    ----------
    start : callable
        ``start(rng, sizes) -> params``.
    samples : callable
        ``samples(experience, params, n_agents)``: everything there is a value of, in the order of
        steps, rollouts, agents.
    own_axis : callable
        ``own_axis(rewards (T, E), n_agents)``: rewards in the shape of the values.
    at_samples : callable
        ``at_samples(experience) -> (n,) int``: where in the flattened values those of the actor's
        samples stand.
    """

    start: Callable[[np.random.Generator, Sizes], Params]
    samples: Callable[[Experience, Params, int], Samples]
    own_axis: Callable[[Array, int], Array]
    at_samples: Callable[[Experience], Ints]


@dataclass(frozen=True)
class Method:
    """A learner.

    Attributes
    ----------
    name : str
    critic : Critic
    signal : callable
        ``signal(advantages, coefficients, alpha)``: what the policy gradient is weighted by, given
        the scaled advantages and guidance coefficients of the samples.
    """

    name: str
    critic: Critic
    signal: Callable[[Array, Array, float], Array]


def _central_start(rng: np.random.Generator, sizes: Sizes) -> Params:
    return mlp.init(rng, (sizes.n_shared, *sizes.hidden, 1), HIDDEN_GAIN, CRITIC_GAIN)


def _central_samples(experience: Experience, params: Params, n_agents: int) -> Samples:
    del params, n_agents
    return state_samples(experience.states)


def _as_it_is(rewards: Array, n_agents: int) -> Array:
    del n_agents
    return rewards


def _by_state(experience: Experience) -> Ints:
    return experience.rows


def _local_start(rng: np.random.Generator, sizes: Sizes) -> Params:
    widths = (sizes.n_shared, *sizes.hidden, 1)
    width, n_own = sizes.embedding, sizes.n_own
    return agent_network(rng, widths, sizes.n_agents, width, CRITIC_GAIN, n_own)


def _local_samples(experience: Experience, params: Params, n_agents: int) -> Samples:
    """Every agent in every state; one without a job sees a job of size zero."""
    states = experience.states
    own = np.zeros((len(states), n_agents, experience.own.shape[1]), states.dtype)
    own[experience.rows, experience.agent] = experience.own
    rows = np.repeat(np.arange(len(states)), n_agents)
    agent = np.tile(np.arange(n_agents), len(states))
    shape = (len(params["W0"]), n_agents)
    return agent_samples(states, rows, own.reshape(len(rows), -1), agent, shape)


def _for_every_agent(rewards: Array, n_agents: int) -> Array:
    return np.repeat(rewards[..., None], n_agents, axis=-1)


def _by_state_and_agent(experience: Experience) -> Ints:
    return experience.rows * experience.n_agents + experience.agent


Regression = Callable[[Ints, int], Ints]
"""``regression(at_samples (n,), number of values) -> (m,)``: which values the critic is fitted to.
"""


def every_value(at_samples: Ints, size: int) -> Ints:
    """Fit all values once: every state, those of the drain phase included."""
    del at_samples
    return np.arange(size)


def values_of_samples(at_samples: Ints, size: int) -> Ints:
    """Fit the value of every sample of the actor: a state counts once per active agent.

    This is what implementations with one row per agent and step do. States without active agents
    are not fitted.
    """
    del size
    return at_samples


CENTRAL = Critic(_central_start, _central_samples, _as_it_is, _by_state)
LOCAL = Critic(_local_start, _local_samples, _for_every_agent, _by_state_and_agent)


def advantage_only(advantages: Array, coefficients: Array, alpha: float) -> Array:
    """Advantages as they are."""
    del coefficients, alpha
    return advantages


MAPPO = Method("MAPPO", CENTRAL, advantage_only)
IPPO = Method("IPPO", LOCAL, advantage_only)
DGPG = Method("DG-PG", CENTRAL, mix)
