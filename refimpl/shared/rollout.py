"""Experience of many environments side by side, as arrays with axes (time, environment, ...).

An environment for training is three functions of a *state*, a dict of arrays whose first axis
counts the copies. Nothing is hidden, so a run can be saved and continued to the same bits::

    state = dynamics.reset(n_envs, rng)
    observations = dynamics.observe(state)                        # (E, ...)
    state, rewards, terminated, truncated = dynamics.step(state, actions, rng)

:func:`collect` plays a policy on it. Where an episode ends, the copy starts afresh at once;
``next_observations`` still holds what the episode ended with, so that a critic can be asked for
the value of a truncated episode's last observation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array

State = dict[str, Array]
Bools = NDArray[np.bool_]
Act = Callable[[Array, np.random.Generator], tuple[Array, Array]]
"""``act(observations (E, ...), rng) -> (actions (E, ...), log_probs (E,) or (E, N))``."""


class Dynamics(Protocol):
    """E copies of one environment, without memory of its own."""

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Start states of ``n_envs`` copies."""

    def observe(self, state: State) -> Array:
        """Observations (E, ...), or (E, N, ...) of N agents."""

    def step(
        self, state: State, actions: Array, rng: np.random.Generator
    ) -> tuple[State, Array, Bools, Bools]:
        """Next state, rewards (E,) or (E, N), terminated (E,), truncated (E,).

        A new dict with new arrays; what was passed in is not changed.
        """


@dataclass(frozen=True)
class Rollout:
    """T steps of E environments.

    Attributes
    ----------
    observations : (T, E, ...) array
        What the action was chosen on.
    next_observations : (T, E, ...) array
        What the step led to, before any reset.
    actions : (T, E, ...) array
    log_probs : (T, E) or (T, E, N) float
        Of the actions, under the policy that chose them.
    rewards : (T, E) or (T, E, N) float
    terminated, truncated : (T, E) bool
        The task is over; a time limit cut the episode.
    """

    observations: Array
    next_observations: Array
    actions: Array
    log_probs: Array
    rewards: Array
    terminated: Bools
    truncated: Bools

    @property
    def ended(self) -> Bools:
        """Terminated or truncated, (T, E): the next row belongs to another episode."""
        return self.terminated | self.truncated


def collect(
    dynamics: Dynamics, act: Act, state: State, n_steps: int, rng: np.random.Generator
) -> tuple[Rollout, State]:
    """Play ``n_steps`` steps of every environment from ``state``.

    Parameters
    ----------
    dynamics : Dynamics
    act : callable
        ``act(observations, rng) -> (actions, log_probs)``.
    state : dict of (E, ...) arrays
        From ``dynamics.reset`` or from an earlier call.
    n_steps : int
    rng : Generator

    Returns
    -------
    rollout : Rollout
    state : dict of arrays
        To continue from.

    Raises
    ------
    ValueError
        If ``n_steps`` is not positive, flags are not booleans of shape (E,), or a reward is NaN or
        infinite.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1; got {n_steps}")
    rows = []
    observations = dynamics.observe(state)
    for _ in range(n_steps):
        actions, log_probs = act(observations, rng)
        state, rewards, terminated, truncated = dynamics.step(state, actions, rng)
        _check_outcome(rewards, terminated, truncated, len(observations))
        next_observations = dynamics.observe(state)
        rows.append(
            (observations, next_observations, actions, log_probs, rewards, terminated, truncated)
        )
        ended = terminated | truncated
        observations = next_observations
        if ended.any():
            state = restarted(dynamics, state, ended, rng)
            observations = dynamics.observe(state)
    return Rollout(*(np.stack(column) for column in zip(*rows, strict=True))), state


def restarted(dynamics: Dynamics, state: State, ended: Bools, rng: np.random.Generator) -> State:
    """``state`` with the copies that ``ended`` (E,) replaced by freshly reset ones."""
    where = np.flatnonzero(ended)
    fresh = dynamics.reset(where.size, rng)
    mixed = {key: array.copy() for key, array in state.items()}
    for key, array in mixed.items():
        array[where] = fresh[key]
    return mixed


def step_values(rollout: Rollout, value_of: Callable[[Array], Array]) -> tuple[Array, Array]:
    """Values of ``observations`` and of ``next_observations``, asking the critic once for most.

    Inside an episode the next observation of one row is the observation of the next row; only
    ends of episodes and the last row need a second look.

    Parameters
    ----------
    rollout : Rollout
    value_of : callable
        ``value_of(observations (..., *shape)) -> values`` with any number of leading axes.

    Returns
    -------
    values, next_values : (T, E, ...) float
    """
    values = value_of(rollout.observations)
    next_values = np.concatenate([values[1:], np.zeros_like(values[:1])])
    boundary = rollout.ended.copy()
    boundary[-1] = True
    next_values[boundary] = value_of(rollout.next_observations[boundary])
    return values, next_values


def _check_outcome(rewards: Any, terminated: Any, truncated: Any, n_envs: int) -> None:
    for name, flags in (("terminated", terminated), ("truncated", truncated)):
        if np.shape(flags) != (n_envs,) or flags.dtype != np.bool_:
            raise ValueError(f"{name} must be {n_envs} booleans; got {flags!r}")
    if np.shape(rewards)[:1] != (n_envs,) or not np.isfinite(rewards).all():
        raise ValueError(f"rewards must be finite with first axis {n_envs}; got {rewards!r}")
