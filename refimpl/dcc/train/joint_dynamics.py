"""The joint game as a vectorised environment for policy-gradient learners, and what they observe.

``E`` copies of one game of ``N`` devices; every device pays its own cost in the joint game and all
share the mean as a team reward. A device observes its normalised age and battery level, the bounds
of its own harvest and cost, and its index, so that one network can serve devices that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import OFFLOAD, DeviceParameters
from refimpl.dcc.model.simulator import copies, device_batch, reset, step
from refimpl.shared.rollout import State

N_FEATURES = 6
EPISODE = 100
"""Slots after which an episode is truncated (chosen; 0.95**100 = 0.006)."""


@dataclass(frozen=True)
class JointDynamics:
    """Joint game of ``N`` devices with a team reward.

    Parameters
    ----------
    devices : tuple of DeviceParameters
    congestion : Congestion
    table : (N, S, N_FEATURES) float32
        Observation of every device in every state; see :func:`observation_table`.

    Notes
    -----
    Convention: the reward of a step, (E,), is minus the mean cost of the devices.
    """

    devices: tuple[DeviceParameters, ...]
    congestion: Congestion
    table: NDArray[np.float32]

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Start states ``states`` (E, N) and ages ``slot`` (E,) of the episodes."""
        states = reset(copies(self.devices, n_envs), rng)
        return {
            "states": states.reshape(n_envs, len(self.devices)),
            "slot": np.zeros(n_envs, dtype=np.int64),
        }

    def observe(self, state: State) -> Array:
        """Observations (E, N, N_FEATURES)."""
        return self.table[np.arange(len(self.devices)), state["states"]]

    def step(
        self, state: State, actions: Array, rng: np.random.Generator
    ) -> tuple[State, Array, NDArray[np.bool_], NDArray[np.bool_]]:
        """One slot of all copies; ``actions`` are (E, N). Episodes are only ever truncated."""
        n_envs, n_devices = actions.shape
        rows = copies(self.devices, n_envs)
        local, states = step(rows, state["states"].reshape(-1), actions.reshape(-1), rng)
        crowd = (actions == OFFLOAD).sum(axis=1)
        paid = np.append(0.0, crowd_costs(n_devices, self.congestion))[crowd]
        rewards = -(local.reshape(n_envs, n_devices).sum(axis=1) + paid) / n_devices
        slot = state["slot"] + 1
        moved = {"states": states.reshape(n_envs, n_devices), "slot": slot}
        return moved, rewards, np.zeros(n_envs, dtype=bool), slot >= EPISODE


def joint_dynamics(devices: Sequence[DeviceParameters], congestion: Congestion) -> JointDynamics:
    """Joint game of these devices.

    Raises
    ------
    ValueError
        If there is no device, or the devices do not share their state space.
    """
    device_batch(devices)
    return JointDynamics(tuple(devices), congestion, observation_table(devices))


def crowd_costs(n_devices: int, congestion: Congestion) -> NDArray[np.float64]:
    """Congestion cost of all devices together, ``n d(n)`` for n = 1..N, (N,)."""
    n = np.arange(1.0, n_devices + 1.0)
    return np.asarray(n * congestion.penalty(n))


def observation_table(devices: Sequence[DeviceParameters]) -> NDArray[np.float32]:
    """Observations of every device in every state, (N, S, N_FEATURES), each feature in [0, 1].

    Age, battery level, lower and upper bound of the harvest, upper bound of the cost, index. The
    bounds are divided by the largest ones of the sample sets of App. F.
    """
    table = np.empty((len(devices), devices[0].max_aoi, devices[0].battery + 1, N_FEATURES))
    ages = np.arange(1, devices[0].max_aoi + 1) / devices[0].max_aoi
    table[..., 0] = ages[:, None]
    table[..., 1] = np.arange(devices[0].battery + 1) / max(devices[0].battery, 1)
    for i, device in enumerate(devices):
        table[i, ..., 2:] = (
            device.harvest_low / 3,
            device.harvest_high / 3,
            device.cost_high / 10,
            (i + 1) / len(devices),
        )
    return table.reshape(len(devices), -1, N_FEATURES).astype(np.float32)
