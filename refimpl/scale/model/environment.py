"""The cluster behind the standard environment interface: bring your own agent [SCALE sec. 4.1].

One episode, one decision maker, who chooses a server for the task at hand. A server that cannot
take it, or any server where no task is ready, is no error: the clock moves by a step, as the paper
has it. A task that no server could ever take is one, raised by ``reset``.

Convention: rewards are eq. 2, to be raised. The horizon, or the deadline of a drained episode, is a
time limit and truncates; a drained episode whose tasks are all finished terminates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array
from refimpl.scale.model.observations import N_FEATURES, observe
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.model.simulator import Simulation
from refimpl.shared.environment import StepResult
from refimpl.shared.single_environment import ResetNeededError
from refimpl.shared.spaces import Discrete, box

Draw = Callable[[SystemSettings, int, np.random.Generator], Scenario]
"""``draw(settings, episodes, rng)``, as :func:`refimpl.scale.model.scenario.sample_scenario`."""

LARGEST = 1e6
"""Bound of every feature: demands have no largest value, but a box needs one."""


class WorkflowEnvironment:
    """One cluster as an ``Environment`` [SCALE sec. 4.1].

    Observations: 5 numbers of the task, then 5 of each server, see
    :class:`refimpl.scale.model.observations.Observation`; zeros for servers that are not in the
    cluster now. Actions: a server. Infos: ``valid`` (the last action assigned a task), ``feasible``
    (N,) and ``has_task`` of the next one, ``stranded`` (it fits no server that is left or will
    come), ``now`` in seconds, ``completed`` tasks.

    Parameters
    ----------
    settings : SystemSettings
    deadline : float, optional
        Without: an episode ends at the horizon. With: it goes on until every task is finished, at
        most until this time.
    dtype : dtype
        Of the observations.
    draw : callable
        Where episodes come from; yours may let servers come and go.
    """

    def __init__(
        self,
        settings: SystemSettings,
        deadline: float | None = None,
        dtype: DTypeLike = np.float64,
        draw: Draw = sample_scenario,
    ) -> None:
        self.settings, self.deadline, self.draw = settings, deadline, draw
        size = N_FEATURES * (1 + settings.n_servers)
        self.observation_space = box(-LARGEST, LARGEST, (size,), dtype)
        self.action_space = Discrete(settings.n_servers)
        self._rng: np.random.Generator | None = None
        self._sim: Simulation | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Draw an episode; a seed restarts all randomness, None continues it.

        Raises
        ------
        InfeasibleTaskError
            If a task that was drawn fits no server.
        ValueError
            If ``draw`` returns something else than one episode with the servers of the settings.
        """
        del options
        if seed is not None or self._rng is None:
            self._rng = np.random.default_rng(seed)
        scenario = self.draw(self.settings, 1, self._rng)
        if scenario.capacity.shape != (1, self.settings.n_servers):
            raise ValueError(
                f"draw must return one episode with {self.settings.n_servers} servers; "
                f"got shape {scenario.capacity.shape}"
            )
        self._sim = Simulation(scenario, self.deadline)
        return self._observe(self._sim), _info(self._sim, valid=False)

    def step(self, action: Any) -> StepResult:
        """Assign the task to a server, or let the clock move.

        Raises
        ------
        ValueError
            If the action is not in ``action_space``.
        ResetNeededError
            Before the first reset and after the end of an episode.
        """
        sim = self._sim
        if sim is None or sim.done[0]:
            raise ResetNeededError("call reset before step, at the start and after each episode")
        if not self.action_space.contains(action):
            raise ValueError(f"action must be in {self.action_space!r}; got {action!r}")
        step = sim.step(np.array([int(action)]))
        over = bool(sim.done[0])
        drained = self.deadline is not None and int(sim.completed.sum()) == int(sim.total[0])
        info = _info(sim, valid=bool(step.valid[0]))
        reward = float(step.reward[0])
        return self._observe(sim), reward, over and drained, over and not drained, info

    def _observe(self, sim: Simulation) -> Array:
        dtype = self.observation_space.low.dtype
        seen = observe(sim, dtype)
        servers = np.where(seen.present[0][:, None], seen.servers[0], dtype.type(0))
        return np.concatenate([seen.task[0], servers.reshape(-1)])


def _info(sim: Simulation, *, valid: bool) -> dict[str, Any]:
    return {
        "valid": valid,
        "feasible": sim.feasible()[0],
        "has_task": bool(sim.task[0] >= 0),
        "stranded": bool(sim.stranded()[0]),
        "now": float(sim.now[0]),
        "completed": int(sim.completed.sum()),
    }
