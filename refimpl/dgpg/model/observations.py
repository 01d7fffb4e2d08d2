"""What a dispatcher sees: all servers and jobs, or a summary of both [DG-PG App. H.2].

All dispatchers of a step see the same servers, jobs and time. This *shared* part is computed once
per rollout and step; what is an agent's own is its job and its index.

===========  =======================================  ==========================================
part         raw: 9N + 4 numbers                      compressed: 28K + 10 numbers
===========  =======================================  ==========================================
servers      7N: see :data:`SERVER_FEATURES`          28K: see :data:`CLUSTER_FEATURES`
jobs         2N: demands by agent, 0 where no job     6: mean, std and largest CPU, then memory
time         1                                        1
own job      2                                        2
agent index  1                                        1
===========  =======================================  ==========================================

The paper names the features and leaves their scales open. Chosen here, so that all are of order 1:
utilisation is the demand of running jobs over capacity, in [0, 1]; queues are clipped at 50 (as the
paper says) and divided by 5, because a queue of five matters as much as a full server and learning
stalls at a worse policy when it is a tenth; capacities are divided by the largest of the rollout's
servers; demands by the largest any job may have; time by the steps of the episode; efficiencies
stay as they are. Of a cluster: a server is CPU-heavy if its CPU utilisation exceeds that of its
memory by more than 0.1, memory-heavy the other way round, balanced otherwise, and overloaded if
either is above 0.9; a correlation is 0 where one of the two utilisations is the same on all
servers; cluster size is the part of all servers; quartiles interpolate linearly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Jobs, Simulation

Array = NDArray[np.floating]
Floats = NDArray[np.float64]
Observer = Callable[[Simulation, Jobs], Array]
"""``observer(simulation, jobs) -> (E, n_shared)``: what all agents of a rollout see in common."""

QUEUE_CLIP, QUEUE_UNIT = 50, 5
"""Waiting jobs are counted up to the first number, in units of the second."""
HEAVY, OVERLOADED = 0.1, 0.9
# Utilisations are quotients of exact numbers; a smaller spread is the rounding of their mean.
NO_SPREAD = 1e-9

SERVER_FEATURES = (
    "cpu_utilization",
    "memory_utilization",
    "queue",
    "cpu_efficiency",
    "memory_efficiency",
    "cpu_capacity",
    "memory_capacity",
)
_SPREAD = ("min", "q25", "median", "q75", "max", "mean", "std")
CLUSTER_FEATURES = (
    *(f"cpu_utilization_{name}" for name in _SPREAD),
    *(f"memory_utilization_{name}" for name in _SPREAD),
    *("cpu_memory_correlation", "cpu_heavy", "memory_heavy", "balanced"),
    *("queue_total", "queue_max", "queue_mean", "queue_std", "queue_nonempty"),
    *("free_cpu", "free_memory", "efficiency_mean", "cluster_size", "overloaded"),
)
JOB_FEATURES = tuple(f"{name}_{of}" for name in ("cpu", "memory") for of in ("mean", "std", "max"))


def raw_shared(simulation: Simulation, jobs: Jobs, dtype: DTypeLike = np.float64) -> Array:
    """Every server, the demand of every agent's job, and the time [DG-PG App. H.2].

    Returns
    -------
    (E, 9N + 1) floats: :data:`SERVER_FEATURES` of server 0, of server 1, ...; CPU and memory
    demand of agent 0's job, of agent 1's, ..., 0 for agents without a job; time.
    """
    n_rollouts, n_servers = simulation.rollouts, simulation.settings.n_servers
    seen = np.zeros((n_rollouts, 9 * n_servers + 1), dtype)
    servers = seen[:, : 7 * n_servers].reshape(n_rollouts, n_servers, 7)
    servers[..., 0:2] = simulation.used / simulation.capacity
    servers[..., 2] = np.minimum(simulation.queue_length, QUEUE_CLIP) / QUEUE_UNIT
    servers[..., 3:5] = simulation.efficiency
    servers[..., 5:7] = simulation.capacity / simulation.capacity.max(axis=1, keepdims=True)
    arrived = seen[:, 7 * n_servers : -1].reshape(n_rollouts, n_servers, 2)
    arrived[jobs.rollout, jobs.agent] = own(simulation, jobs)
    seen[:, -1] = _time(simulation)
    return seen


def compressed_shared(simulation: Simulation, jobs: Jobs, dtype: DTypeLike = np.float64) -> Array:
    """Summaries of every cluster and of the jobs, and the time [DG-PG App. H.2].

    Returns
    -------
    (E, 28K + 7) floats: :data:`CLUSTER_FEATURES` of cluster 0, of cluster 1, ...;
    :data:`JOB_FEATURES`; time.
    """
    n_rollouts, n_clusters, _ = simulation.scenario.members.shape
    seen = np.empty((n_rollouts, 28 * n_clusters + 7), dtype)
    clusters = seen[:, : 28 * n_clusters].reshape(n_rollouts, n_clusters, 28)
    _summarize_clusters(simulation, clusters)
    seen[:, 28 * n_clusters : -1] = _summarize_jobs(own(simulation, jobs), jobs)
    seen[:, -1] = _time(simulation)
    return seen


def own(simulation: Simulation, jobs: Jobs, dtype: DTypeLike = np.float64) -> Array:
    """CPU and memory demand of each agent's job, (J, 2), in parts of the largest possible."""
    scaled: Array = (jobs.demand / simulation.settings.largest_demand).astype(dtype, copy=False)
    return scaled


