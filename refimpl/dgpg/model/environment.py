"""The cluster behind the standard multi-agent interface: bring your own agents [DG-PG App. H.2].

One episode with N dispatchers, all of them alive from the first step to the last. Which of them are
*active*, that is have a job to place, changes from step to step: agents 0, 1, .. as far as there
are jobs. Only active agents act; others see the cluster with a job of size 0, and what they choose
is ignored. (An agent may not leave and come back under PettingZoo's rules, so being idle is not
being gone.)

Convention: the reward is the shared one of App. H.3, given to every agent; it is to be raised. The
task never terminates; after ``settings.steps`` steps the time limit truncates it for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.observations import (
    QUEUE_CLIP,
    QUEUE_UNIT,
    full_observation,
    observer_for,
    own,
)
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.shared.single_environment import ResetNeededError
from refimpl.shared.spaces import Box, Discrete, Space, box

StepResult = tuple[
    dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
]


class ClusterEnvironment:
    """One cluster as a ``ParallelEnvironment`` [DG-PG App. H.2].

    Actions: a server where ``settings.direct``, else a cluster, in which Best-Fit picks the server.
    Observations: 9N + 4 numbers or 28K + 10, the last of them the agent's index over N. Infos:
    ``{"active": bool}``, whether the agent has a job now.

    Parameters
    ----------
    settings : SystemSettings
    dtype : dtype
        Of the observations.
    """

    def __init__(self, settings: SystemSettings, dtype: DTypeLike = np.float64) -> None:
        self.settings = settings
        self.possible_agents = tuple(f"dispatcher_{i}" for i in range(settings.n_servers))
        self._observer, n_shared = observer_for(settings, dtype)
        self._observations = _observation_box(n_shared + 3, settings.per_cluster, dtype)
        self._actions = Discrete(settings.n_clusters)
        self._rng: np.random.Generator | None = None
        self._simulation: Simulation | None = None
        self._jobs = _no_jobs()

    @property
    def active_agents(self) -> tuple[str, ...]:
        """Agents that have a job now and must act; none before the first reset."""
        return self.possible_agents[: len(self._jobs)]

    def observation_space(self, agent: str) -> Space:
        """Set of the observations of ``agent``."""
        self._check_agents([agent])
        return self._observations

    def action_space(self, agent: str) -> Space:
        """Set of the actions of ``agent``."""
        self._check_agents([agent])
        return self._actions

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Draw a cluster and its jobs; a seed restarts all randomness, None continues it."""
        del options
        if seed is not None or self._rng is None:
            self._rng = np.random.default_rng(seed)
        self._simulation = Simulation(sample_scenario(self.settings, 1, self._rng))
        self._jobs = self._simulation.begin()
        return self._observe(self._simulation), self._infos()

    def step(self, actions: Mapping[str, Any]) -> StepResult:
        """Place one job per active agent, and go on to the next step.

        Parameters
        ----------
        actions : mapping
            Action by agent: of every active agent, and of others if you like.

        Raises
        ------
        ValueError
            If an active agent is missing, an agent is unknown, or an action is not in its space.
        ResetNeededError
            Before the first reset and after the end of an episode.
        """
        simulation = self._simulation
        if simulation is None or simulation.t == self.settings.steps:
            raise ResetNeededError("call reset before step, at the start and after each episode")
        simulation.place(self._jobs, servers_of(simulation, self._jobs, self._choices(actions)))
        reward = float(simulation.finish()[0])
        over = simulation.t == self.settings.steps
        self._jobs = _no_jobs() if over else simulation.begin()
        return (
            self._observe(simulation),
            dict.fromkeys(self.possible_agents, reward),
            dict.fromkeys(self.possible_agents, False),
            dict.fromkeys(self.possible_agents, over),
            self._infos(),
        )

    def _choices(self, actions: Mapping[str, Any]) -> NDArray[np.int64]:
        self._check_agents(actions)
        missing = [agent for agent in self.active_agents if agent not in actions]
        if missing:
            raise ValueError(f"actions must name every active agent; missing {missing}")
        for agent, action in actions.items():
            if not self._actions.contains(action):
                raise ValueError(f"actions[{agent!r}] must be in {self._actions!r}; got {action!r}")
        return np.array([int(actions[agent]) for agent in self.active_agents], np.int64)

    def _observe(self, simulation: Simulation) -> dict[str, Any]:
        shared = self._observer(simulation, self._jobs)
        n = len(self.possible_agents)
        jobs = np.zeros((n, 2), shared.dtype)
        jobs[: len(self._jobs)] = own(simulation, self._jobs)
        rows = full_observation(np.repeat(shared, n, axis=0), jobs, np.arange(n), n)
        return dict(zip(self.possible_agents, rows, strict=True))

    def _infos(self) -> dict[str, dict[str, Any]]:
        active = len(self._jobs)
        return {agent: {"active": i < active} for i, agent in enumerate(self.possible_agents)}

    def _check_agents(self, agents: Any) -> None:
        unknown = sorted(set(agents) - set(self.possible_agents))
        if unknown:
            raise ValueError(f"agents must be among dispatcher_0, dispatcher_1, ..; got {unknown}")


def _observation_box(size: int, per_cluster: int, dtype: DTypeLike) -> Box:
    """Bounds of every feature: a correlation may be -1; sums of queues are the largest."""
    return box(-1.0, per_cluster * QUEUE_CLIP / QUEUE_UNIT, (size,), dtype)


def _no_jobs() -> Jobs:
    none = np.zeros(0, np.int64)
    return Jobs(none, none, none, np.zeros((0, 2)), np.zeros(1, np.int64))
