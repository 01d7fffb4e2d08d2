"""Dispatchers that need no training: references for learned policies [DG-PG sec. 6.1].

Random policies and :func:`myopic_simultaneous` are decentralised: each job is placed by what all
see at the start of the step. (The latter needs the demand of waiting jobs and the choice of a
server, while agents observe only how many wait and from fifty servers on choose clusters.) The
others are centralised: each job sees where the earlier ones of its step went, which agents that
choose at the same time cannot know.

**Room.** A server has room for a job if the demand of running and waiting jobs, plus the job's, is
within its capacity. Nobody then waits there: a queue's first job waits only because it does not
fit, so where somebody waits the load is above capacity.

**Utilisation** is the mean over CPU and memory (chosen; the paper names one utilisation).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.own_part import observed_costs
from refimpl.dgpg.model.simulator import Jobs, Policy, Simulation
from refimpl.dgpg.objective.reference import reference_state

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Weight = Callable[[Floats], Floats]
"""``weight(capacity) -> w`` of the same shape in ``sum_k d_k w_nk (x_nk - xr_nk)``."""
Score = Callable[["_Servers", Floats], Floats]
"""``score(servers, demand (n, R)) -> (n, N)``; the server of highest score is taken."""


def random_cluster(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
    """Random: a uniform action of the scale's action space [DG-PG sec. 6.1].

    A server where agents choose servers; otherwise a cluster, with Best-Fit inside.
    """
    actions = rng.integers(0, simulation.settings.n_clusters, len(jobs))
    return servers_of(simulation, jobs, actions)


def random_server(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
    """Choose any server, all equally likely, whatever the action space."""
    return rng.integers(0, simulation.settings.n_servers, len(jobs))


def capacity_random(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
    """Choose a server with probability proportional to its capacity.

    A server's share of the cluster's CPU and its share of the memory are averaged.
    """
    n = simulation.settings.n_servers
    share = (simulation.capacity / simulation.capacity.sum(axis=1, keepdims=True)).mean(axis=-1)
    # Episode e fills the interval [e, e + 1), so one sorted search serves all.
    ends = np.arange(simulation.rollouts)[:, None] + np.cumsum(share, axis=1)
    drawn = np.searchsorted(ends.ravel(), jobs.rollout + rng.random(len(jobs)), side="right")
    return np.asarray(np.clip(drawn - n * jobs.rollout, 0, n - 1))


def best_fit(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
    """Best-Fit: the fullest server with room, else the least loaded [DG-PG sec. 6.1].

    The rule of App. H.2 with all servers in one cluster; ties go to the lower index.
    """
    del rng
    return _one_by_one(simulation, jobs, _fullest_with_room)


def highest_efficiency_with_room(
    simulation: Simulation, jobs: Jobs, rng: np.random.Generator
) -> Ints:
    """Choose the most efficient server with room, the fullest among equals, else the least loaded.

    Efficiency is the mean over CPU and memory.
    """
    del rng
    return _one_by_one(simulation, jobs, _most_efficient_with_room)


def sequential(weight: Weight) -> Policy:
    """Make the rule "least guidance coefficient, one job after the other" [DG-PG eq. 8].

    Parameters
    ----------
    weight : callable
        Which units: :func:`loads`, :func:`mixed_units` or :func:`utilizations`.
    """

    def policy(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
        del rng

        def score(servers: _Servers, demand: Floats) -> Floats:
            excess = servers.excess(weight)
            cost = excess[0] * demand[:, :1]
            cost += excess[1] * demand[:, 1:]
            return np.asarray(np.negative(cost, out=cost))

        return _one_by_one(simulation, jobs, score)

    return policy


def simultaneous(weight: Weight) -> Policy:
    """Make the rule "least guidance coefficient in the state that all see" [DG-PG eq. 8].

    Parameters
    ----------
    weight : callable
        As for :func:`sequential`.
    """

    def policy(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
        del rng
        load, capacity = simulation.load, simulation.capacity
        excess = weight(capacity) * (load - reference_state(load, capacity))
        cost = excess[jobs.rollout, :, 0] * jobs.demand[:, :1]
        cost += excess[jobs.rollout, :, 1] * jobs.demand[:, 1:]
        return np.asarray(cost.argmin(axis=1))

    return policy


def loads(capacity: Floats) -> Floats:
    """Return 1: state and influence are loads [DG-PG App. D]."""
    return np.ones_like(capacity)


def mixed_units(capacity: Floats) -> Floats:
    """Return ``1 / C``: the state is a utilisation, the influence a load [DG-PG App. D]."""
    return 1 / capacity


def utilizations(capacity: Floats) -> Floats:
    """Return ``1 / C^2``: state and influence are utilisations [DG-PG App. D]."""
    return capacity**-2


myopic_sequential = sequential(mixed_units)
"""Least coefficient, each job seeing the earlier ones of its step: a centralised rule."""

myopic_simultaneous = simultaneous(mixed_units)
"""Least coefficient, all jobs of a step seeing the same state: a decentralised rule."""


def least_utilized(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
    """Choose the least utilised server that all see, whatever the job needs.

    Utilisation by running and waiting jobs, the mean over CPU and memory. What the guidance knows
    beyond it is which resource the job needs most.
    """
    del rng
    least = (simulation.load / simulation.capacity).sum(axis=-1).argmin(axis=1)
    return np.asarray(least[jobs.rollout])


def myopic_observed(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
    """Choose the server of least deviation by what raw observations tell, all at once.

    See :func:`refimpl.dgpg.model.own_part.observed_costs`; [DG-PG eq. 8] with its correction.
    """
    del rng
    return np.asarray(observed_costs(simulation, jobs).argmin(axis=1))


HEURISTICS: Mapping[str, Policy] = MappingProxyType(
    {
        "Random": random_cluster,
        "random server": random_server,
        "capacity-random": capacity_random,
        "Best-Fit": best_fit,
        "highest efficiency": highest_efficiency_with_room,
        "myopic sequential": myopic_sequential,
        "myopic simultaneous": myopic_simultaneous,
        "myopic observed": myopic_observed,
        "least utilized": least_utilized,
    }
)
"""All of them by name; the paper compares with Random and Best-Fit."""


class _Servers:
    """Servers (R, n, N) of the n episodes that still have a job in this step."""

    def __init__(self, simulation: Simulation, order: Ints) -> None:
        self._capacity = np.moveaxis(simulation.capacity[order], -1, 0).copy()
        load = np.moveaxis(simulation.load[order], -1, 0)
        self._free = self._capacity - load
        self._utilization = (load / self._capacity).sum(axis=0)
        self._efficiency = simulation.efficiency[order].mean(axis=-1)
        self._first = np.arange(len(order)) * self._capacity.shape[-1]
        self.keep(len(order))

    def keep(self, n: int) -> None:
        """Leave out all episodes but the first ``n``."""
        self.capacity, self.free = self._capacity[:, :n], self._free[:, :n]
        self.utilization, self.efficiency = self._utilization[:n], self._efficiency[:n]

    def slack(self, demand: Floats) -> Floats:
        """Room left (n, N) in the scarcer resource, negative where a job does not fit."""
        left = self.free - demand.T[:, :, None]
        return np.asarray(np.minimum(left[0], left[1], out=left[0]))

    def excess(self, weight: Weight) -> Floats:
        """Load above the reference, weighted, (R, n, N)."""
        total = self.capacity.sum(axis=-1, keepdims=True)
        # x - C W / sum C = C idle / sum C - free, with idle the room in all servers together.
        idle = self.free.sum(axis=-1, keepdims=True) / total
        return np.asarray(weight(self.capacity) * (self.capacity * idle - self.free))

    def put(self, server: Ints, demand: Floats) -> None:
        """Load one job onto one server of each episode."""
        at = self._first[: len(server)] + server
        utilization = 0.0
        for k in range(2):
            free, capacity = self._free[k].reshape(-1), self._capacity[k].reshape(-1)[at]
            left = free[at] - demand[:, k]
            free[at] = left
            utilization = utilization + (capacity - left) / capacity
        self._utilization.reshape(-1)[at] = utilization


def _one_by_one(simulation: Simulation, jobs: Jobs, score: Score) -> Ints:
    """Servers of highest score; each job sees the earlier ones of its episode."""
    if not len(jobs):
        return np.empty(0, np.int64)
    order = np.argsort(-jobs.counts, kind="stable")
    first, counts = (np.cumsum(jobs.counts) - jobs.counts)[order], jobs.counts[order]
    servers, chosen = _Servers(simulation, order), np.empty(len(jobs), np.int64)
    active = len(counts)
    for rank in range(int(counts[0])):
        if counts[active - 1] <= rank:
            active = int((counts > rank).sum())
            servers.keep(active)
        at = first[:active] + rank
        demand = jobs.demand[at]
        server = score(servers, demand).argmax(axis=1)
        servers.put(server, demand)
        chosen[at] = server
    return chosen


def _fullest_with_room(servers: _Servers, demand: Floats) -> Floats:
    # The sign does it all: with room the fullest is the largest, without the emptiest is.
    return np.asarray(np.copysign(servers.utilization, servers.slack(demand)))


def _most_efficient_with_room(servers: _Servers, demand: Floats) -> Floats:
    # Utilisation is at most 2 where there is room, so 1e-6 of it only decides between equals.
    wanted = servers.efficiency + 1e-6 * servers.utilization
    return np.asarray(np.where(servers.slack(demand) >= 0, wanted, -servers.utilization))
