"""Small exact MDPs: random ones, one where greed loses, and their vectorised dynamics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from lp_solvers.finite_mdp import FiniteMDP, finite_mdp
from refimpl.shared.rollout import Bools, State


def random_mdp(rng: np.random.Generator, n_states: int, n_actions: int, gamma: float) -> FiniteMDP:
    """Dense random transitions, costs in [0, 1], uniform start."""
    P = rng.dirichlet(np.ones(n_states), (n_states, n_actions))
    cost = rng.random((n_states, n_actions))
    return finite_mdp(P, cost, gamma, np.full(n_states, 1 / n_states))


def deterministic_mdp(
    rng: np.random.Generator, n_states: int, n_actions: int, gamma: float
) -> FiniteMDP:
    """Every action leads to one random state; costs in [0, 1], uniform start."""
    successor = rng.integers(n_states, size=(n_states, n_actions))
    P = np.eye(n_states)[successor]
    return finite_mdp(P, rng.random((n_states, n_actions)), gamma, np.full(n_states, 1 / n_states))


REST, WALK = 0, 1


def walk_mdp() -> FiniteMDP:
    """Four places on a line: resting costs 0.8, walking on costs 1, the last place is free.

    Walking pays off only for who looks further ahead than one or two steps: from the first place
    resting for ever costs 8, walking through about 3.1.
    """
    last = 3
    P = np.zeros((last + 1, 2, last + 1))
    cost = np.array([[0.8, 1.0]] * last + [[0.0, 1.0]])
    for place in range(last + 1):
        P[place, REST, place] = 1
        P[place, WALK, min(place + 1, last)] += 0.9
        P[place, WALK, place] += 0.1
    return finite_mdp(P, cost, 0.9, np.full(last + 1, 1 / (last + 1)))


Step = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]


def sampler(mdp: FiniteMDP) -> Step:
    """``step(states, actions, rng) -> (costs, next_states)`` of independent rows."""
    cdf = mdp.P.cumsum(axis=2)

    def step(states: Array, actions: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        row = cdf[states, actions]
        uniform = rng.random(states.size)[:, None] * row[:, -1:]
        return mdp.cost[states, actions], (row <= uniform).sum(axis=1)

    return step


@dataclass(frozen=True)
class TabularDynamics:
    """Copies of an MDP, observed as unit vectors, truncated after ``horizon`` steps.

    ``terminal`` (S,) marks states that end the task. Rewards are negative costs.
    """

    mdp: FiniteMDP
    transition: Step
    horizon: int
    terminal: NDArray[np.bool_]

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Start states from the start distribution, at time 0."""
        states = rng.choice(self.mdp.n_states, size=n_envs, p=self.mdp.start)
        return {"place": states, "time": np.zeros(n_envs, dtype=np.int64)}

    def observe(self, state: State) -> Array:
        """Unit vectors (E, S)."""
        return np.eye(self.mdp.n_states)[state["place"]]

    def step(
        self, state: State, actions: Array, rng: np.random.Generator
    ) -> tuple[State, Array, Bools, Bools]:
        """One transition of every copy."""
        costs, places = self.transition(state["place"], actions, rng)
        time = state["time"] + 1
        return (
            {"place": places, "time": time},
            -costs,
            self.terminal[places],
            time >= self.horizon,
        )


def dynamics(mdp: FiniteMDP, horizon: int, terminal: tuple[int, ...] = ()) -> TabularDynamics:
    """Copies of ``mdp`` that end in the ``terminal`` states and are cut after ``horizon`` steps."""
    ends = np.isin(np.arange(mdp.n_states), terminal)
    return TabularDynamics(mdp, sampler(mdp), horizon, ends)