def full_observation(shared: Array, own: Array, agent: NDArray[np.intp], n_servers: int) -> Array:
    """Put the parts together, as a network without embedding of the index takes them.

    Parameters
    ----------
    shared : (J, S) float
        Row ``jobs.rollout[j]`` of the observer's answer for agent ``j``.
    own : (J, 2) float
    agent : (J,) int
        Index of the agent, in 0..N-1.
    n_servers : int

    Returns
    -------
    (J, S + 3) float: 9N + 4 or 28K + 10 numbers, the last of them ``agent / N``.
    """
    index = (agent / n_servers)[:, None].astype(shared.dtype)
    return np.concatenate([shared, own, index], axis=1)


def observer_for(settings: SystemSettings, dtype: DTypeLike = np.float64) -> tuple[Observer, int]:
    """Observer of a scale, and the length of what it returns [DG-PG App. H.2].

    Raw where agents choose servers (N <= 20 in Table 5), compressed where they choose clusters.
    """
    shared = raw_shared if settings.direct else compressed_shared
    size = 9 * settings.n_servers + 1 if settings.direct else 28 * settings.n_clusters + 7

    def observer(simulation: Simulation, jobs: Jobs) -> Array:
        return shared(simulation, jobs, dtype)

    return observer, size


def _time(simulation: Simulation) -> float:
    return simulation.t / simulation.settings.steps


def _summarize_clusters(simulation: Simulation, out: Array) -> None:
    """Write :data:`CLUSTER_FEATURES` to ``out`` (E, K, 28).

    The members of a cluster come first among the axes, so that sums over them run along rows.
    """
    members = np.moveaxis(simulation.scenario.members, -1, 0)
    n_rollouts, n_servers = simulation.rollouts, simulation.settings.n_servers
    at = members + (n_servers * np.arange(n_rollouts))[:, None]
    used = simulation.used.reshape(-1, 2).T.take(at, axis=1)
    capacity = simulation.capacity.reshape(-1, 2).T.take(at, axis=1)
    queue = simulation.queue_length.take(at)
    values = np.empty((3, *at.shape))
    np.divide(used, capacity, out=values[:2])
    np.divide(np.minimum(queue, QUEUE_CLIP), QUEUE_UNIT, out=values[2])
    rows = np.empty((28, *at.shape[1:]))
    _summarize_moments(values, rows)
    _summarize_ranks(values, rows)
    _summarize_fractions(values, rows)
    rows[23:25] = 1.0 - _sum(used) / _sum(capacity)
    efficiency = simulation.efficiency[..., 0] + simulation.efficiency[..., 1]
    rows[25] = _sum(efficiency.take(at)) / (2 * len(members))
    rows[26] = len(members) / n_servers
    out[...] = np.moveaxis(rows, 0, -1)


def _summarize_moments(values: Floats, rows: Floats) -> None:
    """Write sums, means, deviations and the correlation of ``values`` (3, m, E, K)."""
    m, total = values.shape[1], _sum(values)
    deviation = values - (total / m)[:, None]
    std = np.sqrt(_sum(deviation * deviation) / m)
    rows[5], rows[12], rows[20] = total / m
    rows[6], rows[13], rows[21] = std
    rows[18] = total[2]
    scale = np.where(np.minimum(std[0], std[1]) > NO_SPREAD, std[0] * std[1] * m, np.inf)
    rows[14] = _sum(deviation[0] * deviation[1]) / scale


def _summarize_ranks(values: Floats, rows: Floats) -> None:
    """Write minima, quartiles and maxima, interpolated linearly, of ``values`` (3, m, E, K)."""
    position = np.linspace(0.0, values.shape[1] - 1, 5)
    below, above = np.floor(position).astype(np.intp), np.ceil(position).astype(np.intp)
    ordered = np.sort(values[:2], axis=1)
    low, high = ordered.take(below, axis=1), ordered.take(above, axis=1)
    rows[:14].reshape(2, 7, *low.shape[2:])[:, :5] = low + (position - below)[:, None, None] * (
        high - low
    )
    rows[19] = np.maximum.reduce(values[2])


def _summarize_fractions(values: Floats, rows: Floats) -> None:
    """Write which parts of the clusters do something; ``values`` (3, m, E, K)."""
    cpu, memory, queue = values
    difference = cpu - memory
    flags = np.empty((4, *cpu.shape), np.bool_)
    np.greater(difference, HEAVY, out=flags[0])
    np.less(difference, -HEAVY, out=flags[1])
    np.greater(queue, 0.0, out=flags[2])
    np.greater(np.maximum(cpu, memory), OVERLOADED, out=flags[3])
    counts = _sum(flags)
    rows[15], rows[16], rows[22], rows[27] = counts / len(cpu)
    rows[17] = (len(cpu) - counts[0] - counts[1]) / len(cpu)


def _sum(values: NDArray[Any]) -> NDArray[Any]:
    """Sum over the members of (..., m, E, K); the method's wrapper would cost more than adding."""
    return np.asarray(np.add.reduce(values, axis=-3))


def _summarize_jobs(demand: Array, jobs: Jobs) -> Floats:
    """:data:`JOB_FEATURES` of every rollout, (E, 6); 0 where no job arrived."""
    counts, present = jobs.counts[:, None, None], np.flatnonzero(jobs.counts)
    seen = np.zeros((len(jobs.counts), 2, 3))
    if present.size:
        # Jobs are ordered by rollout, so each rollout's are one slice.
        first = (np.cumsum(jobs.counts) - jobs.counts)[present]
        n = counts[present, 0]
        mean = np.add.reduceat(demand, first) / n
        square = (demand - np.repeat(mean, n[:, 0], axis=0)) ** 2
        seen[present, :, 0] = mean
        seen[present, :, 1] = np.sqrt(np.add.reduceat(square, first) / n)
        seen[present, :, 2] = np.maximum.reduceat(demand, first)
    return seen.reshape(-1, 6)
