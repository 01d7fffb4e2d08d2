"""From vectorised dynamics to single environments that keep the Gymnasium contract.

A paper writes its dynamics once, as functions on arrays of E copies, see
:mod:`refimpl.shared.rollout`. Here one copy becomes an ``Environment``, or, when the dynamics have
an axis of agents, a ``ParallelEnvironment`` of :mod:`refimpl.shared.environment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from linear_models.params import Array
from refimpl.shared.environment import StepResult
from refimpl.shared.rollout import Dynamics, State
from refimpl.shared.spaces import Space


class ResetNeededError(RuntimeError):
    """``step`` was called before the first ``reset``, or after the end of an episode."""


@dataclass
class _Episode:
    """One copy of the dynamics with its generator: the only thing here that changes."""

    dynamics: Dynamics
    rng: np.random.Generator | None = None
    state: State = field(default_factory=dict)
    running: bool = False

    def start(self, seed: int | None) -> Array:
        if seed is not None or self.rng is None:
            self.rng = np.random.default_rng(seed)
        self.state = self.dynamics.reset(1, self.rng)
        self.running = True
        return self._observation()

    def advance(self, actions: Array) -> tuple[Array, Array, bool, bool]:
        if not self.running or self.rng is None:
            raise ResetNeededError("call reset before step, at the start and after each episode")
        self.state, rewards, terminated, truncated = self.dynamics.step(
            self.state, actions[None], self.rng
        )
        self.running = not (terminated[0] or truncated[0])
        return self._observation(), rewards[0], bool(terminated[0]), bool(truncated[0])

    def _observation(self) -> Array:
        observation: Array = self.dynamics.observe(self.state)[0].copy()
        return observation


@dataclass(frozen=True)
class SingleEnvironment:
    """One copy of ``dynamics`` as an environment with one decision maker.

    Rewards of several agents are added up; the action is then the vector of all agents' actions.

    Attributes
    ----------
    dynamics : Dynamics
    observation_space, action_space : Space
        Of one copy, without the axis of copies.
    """

    dynamics: Dynamics
    observation_space: Space
    action_space: Space
    _episode: _Episode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_episode", _Episode(self.dynamics))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode; a seed restarts all randomness, None continues it."""
        del options
        return self._episode.start(seed), {}

    def step(self, action: Any) -> StepResult:
        """Play ``action``.

        Raises
        ------
        ValueError
            If the action is not in ``action_space``.
        ResetNeededError
            Before the first reset and after the end of an episode.
        """
        _check_action("action", action, self.action_space)
        observation, rewards, *flags = self._episode.advance(np.array(action))
        return observation, float(np.sum(rewards)), flags[0], flags[1], {}


@dataclass(frozen=True)
class AgentsEnvironment:
    """One copy of ``dynamics`` with an axis of agents as a parallel multi-agent environment.

    Episodes end for all agents together. A single reward for all is given to each of them.

    Attributes
    ----------
    dynamics : Dynamics
        Observations (E, N, ...), actions (E, N, ...), rewards (E, N) or (E,).
    possible_agents : tuple of str
        The N names, in the order of the axis.
    agent_observation_space, agent_action_space : Space
        Of each agent.
    """

    dynamics: Dynamics
    possible_agents: tuple[str, ...]
    agent_observation_space: Space
    agent_action_space: Space
    _episode: _Episode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.possible_agents or len(set(self.possible_agents)) < len(self.possible_agents):
            raise ValueError(f"possible_agents must be distinct names; got {self.possible_agents}")
        object.__setattr__(self, "_episode", _Episode(self.dynamics))

    def observation_space(self, agent: str) -> Space:
        """Set of the observations of ``agent``."""
        self._check_agent(agent)
        return self.agent_observation_space

    def action_space(self, agent: str) -> Space:
        """Set of the actions of ``agent``."""
        self._check_agent(agent)
        return self.agent_action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; a seed restarts all randomness, None continues it."""
        del options
        observations = self._episode.start(seed)
        return self._by_agent(observations), {agent: {} for agent in self.possible_agents}

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """Play one action per agent.

        Raises
        ------
        ValueError
            If an agent is missing or unknown, or an action is not in its space.
        ResetNeededError
            Before the first reset and after the end of an episode.
        """
        if set(actions) != set(self.possible_agents):
            raise ValueError(
                f"actions must name exactly {list(self.possible_agents)}; got {sorted(actions)}"
            )
        for agent, action in actions.items():
            _check_action(f"actions[{agent!r}]", action, self.agent_action_space)
        stacked = np.stack([actions[agent] for agent in self.possible_agents])
        observations, rewards, terminated, truncated = self._episode.advance(stacked)
        each = np.broadcast_to(rewards, len(self.possible_agents)).tolist()
        return (
            self._by_agent(observations),
            dict(zip(self.possible_agents, each, strict=True)),
            dict.fromkeys(self.possible_agents, terminated),
            dict.fromkeys(self.possible_agents, truncated),
            {agent: {} for agent in self.possible_agents},
        )

    def _by_agent(self, observations: Array) -> dict[str, Any]:
        return dict(zip(self.possible_agents, observations, strict=True))

    def _check_agent(self, agent: str) -> None:
        if agent not in self.possible_agents:
            raise ValueError(f"agent must be one of {list(self.possible_agents)}; got {agent!r}")


def _check_action(name: str, action: Any, space: Space) -> None:
    if not space.contains(action):
        raise ValueError(f"{name} must be in {space!r}; got {action!r}")
