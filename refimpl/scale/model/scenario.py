"""Everything random about episodes, drawn in advance: servers, arrivals, workflows.

Given a scenario and the servers chosen, a simulation is deterministic, so that policies can be
compared on the same episodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_finite, check_shape
from refimpl.scale.model.settings import TIERS, SystemSettings
from refimpl.scale.model.workflows import Bools, Ints, check_acyclic

Floats = NDArray[np.float64]


class InfeasibleTaskError(ValueError):
    """A task that fits no server: it would block the scheduler for ever."""


@dataclass(frozen=True)
class Scenario:
    """E episodes with N servers, W workflows of up to V tasks.

    Attributes
    ----------
    settings : SystemSettings
    capacity : (E, N) float
        GFLOPS.
    memory : (E, N) float
        GB.
    idle_power, busy_power : (E, N) float
        W.
    joins, leaves, fails : (E, N) float
        Seconds at which a server becomes part of the cluster, takes no more tasks, and stops at
        once; its task must then run again.
    arrival : (E, W) float
        Seconds, increasing; infinite for workflows that do not exist.
    size : (E, W) int
        Tasks of each workflow.
    compute, need, data : (E, W, V) float
        GFLOP, GB of memory, GB of output of each task.
    edges : (E, W, V, V) bool
        ``edges[e, w, i, j]``: task j needs task i done.

    Raises
    ------
    InfeasibleTaskError
        If a task fits no server.
    CyclicGraphError
        If tasks wait for each other.
    ValueError
        If there is no server, shapes differ, or a number is NaN or out of range.
    """

    settings: SystemSettings
    capacity: Floats
    memory: Floats
    idle_power: Floats
    busy_power: Floats
    joins: Floats
    leaves: Floats
    fails: Floats
    arrival: Floats
    size: Ints
    compute: Floats
    need: Floats
    data: Floats
    edges: Bools

    def __post_init__(self) -> None:
        self._check_servers()
        self._check_tasks()
        check_acyclic(self.edges)
        self._check_fit()

    def _check_servers(self) -> None:
        if self.capacity.ndim != 2 or not self.capacity.shape[1]:
            raise ValueError(
                f"capacity must be (episodes, servers) with at least one server; "
                f"got shape {self.capacity.shape}"
            )
        for name in ("memory", "idle_power", "busy_power", "joins", "leaves", "fails"):
            check_shape(name, getattr(self, name), self.capacity.shape)
        for name in ("capacity", "memory"):
            _check_above(name, getattr(self, name), 0.0, strictly=True)
        for name in ("idle_power", "busy_power"):
            _check_above(name, getattr(self, name), 0.0)
        for name in ("joins", "leaves", "fails"):
            if np.isnan(getattr(self, name)).any():
                raise ValueError(f"{name} must be times; got NaN")

    def _check_tasks(self) -> None:
        episodes, workflows, tasks = self.compute.shape
        if episodes != len(self.capacity):
            raise ValueError(
                f"compute must have {len(self.capacity)} episodes, as capacity; got {episodes}"
            )
        if not workflows or not tasks:
            raise ValueError(f"compute must have room for a task; got shape {self.compute.shape}")
        for name in ("need", "data"):
            check_shape(name, getattr(self, name), self.compute.shape)
        for name in ("arrival", "size"):
            check_shape(name, getattr(self, name), (episodes, workflows))
        check_shape("edges", self.edges, (episodes, workflows, tasks, tasks))
        for name in ("compute", "need"):
            _check_above(name, getattr(self, name), 0.0, strictly=True)
        _check_above("data", self.data, 0.0)
        if np.isnan(self.arrival).any() or (np.diff(np.nan_to_num(self.arrival)) < 0).any():
            raise ValueError("arrival must be increasing times; it is not")
        if (self.arrival < 0).any():
            raise ValueError(f"arrival must be >= 0; got {self.arrival.min()}")
        if (self.size < 0).any() or (self.size > tasks).any():
            raise ValueError(f"size must be between 0 and {tasks}; got {self.size.max()}")
        inside = np.arange(tasks) < self.size[:, :, None]
        if (self.edges & ~(inside[..., :, None] & inside[..., None, :])).any():
            raise ValueError("edges must join tasks below size; a task waits for one that is not")

    def _check_fit(self) -> None:
        comes = self.joins < np.minimum(self.leaves, self.fails)
        largest = np.where(comes, self.memory, 0.0).max(axis=1)
        bad = np.argwhere((self.need > largest[:, None, None]) & self.exists)
        if bad.size:
            e, w, v = (int(i) for i in bad[0])
            raise InfeasibleTaskError(
                f"need must fit a server; task {v} of workflow {w} in episode {e} needs "
                f"{self.need[e, w, v]:g} GB and the largest server has {largest[e]:g} GB"
            )

    @property
    def exists(self) -> Bools:
        """Tasks that are not padding, (E, W, V)."""
        inside = np.arange(self.compute.shape[2]) < self.size[:, :, None]
        return np.asarray(inside & np.isfinite(self.arrival)[:, :, None])

    @property
    def episodes(self) -> int:
        """Number of episodes."""
        return len(self.capacity)

    def take(self, rows: ArrayLike | slice) -> Scenario:
        """Select some episodes."""
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        arrays: dict[str, Any] = {f.name: getattr(self, f.name)[index] for f in fields(self)[1:]}
        return replace(self, **arrays)

    def put(self, rows: ArrayLike, other: Scenario) -> Scenario:
        """Return the scenario with some episodes replaced by those of another of its shape."""
        arrays: dict[str, Any] = {}
        for each in fields(self)[1:]:
            array = getattr(self, each.name).copy()
            array[np.asarray(rows)] = getattr(other, each.name)
            arrays[each.name] = array
        return replace(self, **arrays)

    def with_events(
        self,
        joins: ArrayLike | None = None,
        leaves: ArrayLike | None = None,
        fails: ArrayLike | None = None,
    ) -> Scenario:
        """Let servers join, leave or fail at given seconds; arrays that broadcast to (E, N)."""
        given = {"joins": joins, "leaves": leaves, "fails": fails}
        arrays: dict[str, Any] = {
            name: np.broadcast_to(np.asarray(times, float), self.capacity.shape).copy()
            for name, times in given.items()
            if times is not None
        }
        return replace(self, **arrays)


def sample_scenario(settings: SystemSettings, episodes: int, rng: np.random.Generator) -> Scenario:
    """Draw episodes of a system [SCALE sec. 5.1.2].

    Parameters
    ----------
    settings : SystemSettings
    episodes : int
    rng : Generator
    """
    if episodes < 1:
        raise ValueError(f"episodes must be at least 1; got {episodes}")
    tiers = [tier for tier, n in zip(TIERS, settings.counts, strict=True) for _ in range(n)]
    workflows, tasks = most_workflows(settings), settings.sizes[1]
    gaps = rng.exponential(1 / settings.arrival_rate, (episodes, workflows))
    arrival = gaps.cumsum(axis=1)
    arrival[arrival > settings.horizon] = math.inf
    size = rng.integers(settings.sizes[0], tasks + 1, (episodes, workflows))
    shape = (episodes, workflows, tasks)
    return Scenario(
        settings=settings,
        capacity=_column(episodes, [tier.compute for tier in tiers]),
        memory=_column(episodes, [tier.memory for tier in tiers]),
        idle_power=_column(episodes, [tier.idle_power for tier in tiers]),
        busy_power=_column(episodes, [tier.busy_power for tier in tiers]),
        joins=np.zeros((episodes, len(tiers))),
        leaves=np.full((episodes, len(tiers)), math.inf),
        fails=np.full((episodes, len(tiers)), math.inf),
        arrival=arrival,
        size=size,
        compute=_normal(rng, shape, *settings.compute),
        need=_normal(rng, shape, *settings.memory),
        data=_normal(rng, shape, *settings.data),
        edges=_edges(settings, rng, size),
    )


def most_workflows(settings: SystemSettings) -> int:
    """Return room for arrivals that a Poisson count exceeds once in 1e9 episodes at most.

    Six standard deviations and six more; shapes then depend on the settings alone.
    """
    mean = settings.arrival_rate * settings.horizon
    return math.ceil(mean + 6 * math.sqrt(mean) + 6)


def _edges(settings: SystemSettings, rng: np.random.Generator, size: Ints) -> Bools:
    drawn = settings.family(rng, size.reshape(-1))
    missing = settings.sizes[1] - drawn.shape[1]
    padded = np.pad(drawn, ((0, 0), (0, missing), (0, missing)))
    return padded.reshape(*size.shape, *padded.shape[1:])


def _column(episodes: int, values: list[float]) -> Floats:
    return np.tile(np.asarray(values, float), (episodes, 1))


def _normal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    mean: float,
    spread: float,
    floor: float,
    ceiling: float = math.inf,
) -> Floats:
    return np.clip(rng.normal(mean, spread, shape), floor, ceiling)


def _check_above(name: str, array: Floats, bound: float, *, strictly: bool = False) -> None:
    check_finite(name, array)
    bad = array[(array < bound) | (strictly & (array == bound))]
    if bad.size:
        sign = ">" if strictly else ">="
        raise ValueError(f"{name} must be {sign} {bound:g}; got {bad[0]:g}")
