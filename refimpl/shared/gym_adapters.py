"""Real ``gymnasium.Env`` and PettingZoo ``ParallelEnv`` around our environments.

Needs the optional extra: ``pip install refimpl[gym]``. The adapters translate spaces and keep the
bookkeeping that those libraries expect; they pass ``gymnasium.utils.env_checker.check_env`` and
``pettingzoo.test.parallel_api_test``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    import gymnasium
    import pettingzoo
except ImportError as error:
    raise ImportError(
        "refimpl.shared.gym_adapters needs gymnasium and pettingzoo: pip install 'refimpl[gym]'"
    ) from error

from refimpl.shared.environment import Environment, ParallelEnvironment
from refimpl.shared.spaces import Box, Discrete, MultiDiscrete, Space


def to_gymnasium_space(space: Space) -> gymnasium.spaces.Space[Any]:
    """Gymnasium's space with the same elements.

    Raises
    ------
    TypeError
        If there is no such space.
    """
    match space:
        case Discrete(n):
            return gymnasium.spaces.Discrete(n)
        case MultiDiscrete(counts):
            return gymnasium.spaces.MultiDiscrete(counts)
        case Box(low, high):
            return gymnasium.spaces.Box(low, high, dtype=low.dtype.type)
    raise TypeError(f"space must be Discrete, MultiDiscrete or Box; got {space!r}")


class GymnasiumEnvironment(gymnasium.Env):  # type: ignore[misc]
    """A ``gymnasium.Env`` that plays ``env``; build it with :func:`to_gymnasium`."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - the base class's own form

    def __init__(self, env: Environment) -> None:
        self._env = env
        self.observation_space = to_gymnasium_space(env.observation_space)
        self.action_space = to_gymnasium_space(env.action_space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        super().reset(seed=seed)
        return self._env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Play ``action``."""
        return self._env.step(action)


class PettingZooEnvironment(pettingzoo.ParallelEnv):  # type: ignore[misc]
    """A PettingZoo ``ParallelEnv`` that plays ``env``; see :func:`to_pettingzoo_parallel`."""

    metadata: dict[str, Any] = {"name": "refimpl", "render_modes": []}  # noqa: RUF012

    def __init__(self, env: ParallelEnvironment) -> None:
        self._env = env
        self.possible_agents = list(env.possible_agents)
        self.agents: list[str] = []
        # Made once: seeding a space works only when the same object is returned every time.
        self.observation_spaces = {
            agent: to_gymnasium_space(env.observation_space(agent))
            for agent in self.possible_agents
        }
        self.action_spaces = {
            agent: to_gymnasium_space(env.action_space(agent)) for agent in self.possible_agents
        }

    def observation_space(self, agent: str) -> gymnasium.spaces.Space[Any]:
        """Set of the observations of ``agent``."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.spaces.Space[Any]:
        """Set of the actions of ``agent``."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode with all agents alive."""
        self.agents = list(self.possible_agents)
        return self._env.reset(seed=seed, options=options)

    def step(self, actions: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """Play one action per living agent; agents whose episode ended leave ``agents``."""
        result = self._env.step(actions)
        terminated, truncated = result[2], result[3]
        self.agents = [a for a in self.agents if not (terminated[a] or truncated[a])]
        return result


def to_gymnasium(env: Environment) -> GymnasiumEnvironment:
    """Wrap ``env`` as a real ``gymnasium.Env``.

    Raises
    ------
    TypeError
        If a space has no counterpart in Gymnasium.
    """
    return GymnasiumEnvironment(env)


def to_pettingzoo_parallel(env: ParallelEnvironment) -> PettingZooEnvironment:
    """Wrap ``env`` as a real ``pettingzoo.ParallelEnv``.

    Raises
    ------
    TypeError
        If a space has no counterpart in Gymnasium.
    """
    return PettingZooEnvironment(env)
