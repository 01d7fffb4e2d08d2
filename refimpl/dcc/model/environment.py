"""The joint game behind the standard environment interface: bring your own agent [DCC eq. 1].

Each device sees its own age and battery level, acts, and pays its own cost in the joint game: its
local cost and, if it offloads, the congestion of everybody who does so in the same slot.

Convention: rewards are maximised, so they are minus the costs. The task never terminates; a time
limit truncates it, and a learner has to bootstrap there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import N_ACTIONS, DeviceParameters
from refimpl.dcc.model.game import individual_rewards
from refimpl.dcc.model.simulator import copies, device_batch, reset, step
from refimpl.shared.rollout import State
from refimpl.shared.single_environment import AgentsEnvironment, SingleEnvironment
from refimpl.shared.spaces import Discrete, MultiDiscrete, box

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GameDynamics:
    """Copies of one game of ``N`` devices as vectorised dynamics with a reward per device.

    Parameters
    ----------
    devices : tuple of DeviceParameters
    congestion : Congestion
    episode : int
        Slots after which an episode is truncated.

    Raises
    ------
    ValueError
        If the devices do not share their state space, or ``episode`` is not positive.
    """

    devices: tuple[DeviceParameters, ...]
    congestion: Congestion
    episode: int

    def __post_init__(self) -> None:
        device_batch(self.devices)
        if self.episode < 1:
            raise ValueError(f"episode must be at least 1 slot; got {self.episode}")

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Start ``n_envs`` copies: states (E, N) and slots (E,)."""
        batch = copies(self.devices, n_envs)
        states = reset(batch, rng).reshape(n_envs, len(self.devices))
        return {"states": states, "slot": np.zeros(n_envs, dtype=np.int64)}

    def observe(self, state: State) -> Floats:
        """Age and battery level of every device in units of their largest values, (E, N, 2)."""
        first = self.devices[0]
        age, level = np.divmod(state["states"], first.battery + 1)
        return np.stack([(age + 1) / first.max_aoi, level / max(first.battery, 1)], axis=-1)

    def step(
        self, state: State, actions: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[State, Floats, Bools, Bools]:
        """Play one slot of all copies with actions (E, N); rewards are (E, N)."""
        batch = copies(self.devices, len(actions))
        local, states = step(batch, state["states"].ravel(), actions.ravel(), rng)
        costs = individual_rewards(local.reshape(actions.shape), actions, self.congestion)
        slot = state["slot"] + 1
        moved = {"states": states.reshape(actions.shape), "slot": slot}
        return moved, -costs, np.zeros(len(actions), dtype=bool), slot >= self.episode


def agents_environment(
    devices: Sequence[DeviceParameters], congestion: Congestion, episode: int = 100
) -> AgentsEnvironment:
    """Build the game with one agent per device, named ``device_0``, ``device_1``, ....

    Rewards are each device's own. The PettingZoo adapter takes it as it is.
    """
    return AgentsEnvironment(
        GameDynamics(tuple(devices), congestion, episode),
        tuple(f"device_{i}" for i in range(len(devices))),
        box(0.0, 1.0, (2,)),
        Discrete(N_ACTIONS),
    )


def central_environment(
    devices: Sequence[DeviceParameters], congestion: Congestion, episode: int = 100
) -> SingleEnvironment:
    """Build the game for one agent that sees all devices and decides for all of them.

    The reward is the sum of the devices' rewards, minus the global cost [DCC eq. 5]. The Gymnasium
    adapter takes it as it is.
    """
    n = len(devices)
    return SingleEnvironment(
        GameDynamics(tuple(devices), congestion, episode),
        box(0.0, 1.0, (n, 2)),
        MultiDiscrete((N_ACTIONS,) * n),
    )
