"""One constrained device as a vectorised environment on the shaped cost [DCC eq. 10].

``E`` copies of the same device play episodes of ``EPISODE`` slots side by side and are restarted
together, so the discounted offloading frequency of an episode is read off the actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.device import OFFLOAD, DeviceParameters
from refimpl.dcc.model.simulator import copies, reset, step
from refimpl.dcc.train.joint_dynamics import EPISODE, observation_table
from refimpl.shared.rollout import State


@dataclass(frozen=True)
class LocalProblem:
    """Constrained problem of one device [DCC eqs 8, 9].

    Parameters
    ----------
    device : DeviceParameters
    penalty : float
        Congestion penalty ``d(1 + others)`` per offload.
    budget : float
        Allowed discounted offloading frequency, in [0, 1].

    Raises
    ------
    ValueError
        If the penalty is negative or the budget outside [0, 1].
    """

    device: DeviceParameters
    penalty: float
    budget: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.penalty) and self.penalty >= 0.0):
            raise ValueError(f"penalty must be finite and not negative; got {self.penalty}")
        if not 0.0 <= self.budget <= 1.0:
            raise ValueError(f"budget must be a frequency in [0, 1]; got {self.budget}")


@dataclass(frozen=True)
class LocalDynamics:
    """Shaped cost of one device at a given multiplier, as rewards.

    Notes
    -----
    Convention: the reward of a step is minus ``r_loc + 1{offload} (penalty + multiplier)``.
    """

    problem: LocalProblem
    multiplier: float

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Start states ``states`` (E,) and ages ``slot`` (E,) of the episodes."""
        rows = copies((self.problem.device,), n_envs)
        states = reset(rows, rng) if n_envs else np.zeros(0, dtype=np.int64)
        return {"states": states, "slot": np.zeros(n_envs, dtype=np.int64)}

    def observe(self, state: State) -> NDArray[Any]:
        """Observations (E, N_FEATURES)."""
        table: NDArray[Any] = observation_table((self.problem.device,))[0][state["states"]]
        return table

    def step(
        self, state: State, actions: NDArray[Any], rng: np.random.Generator
    ) -> tuple[State, NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]:
        """One slot of all copies; episodes are only ever truncated."""
        rows = copies((self.problem.device,), len(actions))
        local, states = step(rows, state["states"], actions, rng)
        shaped = local + (actions == OFFLOAD) * (self.problem.penalty + self.multiplier)
        slot = state["slot"] + 1
        never = np.zeros(len(actions), dtype=bool)
        return {"states": states, "slot": slot}, -shaped, never, slot >= EPISODE


def offload_frequency(actions: NDArray[Any], gamma: float) -> float:
    """Discounted offloading frequency of whole episodes ``actions`` (T, E) [DCC eq. 9].

    Raises
    ------
    ValueError
        If ``T`` is not a positive multiple of the episode length.
    """
    if len(actions) == 0 or len(actions) % EPISODE:
        raise ValueError(f"actions must hold whole episodes of {EPISODE}; got {len(actions)} slots")
    weights = (1.0 - gamma) * gamma ** (np.arange(len(actions)) % EPISODE)
    n_episodes = len(actions) // EPISODE * actions.shape[1]
    return float(weights @ (actions == OFFLOAD).sum(axis=1) / n_episodes)
