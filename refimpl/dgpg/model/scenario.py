"""Everything random about episodes, drawn before they are played.

The simulation is then a function of the scenario and of the servers chosen, so that policies are
compared on the same clusters, arrivals and jobs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_shape
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.workload import arrival_rates, base_rate, sample_jobs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Scenario:
    """Clusters and jobs of E episodes.

    Attributes
    ----------
    settings : SystemSettings
    capacity, efficiency : (E, N, 2) float
        Cores and GB of each server, and its efficiencies.
    members : (E, K, m) int
        Servers of each cluster.
    offsets : (E, T + 1) int
        Jobs that arrived before each step.
    demand : (E, M, 2) float
        Of each job in order of arrival; padded with 0 to the largest number of jobs.
    duration : (E, M) float
        Nominal run time in steps; padded with 1.

    Raises
    ------
    ValueError
        If a job is larger than a server of its episode, shapes do not fit, or a number is out of
        range.
    """

    settings: SystemSettings
    capacity: Floats
    efficiency: Floats
    members: Ints
    offsets: Ints
    demand: Floats
    duration: Floats

    def __post_init__(self) -> None:
        self._check_shapes()
        if not (self.capacity > 0).all() or not (self.efficiency > 0).all():
            raise ValueError("capacity and efficiency must be > 0; got one that is not")
        if not (self.duration > 0).all():
            raise ValueError(f"duration must be > 0; got {self.duration.min()}")
        most = self.demand.shape[1]
        steps = np.diff(self.offsets, axis=1, prepend=0)
        if (steps < 0).any() or (self.offsets[:, -1] > most).any():
            raise ValueError(f"offsets must rise from 0 to at most the {most} jobs given")
        # Written this way round, NaN is refused too.
        fits = (self.demand >= 0) & (self.demand <= self.capacity.min(axis=1)[:, None])
        if not fits.all():
            e, j = (int(i) for i in np.argwhere(~fits.all(axis=-1))[0])
            raise ValueError(
                f"every job must fit every server; job {j} of episode {e} needs "
                f"{self.demand[e, j]} and the smallest server has {self.capacity[e].min(axis=0)}"
            )

    def _check_shapes(self) -> None:
        n, k = self.settings.n_servers, self.settings.n_clusters
        most = self.demand.shape[1:2]
        wanted = {
            "capacity": (n, 2),
            "efficiency": (n, 2),
            "members": (k, n // k),
            "offsets": (self.settings.steps + 1,),
            "demand": (*most, 2),
            "duration": most,
        }
        for name, shape in wanted.items():
            check_shape(name, getattr(self, name), (len(self.capacity), *shape))
        if (np.sort(self.members.reshape(-1, n), axis=1) != np.arange(n)).any():
            raise ValueError(f"members must name each of the {n} servers once per episode")

    @property
    def rollouts(self) -> int:
        """Number of episodes."""
        return len(self.capacity)

    def take(self, rollouts: Any) -> Scenario:
        """Return the scenario of the chosen episodes only; an index may occur several times."""
        names = ("capacity", "efficiency", "members", "offsets", "demand", "duration")
        return replace(self, **{name: getattr(self, name)[rollouts] for name in names})


def sample_scenario(settings: SystemSettings, rollouts: int, rng: np.random.Generator) -> Scenario:
    """Draw clusters, arrivals and jobs of episodes [DG-PG App. H.1] [DG-PG Fig. 1].

    Raises
    ------
    ValueError
        If there is no episode.
    """
    if rollouts < 1:
        raise ValueError(f"rollouts must be at least 1; got {rollouts}")
    return sample_workload(settings, *sample_clusters(settings, rollouts, rng), rng)


def sample_workload(
    settings: SystemSettings, capacity: Floats, efficiency: Floats, rng: np.random.Generator
) -> Scenario:
    """Draw arrivals and jobs of episodes on given clusters [DG-PG App. H.1].

    Parameters
    ----------
    settings : SystemSettings
    capacity, efficiency : (E, N, 2) float
    rng : Generator
    """
    rollouts = len(capacity)
    base = base_rate(settings, capacity, efficiency[..., 0])
    counts = rng.poisson(arrival_rates(settings, base, rng))
    offsets = np.zeros((rollouts, settings.steps + 1), np.int64)
    np.cumsum(counts, axis=1, out=offsets[:, 1:])
    most = max(int(offsets[:, -1].max()), 1)
    demand, duration = sample_jobs(settings, (rollouts, most), rng)
    padding = np.arange(most) >= offsets[:, -1:]
    demand[padding], duration[padding] = 0.0, 1.0
    members = group_servers(settings, capacity)
    return Scenario(settings, capacity, efficiency, members, offsets, demand, duration)


def sample_clusters(
    settings: SystemSettings, rollouts: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw the servers' types independently by weight [DG-PG Table 4].

    Returns
    -------
    capacity, efficiency : (E, N, 2) float
    """
    weights = np.array([kind.weight for kind in settings.types])
    drawn = rng.choice(len(weights), p=weights / weights.sum(), size=(rollouts, settings.n_servers))
    capacities = np.array([(kind.cpu, kind.memory) for kind in settings.types], float)
    efficiencies = np.array([(k.cpu_efficiency, k.memory_efficiency) for k in settings.types])
    return capacities[drawn], efficiencies[drawn]


def group_servers(settings: SystemSettings, capacity: Floats) -> Ints:
    """Sort servers by capacity and cut them into clusters of equal size [DG-PG App. H.2].

    With as many clusters as servers the order is left as it is: an agent chooses the server.

    Returns
    -------
    (E, K, m) int
        Convention: sorted by cores, then by memory, then by index.
    """
    order = np.broadcast_to(np.arange(settings.n_servers), capacity.shape[:2])
    if not settings.direct:
        order = np.lexsort((capacity[..., 1], capacity[..., 0]), axis=-1)
    return order.reshape(len(capacity), settings.n_clusters, settings.per_cluster)
