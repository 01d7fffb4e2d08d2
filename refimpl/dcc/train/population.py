"""Several joint games of the same size, stacked into rows so that all of them train at once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import DeviceParameters, draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.simulator import DeviceBatch, device_batch
from refimpl.dcc.train.evaluation import JointCost, RenewalModel, joint_cost, renewal_model
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """``E`` independent games of ``N`` devices each, as ``R = E * N`` rows, game by game.

    Parameters
    ----------
    devices : tuple of R DeviceParameters
    n_devices : int
        Devices per game, ``N``.
    congestion : Congestion
        Penalty that the devices of one game impose on each other.
    """

    devices: tuple[DeviceParameters, ...]
    n_devices: int
    congestion: Congestion

    def __post_init__(self) -> None:
        if self.n_devices < 1 or not self.devices or len(self.devices) % self.n_devices:
            raise ValueError(
                "devices must be a positive multiple of n_devices; "
                f"got {len(self.devices)} devices and n_devices {self.n_devices}"
            )

    @property
    def n_games(self) -> int:
        """Number of games, ``E``."""
        return len(self.devices) // self.n_devices

    @property
    def gamma(self) -> float:
        """Discount factor."""
        return self.devices[0].gamma

    @property
    def label(self) -> str:
        """Short name that tells populations apart: sizes and a checksum of devices and penalty."""
        # Whole crowds are what devices pay for; between and beyond them budgets are charged.
        crowds = np.append(np.arange(1.0, self.n_devices + 2), [1.5, self.n_devices + 0.5])
        penalty = [
            f(crowds).tolist() for f in (self.congestion.penalty, self.congestion.derivative)
        ]
        checksum = zlib.crc32(repr((self.devices, penalty)).encode())
        return f"{self.n_games}x{self.n_devices}-{checksum:08x}"

    @cached_property
    def batch(self) -> DeviceBatch:
        """Simulator parameters of all rows."""
        return device_batch(self.devices)

    @cached_property
    def kinds(self) -> tuple[tuple[DeviceParameters, ...], NDArray[np.int64]]:
        """Distinct devices, and which of them each row is."""
        distinct = tuple(dict.fromkeys(self.devices))
        number = {device: k for k, device in enumerate(distinct)}
        return distinct, np.array([number[device] for device in self.devices])

    @cached_property
    def model(self) -> RenewalModel:
        """Exact model of all rows."""
        distinct, kinds = self.kinds
        return renewal_model([_exact(d) for d in distinct], kinds, distinct[0].max_aoi)

    def others(self, budgets: Floats) -> Floats:
        """Sum of the other devices' budgets, ``(..., N)`` to ``(..., N)`` [DCC eq. 6]."""
        rest: Floats = budgets.sum(axis=-1, keepdims=True) - budgets
        return np.maximum(rest, 0.0)

    def joint_cost(self, policies: Floats) -> JointCost:
        """Evaluate the product policy of every game exactly, on the true joint cost."""
        return joint_cost(self.model, policies, self.n_devices, self.congestion)


def draw_population(
    seed: int, n_devices: int, games: Sequence[int], congestion: Congestion
) -> Population:
    """Draw independent games from the sets of App. F [DCC App. F].

    Parameters
    ----------
    seed : int
        Seed of the run.
    n_devices : int
        Devices per game.
    games : sequence of int
        Numbers of the games; the same number is the same game whatever is drawn beside it.
    congestion : Congestion
        Penalty within each game.
    """
    devices = tuple(
        draw_device(rng)
        for game in games
        for rng in (generator(seed, "game", n_devices, game),)
        for _ in range(n_devices)
    )
    return Population(devices, n_devices, congestion)


@lru_cache(maxsize=64)
def _exact(device: DeviceParameters) -> FiniteMDP:
    return device_mdp(device)
