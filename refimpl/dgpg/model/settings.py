"""Every constant of the cluster, with where it comes from [DG-PG App. H]."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from linear_models.validation import check_count, check_nonnegative, check_positive
from refimpl.dgpg.model.instances import INSTANCE_TYPES, InstanceType
from refimpl.shared.presets import Origin, Preset

TABLE_5 = {
    2: (2, 1),
    5: (5, 1),
    10: (10, 1),
    20: (20, 1),
    50: (25, 2),
    100: (25, 4),
    200: (40, 5),
    500: (50, 10),
    1000: (50, 20),
    1500: (75, 20),
}
"""Clusters, and servers in each, by number of servers [DG-PG Table 5]."""


@dataclass(frozen=True)
class JobClass:
    """A kind of job [DG-PG App. H.1].

    CPU demand is Pareto, ``scale * (1 - U)^(-1/shape)``, cut to ``cpu_range``; memory is CPU times
    a uniform ratio, cut to ``memory_range``.

    Attributes
    ----------
    share : float
        Fraction of the arrivals.
    shape, scale : float
        Of the Pareto law; ``scale`` in cores.
    cpu_range : (float, float)
        Cores.
    ratio_range : (float, float)
        GB per core.
    memory_range : (float, float)
        GB.

    Raises
    ------
    ValueError
        If a number is not positive or a range is not increasing.
    """

    share: float
    shape: float
    scale: float
    cpu_range: tuple[float, float]
    ratio_range: tuple[float, float]
    memory_range: tuple[float, float]

    def __post_init__(self) -> None:
        for name in ("share", "shape", "scale"):
            check_positive(name, getattr(self, name))
        for name in ("cpu_range", "ratio_range", "memory_range"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf:
                raise ValueError(f"{name} must be positive and increasing; got {(low, high)}")


CPU_INTENSIVE = JobClass(0.6, 1.7, 2.0, (1, 16), (1, 2), (1, 32))
MEMORY_INTENSIVE = JobClass(0.4, 2.2, 2.0, (1, 8), (4, 8), (4, 64))


@dataclass(frozen=True)
class SystemSettings:
    """A cluster and its workload [DG-PG App. H].

    Attributes
    ----------
    n_servers, n_clusters : int
        The number of servers must be a multiple of the number of clusters. With as many clusters
        as servers an agent chooses the server itself.
    steps, arrival_steps : int
        Length of an episode, and of its first part, in which jobs arrive.
    utilization : float
        Load that the mean arrival rate puts on the scarcest resource, in (0, 1).
    swing, period : float
        Amplitude of the tide relative to its mean, in [0, 1], and its length in steps.
    arrival_noise : float
        Standard deviation of the noise on the rate, relative to the mean rate.
    job_classes : tuple of JobClass
        Shares sum to 1.
    log_duration_mean, log_duration_std, max_duration : float
        Log-normal nominal run time in steps, cut to ``[1, max_duration]``.
    queue_weight : float
        Cost of a waiting job per step.
    energy_weight : float
        Cost of the energy ratio per step: the paper's weight times its multiplier.
    types : tuple of InstanceType

    Raises
    ------
    ValueError
        If a number is out of range, or a job could be larger than a server: it would block the
        server's queue for ever.
    """

    n_servers: int
    n_clusters: int
    steps: int = 3000
    arrival_steps: int = 2000
    utilization: float = 0.7
    swing: float = 0.3
    period: float = 1000.0
    arrival_noise: float = 0.1
    job_classes: tuple[JobClass, ...] = (CPU_INTENSIVE, MEMORY_INTENSIVE)
    log_duration_mean: float = 2.5
    log_duration_std: float = 1.0
    max_duration: float = 200.0
    queue_weight: float = 0.5
    energy_weight: float = 5.0
    types: tuple[InstanceType, ...] = INSTANCE_TYPES

    def __post_init__(self) -> None:
        self._check_sizes()
        if not 0 < self.utilization < 1:
            raise ValueError(f"utilization must be in (0, 1); got {self.utilization}")
        if not 0 <= self.swing <= 1:
            raise ValueError(f"swing must be in [0, 1]; got {self.swing}")
        for name in ("period", "log_duration_std"):
            check_positive(name, getattr(self, name))
        if not math.isfinite(self.log_duration_mean):
            raise ValueError(f"log_duration_mean must be finite; got {self.log_duration_mean}")
        if not 1 <= self.max_duration < math.inf:
            raise ValueError(f"max_duration must be finite and >= 1; got {self.max_duration}")
        for name in ("arrival_noise", "queue_weight", "energy_weight"):
            check_nonnegative(name, getattr(self, name))
        total = sum(job.share for job in self.job_classes)
        if not abs(total - 1) < 1e-9:
            raise ValueError(f"shares of job_classes must sum to 1; got {total}")
        self._check_fit()

    def _check_sizes(self) -> None:
        for name in ("n_servers", "n_clusters", "steps", "arrival_steps"):
            check_count(name, getattr(self, name))
        if self.n_servers % self.n_clusters:
            raise ValueError(
                f"n_servers must be a multiple of n_clusters = {self.n_clusters}; "
                f"got {self.n_servers}"
            )
        if self.arrival_steps > self.steps:
            raise ValueError(
                f"arrival_steps must be at most steps = {self.steps}; got {self.arrival_steps}"
            )

    def _check_fit(self) -> None:
        if not self.types:
            raise ValueError("types must name at least one instance type; got none")
        largest = self.largest_demand
        for kind in self.types:
            if largest[0] > kind.cpu or largest[1] > kind.memory:
                raise ValueError(
                    f"job_classes must fit every server; a job may need {largest[0]:g} cores and "
                    f"{largest[1]:g} GB, and {kind.name} has {kind.cpu:g} and {kind.memory:g}"
                )

    @property
    def per_cluster(self) -> int:
        """Servers in a cluster."""
        return self.n_servers // self.n_clusters

    @property
    def direct(self) -> bool:
        """Whether an agent chooses the server itself."""
        return self.n_clusters == self.n_servers

    @property
    def largest_demand(self) -> tuple[float, float]:
        """Largest CPU and largest memory demand that a job can have."""
        return (
            max(job.cpu_range[1] for job in self.job_classes),
            max(job.memory_range[1] for job in self.job_classes),
        )


_PUBLISHED = ("n_servers", "n_clusters", "steps", "arrival_steps", "period", "types")
_CHOSEN_TAGS: dict[str, Origin] = {
    name: "published" if name in _PUBLISHED else "chosen"
    for name in SystemSettings.__dataclass_fields__
}


def chosen(n_servers: int) -> Preset[SystemSettings]:
    """Return the constants that every experiment here uses [DG-PG Table 5] [DG-PG App. H].

    A tidal peak of 0.91 of the capacity, fewer jobs per step than dispatchers, and a queue that is
    penalised by its total length, as the legible part of App. H.3 says; READINGS.md gives the
    reasons.
    """
    return Preset("chosen", SystemSettings(n_servers, *_grouping(n_servers)), _CHOSEN_TAGS)


def suggested(n_servers: int) -> Preset[SystemSettings]:
    """Return a first guess at the paper's lost constants: smaller jobs, higher load.

    Its arrivals exceed one job per dispatcher and step at the tidal peak, and the queue is
    penalised per server.
    """
    classes = tuple(replace(job, scale=1.0) for job in (CPU_INTENSIVE, MEMORY_INTENSIVE))
    return chosen(n_servers).changed(
        "suggested", job_classes=classes, utilization=0.8, queue_weight=0.5 / n_servers
    )


def paper_scaled(n_servers: int) -> Preset[SystemSettings]:
    """Return the constants with which the mean reward per step is near the recovered -40.

    Fitted on one number with one constant, so no evidence for it.
    """
    return chosen(n_servers).changed("paper-scaled", queue_weight=1.0, energy_weight=100.0)


def _grouping(n_servers: int) -> tuple[int]:
    if n_servers not in TABLE_5:
        raise ValueError(f"n_servers must be one of {sorted(TABLE_5)}; got {n_servers}")
    return (TABLE_5[n_servers][0],)
