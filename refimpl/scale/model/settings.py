"""Servers, workflows and rewards: every constant of the system [SCALE Table 1] [SCALE sec. 5.1]."""

from __future__ import annotations

import math
from dataclasses import dataclass

from linear_models.validation import check_count, check_nonnegative, check_positive
from refimpl.scale.model.workflows import Family, FewPredecessors
from refimpl.shared.presets import Origin, Preset


@dataclass(frozen=True)
class Tier:
    """A kind of server [SCALE Table 1].

    Attributes
    ----------
    name : str
    compute : float
        GFLOPS.
    memory : float
        GB.
    idle_power, busy_power : float
        W.

    Raises
    ------
    ValueError
        If a number is not positive.
    """

    name: str
    compute: float
    memory: float
    idle_power: float
    busy_power: float

    def __post_init__(self) -> None:
        for name in ("compute", "memory", "idle_power", "busy_power"):
            check_positive(name, getattr(self, name))


SMALL = Tier("small", 1.0, 8.0, 30.0, 100.0)
MEDIUM = Tier("medium", 2.0, 32.0, 50.0, 200.0)
LARGE = Tier("large", 4.0, 80.0, 80.0, 400.0)
TIERS = (SMALL, MEDIUM, LARGE)
"""The three tiers of [SCALE Table 1]."""

TABLE_1 = {16: (4, 10, 2), 32: (8, 20, 4), 48: (12, 30, 6)}
"""Servers of each tier by cluster size [SCALE Table 1]."""

COMPUTE_SCALE, MEMORY_SCALE = LARGE.compute, LARGE.memory
"""``C_max`` and ``M_max``, which features are divided by: the largest of Table 1, at any mix."""

SUCCESSOR_SCALE = 5.0
PAPER_FAMILY = FewPredecessors(most=2)
"""How edges are drawn where nothing else is said; the paper does not tell."""

POWER_SCALE = LARGE.busy_power
"""Scale of the power feature; the paper gives none."""


@dataclass(frozen=True)
class SystemSettings:
    """A cluster, its workload and its rewards [SCALE sec. 3] [SCALE sec. 5.1].

    Attributes
    ----------
    counts : tuple of int
        Servers of each of :data:`TIERS`.
    arrival_rate : float
        Workflows per second, Poisson.
    horizon : float
        Seconds in which workflows arrive; an episode ends here unless it is drained.
    dt : float
        Seconds by which an invalid action moves the clock.
    family : Family
        Draws the edges of workflows.
    sizes : (int, int)
        Least and largest number of tasks of a workflow, uniform between.
    compute : (float, float, float)
        Mean, standard deviation and floor of a task's demand in GFLOP, normal.
    memory : (float, float, float, float)
        Mean, standard deviation, floor and ceiling of its need in GB, normal.
    data : (float, float, float)
        Mean, standard deviation and floor of its output in GB, normal.
    bandwidth, latency : float
        GB/s and s of a transfer between servers.
    time_scale : float
        ``s_tau`` of the reward, s.
    comm_weight, delay_scale : float
        ``alpha`` and ``delta_max`` (s) of the reward; an infinite scale switches the term off.
    energy_weight, energy_scale : float
        ``beta`` and ``e_max`` (J) of the reward.
    invalid_reward : float
        Reward of an action that assigns nothing.

    Raises
    ------
    ValueError
        If a number is out of range or there is no server.
    """

    counts: tuple[int, int, int] = TABLE_1[16]
    arrival_rate: float = 1.0
    horizon: float = 10.0
    dt: float = 0.1
    family: Family = PAPER_FAMILY
    sizes: tuple[int, int] = (3, 8)
    compute: tuple[float, float, float] = (10.0, 3.0, 1.0)
    memory: tuple[float, float, float, float] = (16.0, 8.0, 1.0, 80.0)
    data: tuple[float, float, float] = (0.5, 0.2, 0.01)
    bandwidth: float = 10.0
    latency: float = 0.01
    time_scale: float = 1.0
    comm_weight: float = 0.1
    delay_scale: float = 1.0
    energy_weight: float = 0.0
    energy_scale: float = 1000.0
    invalid_reward: float = -0.001

    def __post_init__(self) -> None:
        self._check_servers()
        for name in ("arrival_rate", "horizon", "dt", "bandwidth", "time_scale", "energy_scale"):
            check_positive(name, getattr(self, name))
        for name in ("latency", "comm_weight", "energy_weight"):
            check_nonnegative(name, getattr(self, name))
        if not self.delay_scale > 0:
            raise ValueError(f"delay_scale must be positive or infinite; got {self.delay_scale}")
        if not math.isfinite(self.invalid_reward):
            raise ValueError(f"invalid_reward must be finite; got {self.invalid_reward}")
        low, high = self.sizes
        check_count("sizes[0]", low)
        if high < low:
            raise ValueError(f"sizes must be increasing; got {self.sizes}")
        for name in ("compute", "memory", "data"):
            self._check_demand(name)

    def _check_servers(self) -> None:
        if len(self.counts) != len(TIERS) or min(self.counts) < 0:
            raise ValueError(f"counts must be three numbers >= 0; got {self.counts}")
        if not any(self.counts):
            raise ValueError(f"counts must have at least one server; got {self.counts}")

    def _check_demand(self, name: str) -> None:
        mean, spread, floor, *ceiling = getattr(self, name)
        check_positive(f"{name} mean", mean)
        check_nonnegative(f"{name} standard deviation", spread)
        check_positive(f"{name} floor", floor)
        if ceiling and not floor <= ceiling[0] < math.inf:
            raise ValueError(f"{name} ceiling must be finite and >= {floor}; got {ceiling[0]}")

    @property
    def n_servers(self) -> int:
        """Size of the cluster."""
        return sum(self.counts)


_PUBLISHED = (
    *("counts", "arrival_rate", "sizes", "compute", "memory", "data", "bandwidth", "latency"),
    *("time_scale", "comm_weight", "energy_weight", "invalid_reward"),
)
_TAGS: dict[str, Origin] = {
    name: "published" if name in _PUBLISHED else "chosen"
    for name in SystemSettings.__dataclass_fields__
}


_SIZE = ("counts", "arrival_rate")
"""Published for the sizes of Table 1 only."""


def proportional(n_servers: int) -> tuple[int, int, int]:
    """Return the servers of each tier at 2:5:1 [SCALE Table 1].

    Raises
    ------
    ValueError
        If ``n_servers`` is not a positive multiple of 8.
    """
    if n_servers < 1 or n_servers % 8:
        raise ValueError(f"n_servers must be a positive multiple of 8; got {n_servers}")
    return n_servers // 4, n_servers * 5 // 8, n_servers // 8


def chosen(n_servers: int = 16) -> Preset[SystemSettings]:
    """Return the constants that the experiments here use, one workflow per second and 16 servers.

    Horizon, clock step and edges are open in the paper, and so is the scale of the communication
    term, which decides what the best policy is; READINGS.md gives the reasons.
    """
    settings = SystemSettings(proportional(n_servers), arrival_rate=n_servers / 16)
    beyond: dict[str, Origin] = {} if n_servers in TABLE_1 else dict.fromkeys(_SIZE, "chosen")
    return Preset(f"chosen, {n_servers} servers", settings, {**_TAGS, **beyond})
