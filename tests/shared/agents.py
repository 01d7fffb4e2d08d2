"""A small game of several agents as vectorised dynamics, for the tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linear_models.params import Array
from refimpl.shared.rollout import Bools, State


@dataclass(frozen=True)
class Echo:
    """Two agents who are each paid their action and see the sum of their own actions so far.

    Observations are the state's own array, (E, 2, 1).
    """

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Nothing paid yet."""
        del rng
        return {"paid": np.zeros((n_envs, 2, 1))}

    def observe(self, state: State) -> Array:
        """The state's own array."""
        return state["paid"]

    def step(
        self, state: State, actions: Array, rng: np.random.Generator
    ) -> tuple[State, Array, Bools, Bools]:
        """Pay."""
        del rng
        no = np.zeros(len(actions), dtype=bool)
        return {"paid": state["paid"] + actions[..., None]}, actions.astype(float), no, no


@dataclass(frozen=True)
class PartingGame:
    """Two agents, two actions, reward 1 when they differ; truncated after ``horizon`` steps.

    Each agent sees who it is: observations (E, 2, 2) are unit vectors. ``shared`` rewards have
    shape (E,), otherwise each agent gets its own, (E, 2), half of it.
    """

    horizon: int
    shared: bool

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """At time 0."""
        del rng
        return {"time": np.zeros(n_envs, dtype=np.int64)}

    def observe(self, state: State) -> Array:
        """Unit vectors (E, 2, 2)."""
        return np.tile(np.eye(2), (len(state["time"]), 1, 1))

    def step(
        self, state: State, actions: Array, rng: np.random.Generator
    ) -> tuple[State, Array, Bools, Bools]:
        """Nothing changes but the time."""
        del rng
        time = state["time"] + 1
        won = (actions[:, 0] != actions[:, 1]).astype(float)
        rewards = won if self.shared else np.repeat(won[:, None] / 2, 2, axis=1)
        return {"time": time}, rewards, np.zeros(len(time), dtype=bool), time >= self.horizon
