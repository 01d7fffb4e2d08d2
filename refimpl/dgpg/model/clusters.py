"""From a chosen cluster to a server: Best-Fit inside the cluster [DG-PG App. H.2]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.simulator import Jobs, Simulation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def servers_of(simulation: Simulation, jobs: Jobs, clusters: Ints) -> Ints:
    """Return the server of each job whose agent chose ``clusters`` [DG-PG App. H.2].

    Where a cluster is a single server the choice is the server; otherwise Best-Fit picks.
    """
    if simulation.settings.direct:
        return clusters
    return best_fit_in_clusters(simulation, jobs, clusters)


def best_fit_in_clusters(simulation: Simulation, jobs: Jobs, clusters: Ints) -> Ints:
    """Return the fullest server with room in each chosen cluster [DG-PG App. H.2].

    Jobs are taken in agent order, and each sees the earlier ones of its step. A server has room if
    its free resources suffice and nobody waits there. "Fullest" is the highest mean utilisation of
    CPU and memory by running jobs. If no server has room: the one with the least mean load,
    waiting jobs included, relative to capacity.

    Parameters
    ----------
    simulation : Simulation
    jobs : Jobs
    clusters : (J,) int

    Returns
    -------
    (J,) int
        Servers.

    Raises
    ------
    ValueError
        If a cluster does not exist.
    """
    settings = simulation.settings
    if len(clusters) and not 0 <= clusters.min() <= clusters.max() < settings.n_clusters:
        raise ValueError(
            f"clusters must be in 0..{settings.n_clusters - 1}; "
            f"got {clusters.min()}..{clusters.max()}"
        )
    flat_members = _flat_members(simulation)
    group = jobs.rollout * settings.n_clusters + clusters
    room = _Room(simulation)
    servers = np.empty(len(jobs), np.int64)
    for chosen in _by_rank(group):
        servers[chosen] = room.pick(flat_members[group[chosen]], jobs.demand[chosen])
    return servers % settings.n_servers


def _flat_members(simulation: Simulation) -> Ints:
    """Members (E * K, m) of every cluster, as numbers among the servers of all episodes."""
    first = np.arange(simulation.rollouts) * simulation.settings.n_servers
    members = simulation.scenario.members + first[:, None, None]
    flat: Ints = members.reshape(-1, members.shape[-1])
    return flat


def _by_rank(group: Ints) -> list[Ints]:
    """Split positions so that each part has at most one of every group, in order."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.append(first, len(group))) if len(group) else np.zeros(0, np.int64)
    rank = np.arange(len(group)) - np.repeat(first[: len(lengths)], lengths)
    return [order[rank == r] for r in range(int(lengths.max(initial=0)))]


class _Room:
    """Free room of all servers, updated job by job within one step.

    "Free" is the capacity minus the demand of running and waiting jobs. Where somebody waits it is
    negative in some resource, since the first in the queue waits only because it does not fit; so
    it alone says whether a job would start at once.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.capacity = np.ascontiguousarray(simulation.capacity.reshape(-1, 2).T)
        load = simulation.load.reshape(-1, 2).T
        self.free = self.capacity - load
        self.utilization = (load / self.capacity).sum(axis=0)

    def pick(self, members: Ints, demand: Floats) -> Ints:
        """Choose among ``members`` (J, m) for each job and note the choice."""
        left = self.free.take(members, axis=1) - demand.T[:, :, None]
        # With room the sign is +, and the fullest server is the largest; without it is -, and
        # the least loaded is.
        score = np.copysign(self.utilization.take(members), np.minimum(left[0], left[1]))
        server: Ints = members[np.arange(len(members)), score.argmax(axis=1)]
        free, capacity = self.free[:, server] - demand.T, self.capacity[:, server]
        self.free[:, server] = free
        self.utilization[server] = ((capacity - free) / capacity).sum(axis=0)
        return server
