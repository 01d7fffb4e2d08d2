"""What is simulated in the experiments, as values that name themselves [MF sec. 2.1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from refimpl.meanfield.model import topologies
from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.train.parameter_sharing import TRAINING_AGENTS
from refimpl.shared.seeds import generator

TIME = 50.0
"""Time over which drops are counted when policies are compared (published)."""

HORIZON = 50
"""Epochs of a training episode (published)."""


def _configuration(n: int, seed: int) -> Graph:
    return topologies.configuration_model(n, generator(seed, "configuration model", n))


GRAPHS: dict[str, Callable[[int, int], Graph]] = {
    "ring": lambda size, _: topologies.ring(size),
    "ccc": lambda size, _: topologies.cube_connected_cycles(size),
    "torus": lambda size, _: topologies.torus(size),
    "cm": _configuration,
    "bethe": lambda size, _: topologies.bethe(size),
}
"""Graph by size parameter (agents, cycle order, side, agents, depth) and seed."""

TRAINED_ON = {"ring": 101, "ccc": 5, "torus": 11, "cm": 101, "bethe": 5}
"""Size parameter of the graph that each topology's policies are trained on [MF sec. 2.3]."""

LARGE = {"ring": 5001, "ccc": 9, "torus": 70, "cm": 5001, "bethe": 11}
"""Size parameter of the large graph [MF Fig. 7] [MF Fig. 8]."""

RING_SIZES = (9, 21, 91, 901, 3501, 5001)
"""Rings of [MF Fig. 5]."""

CRITIC_SIZES = (5, 11, 21, 51, 101)
"""Rings between 5 and 101 on which the scalable actor-critic is trained [MF Fig. 4] (chosen)."""


@dataclass(frozen=True)
class Setting:
    """One system of the experiments.

    Attributes
    ----------
    topology : str
        Key of :data:`GRAPHS`.
    size : int
        Its size parameter.
    dt : float
        Synchronisation delay.
    buffer : int
        Room in a queue.
    rates : (float, float)
        Arrival rate per agent, high and low.
    fast : float
        Service rate of the fast servers, which every queue has with probability 1/2 (the others
        serve at rate 1); 1 for equal servers.
    time : float
        Time over which drops are counted.
    horizon : int
        Epochs of a training episode.

    Raises
    ------
    ValueError
        If there is no such topology.
    """

    topology: str
    size: int
    dt: float
    buffer: int = 5
    rates: tuple[float, float] = (0.9, 0.6)
    fast: float = 1.0
    time: float = TIME
    horizon: int = HORIZON

    def __post_init__(self) -> None:
        if self.topology not in GRAPHS:
            raise ValueError(f"topology must be one of {sorted(GRAPHS)}; got {self.topology!r}")

    @property
    def name(self) -> str:
        """Everything that the system depends on, apart from the seed."""
        return (
            f"{self.topology}{self.size}/dt{self.dt:g}/buffer{self.buffer}"
            f"/rates{self.rates[0]:g}-{self.rates[1]:g}/fast{self.fast:g}"
            f"/time{self.time:g}/horizon{self.horizon}"
        )

    def system(self, seed: int) -> System:
        """Build the system; random graphs and servers are drawn from ``seed``."""
        graph = GRAPHS[self.topology](self.size, seed)
        services: float | np.ndarray[tuple[int], np.dtype[np.float64]] = 1.0
        if self.fast != 1.0:
            is_fast = generator(seed, "servers", self.name).random(graph.n) < 0.5
            services = np.where(is_fast, self.fast, 1.0)
        return System(graph, self.buffer, self.dt, Modulation(self.rates), services)

    def resized(self, size: int) -> Setting:
        """Return the same on a graph of another size."""
        return replace(self, size=size)


def training(topology: str, dt: float) -> Setting:
    """Return the system that policies of this topology are trained on [MF sec. 2.3]."""
    return Setting(topology, TRAINED_ON[topology], dt)


def large(topology: str, dt: float) -> Setting:
    """Return the large system of this topology [MF Fig. 7]."""
    return Setting(topology, LARGE[topology], dt)


def trained_on(setting: Setting, method: str = "mean-field") -> Setting:
    """Return the system whose training a policy on ``setting`` comes from [MF sec. 2.3].

    NA-PS is always trained on a small ring.
    """
    if method == "parameter-sharing":
        return replace(setting, topology="ring", size=TRAINING_AGENTS)
    return setting.resized(TRAINED_ON[setting.topology])


def other_sizes(setting: Setting) -> tuple[Setting, ...]:
    """Return systems of other sizes that a policy trained on ``setting`` is evaluated on.

    None where time is counted differently: Fig. 10a names no size.
    """
    if setting.time != TIME:
        return ()
    sizes = {LARGE[setting.topology]}
    if setting.topology == "ring":
        sizes |= {*RING_SIZES, *CRITIC_SIZES, TRAINED_ON["ring"]}
    return tuple(setting.resized(size) for size in sorted(sizes - {setting.size}))
