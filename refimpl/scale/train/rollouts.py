"""Experience: episodes side by side, one after another, cut into batches [SCALE Algorithm 1]."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from refimpl.scale.model.episodes import Counts, Returns, measured
from refimpl.scale.model.observations import Observation, observe
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Bools, Ints
from refimpl.scale.train.masks import Mask

DTYPE = np.float32
"""Precision of observations and networks in training."""

POOL = 32
"""Episodes drawn at a time."""

Columns = Mapping[str, Array]
Act = Callable[[Observation, Bools | None, np.random.Generator], tuple[Ints, Columns]]
"""``act(observation, allowed, rng) -> (actions (E,), what to remember by name (E, ...))``."""


@dataclass(frozen=True)
class Finals:
    """True last states of episodes that ended within a batch, one per row.

    Attributes
    ----------
    at : (F, 2) int
        Step and environment after which they stand.
    task : (F, 5) float
    servers : (F, N, 5) float
    """

    at: Ints
    task: Array
    servers: Array


@dataclass(frozen=True)
class Rollout:
    """T steps of E environments.

    Attributes
    ----------
    task : (T + 1, E, 5) float
        The last row is the state after the last step.
    servers : (T + 1, E, N, 5) float
    has_task : (T, E) bool
    allowed : (T, E, N) bool or None
    actions : (T, E) int
    rewards : (T, E) float
    ended : (T, E) bool
    remembered : mapping
        What the actor wanted to keep, (T, E, ...).
    finals : Finals
    episodes : mapping
        Of the episodes that ended: ``return``, ``completed``, ``response``, ``avoidable``, ...
    """

    task: Array
    servers: Array
    has_task: Bools
    allowed: Bools | None
    actions: Ints
    rewards: Array
    ended: Bools
    remembered: Columns
    finals: Finals
    episodes: Mapping[str, NDArray[np.float64]]

    def following(self) -> tuple[Array, Array]:
        """States that the steps led to, before any new start: (T, E, 5) and (T, E, N, 5)."""
        task, servers = self.task[1:].copy(), self.servers[1:].copy()
        steps, rows = self.finals.at.T
        task[steps, rows], servers[steps, rows] = self.finals.task, self.finals.servers
        return task, servers


class Collector:
    """Environments that go on from batch to batch; an episode that ends makes room for a new one.

    Parameters
    ----------
    system : SystemSettings
    environments : int
    mask : Mask
    rng : Generator
        Draws the episodes and the actions.
    """

    def __init__(
        self, system: SystemSettings, environments: int, mask: Mask, rng: np.random.Generator
    ) -> None:
        self.mask, self.rng = mask, rng
        self.fresh = _scenarios(system, rng)
        self.sim = Simulation(sample_scenario(system, environments, rng))
        self.counts = Counts.zeros(environments)
        self.returns = np.zeros(environments)
        self.observation = observe(self.sim, DTYPE)

    def collect(self, act: Act, steps: int) -> Rollout:
        """Let the environments make ``steps`` steps each."""
        record = _Record()
        for t in range(steps):
            seen, allowed = self.observation, self.mask(self.sim)
            actions, columns = act(seen, allowed, self.rng)
            self.counts.add(self.sim, actions, self.sim.feasible())
            done = self.sim.step(actions)
            self.returns += done.reward
            record.add(seen, allowed, actions, columns)
            record.rewards.append(done.reward)
            record.ended.append(done.ended)
            self.observation = observe(self.sim, DTYPE)
            if done.ended.any():
                self._restart(np.flatnonzero(done.ended), t, record)
        return record.rollout(self.observation)

    def _restart(self, rows: Ints, step: int, record: _Record) -> None:
        """Note how the episodes ended, and start others."""
        record.finish(step, rows, self.observation, self._summary(rows))
        for row in rows:
            self.sim.replace(np.array([row]), next(self.fresh))
        self.returns[rows] = 0
        for column in vars(self.counts).values():
            column[rows] = 0
        self.observation = observe(self.sim, DTYPE)

    def _summary(self, rows: Ints) -> dict[str, Array]:
        counts = self.counts
        found = measured(self.sim, Returns(self.returns, self.returns), counts)
        return {
            "return": self.returns[rows],
            "completed": found.completed[rows],
            "response": found.response[rows],
            "all_response": found.all_response[rows],
            "avoidable": (counts.memory + counts.busy)[rows],
            "decisions": counts.decisions[rows],
        }


def flat(array: Array) -> Array:
    """Make one axis of steps and environments."""
    return array.reshape(-1, *array.shape[2:])


def _scenarios(system: SystemSettings, rng: np.random.Generator) -> Iterator[Scenario]:
    """Episodes without end, one at a time."""
    while True:
        pool = sample_scenario(system, POOL, rng)
        for k in range(POOL):
            yield pool.take([k])


class _Record:
    """Lists that grow by one entry per step."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.allowed: list[Bools | None] = []
        self.actions: list[Ints] = []
        self.columns: list[Columns] = []
        self.rewards: list[Array] = []
        self.ended: list[Bools] = []
        self.finals: list[tuple[int, int, Array, Array]] = []
        self.episodes: list[Mapping[str, Array]] = []

    def add(
        self, seen: Observation, allowed: Bools | None, actions: Ints, columns: Columns
    ) -> None:
        self.seen.append(seen)
        self.allowed.append(allowed)
        self.actions.append(actions)
        self.columns.append(columns)

    def finish(
        self, step: int, rows: Ints, seen: Observation, summary: Mapping[str, Array]
    ) -> None:
        self.finals += [(step, int(row), seen.task[row], seen.servers[row]) for row in rows]
        self.episodes.append(summary)

    def rollout(self, last: Observation) -> Rollout:
        seen = [*self.seen, last]
        allowed = [mask for mask in self.allowed if mask is not None]
        names = self.columns[0]
        return Rollout(
            np.stack([each.task for each in seen]),
            np.stack([each.servers for each in seen]),
            np.stack([each.has_task for each in self.seen]),
            np.stack(allowed) if allowed else None,
            np.stack(self.actions),
            np.stack(self.rewards),
            np.stack(self.ended),
            {name: np.stack([columns[name] for columns in self.columns]) for name in names},
            self._finals(last),
            self._episodes(),
        )

    def _finals(self, last: Observation) -> Finals:
        at = np.array([entry[:2] for entry in self.finals], np.int64).reshape(-1, 2)
        shapes = last.task.shape[1:], last.servers.shape[1:]
        task, servers = (
            np.array([entry[k] for entry in self.finals], DTYPE).reshape(-1, *shape)
            for k, shape in zip((2, 3), shapes, strict=True)
        )
        return Finals(at, task, servers)

    def _episodes(self) -> dict[str, NDArray[np.float64]]:
        names = self.episodes[0] if self.episodes else ()
        return {
            name: np.concatenate([part[name] for part in self.episodes]).astype(float)
            for name in names
        }
