"""The cluster, step by step, for many episodes side by side [DG-PG App. H].

One step, in this order: jobs whose time is over release their resources; waiting jobs that are
first in their server's queue start while they fit; jobs arrive; every agent with a job chooses;
the jobs join the queues of their servers and start while they fit; the reward is counted.

Arrays are changed in place: copying them in each of 3000 steps would cost more than stepping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Jobs:
    """Jobs to be placed in one step, one per active agent, ordered by episode and agent.

    Attributes
    ----------
    rollout, agent : (J,) int
        Episode, and number of the agent in it: the first job of the step is agent 0's.
    job : (J,) int
        Number of the job among all jobs of all episodes.
    demand : (J, 2) float
        Cores and GB.
    counts : (E,) int
        Active agents in each episode.
    """

    rollout: Ints
    agent: Ints
    job: Ints
    demand: Floats
    counts: Ints

    def __len__(self) -> int:
        return len(self.job)


class Simulation:
    """E episodes of one cluster size, side by side.

    Attributes
    ----------
    scenario : Scenario
    t : int
        Current step.
    used : (E, N, 2) float
        Demand of the running jobs of each server.
    load : (E, N, 2) float
        Demand of running and waiting jobs: the state ``x`` of the guidance.
    queue_length : (E, N) int
        Waiting jobs.
    dispatched, done : (E,) int
        Jobs that were placed, and that are finished.
    capacity, efficiency : (E, N, 2) float
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.settings = scenario, scenario.settings
        self.t, self._begun = 0, False
        self.capacity, self.efficiency = scenario.capacity, scenario.efficiency
        shape = self.capacity.shape
        self.used, self.load = np.zeros(shape), np.zeros(shape)
        self.queue_length = np.zeros(shape[:2], np.int64)
        self.dispatched, self.done = np.zeros((2, shape[0]), np.int64)
        self._flatten()
        slowest = self.efficiency[..., 0].min()
        slots = int(np.rint(scenario.duration.max() / slowest)) + 2
        self._released = np.zeros((slots, shape[0] * shape[1], 2))
        self._finished = np.zeros((slots, shape[0]), np.int64)
        total = self.capacity.sum(axis=(1, 2))
        self._energy_weight = 1 / (self.efficiency * total[:, None, None])

    def _flatten(self) -> None:
        """Make views with one axis for the servers of all episodes, and one for all jobs."""
        servers = self.queue_length.size
        self._used = self.used.reshape(servers, 2)
        self._load = self.load.reshape(servers, 2)
        self._waiting = self.queue_length.reshape(servers)
        self._capacity = self.capacity.reshape(servers, 2)
        self._demand = self.scenario.demand.reshape(-1, 2)
        self._duration = self.scenario.duration.reshape(-1)
        self._speed = np.ascontiguousarray(self.efficiency[..., 0]).reshape(servers)
        self._head, self._tail = np.zeros((2, servers), np.int64)
        self._next = np.zeros(len(self._demand), np.int64)

    @property
    def rollouts(self) -> int:
        """Number of episodes."""
        return len(self.capacity)

    @property
    def buffer(self) -> Ints:
        """Jobs (E,) that have arrived and have had no dispatcher yet, up to this step."""
        arrived = self.scenario.offsets[:, min(self.t + 1, self.settings.steps)]
        waiting: Ints = arrived - self.dispatched
        return waiting

    def begin(self) -> Jobs:
        """Release finished jobs, start waiting ones, and hand out the next jobs [DG-PG App. H.2].

        At most one job per server is handed out in a step, the longest waiting first; the others
        stay in the global buffer.

        Raises
        ------
        ValueError
            If the episodes are over, or the step has begun already.
        """
        if self.t >= self.settings.steps:
            raise ValueError(f"t must be below steps = {self.settings.steps}; got {self.t}")
        if self._begun:
            raise ValueError(f"finish must come before the next begin; step {self.t} has begun")
        self._begun = True
        slot = self.t % len(self._released)
        freed = self._released[slot]
        if self._finished[slot].any():
            self._used -= freed
            self._load -= freed
            self.done += self._finished[slot]
            waiting = np.flatnonzero(self._waiting)
            self._start(waiting[freed[waiting].any(axis=1)])
            freed[:] = 0
            self._finished[slot] = 0
        return self._hand_out()

    def _hand_out(self) -> Jobs:
        counts = np.minimum(self.buffer, self.settings.n_servers)
        rollout = np.repeat(np.arange(self.rollouts), counts)
        agent = np.arange(len(rollout)) - np.repeat(np.cumsum(counts) - counts, counts)
        job = rollout * self.scenario.demand.shape[1] + self.dispatched[rollout] + agent
        self.dispatched += counts
        return Jobs(rollout, agent, job, self._demand[job], counts)

    def place(self, jobs: Jobs, servers: Ints) -> None:
        """Append jobs to their servers' queues, in agent order, and start those that fit.

        Parameters
        ----------
        jobs : Jobs
            From :meth:`begin`.
        servers : (J,) int

        Raises
        ------
        ValueError
            If a server does not exist, or their number is wrong.
        """
        if servers.shape != jobs.job.shape:
            raise ValueError(f"servers must have shape {jobs.job.shape}; got {servers.shape}")
        if not len(jobs):
            return
        n = self.settings.n_servers
        if servers.min() < 0 or servers.max() >= n:
            bad = servers[(servers < 0) | (servers >= n)][0]
            raise ValueError(f"servers must be in 0..{n - 1}; got {bad}")
        flat = jobs.rollout * n + servers
        for k in range(2):
            self._load[:, k] += np.bincount(flat, jobs.demand[:, k], len(self._load))
        self._start(self._append(jobs.job, flat))

    def _append(self, job: Ints, server: Ints) -> Ints:
        """Link jobs behind their servers' queues; return the servers whose queue was empty."""
        order = np.argsort(server, kind="stable")
        job, server = job[order], server[order]
        same = server[1:] == server[:-1]
        self._next[job[:-1][same]] = job[1:][same]
        first = np.flatnonzero(np.concatenate(([True], ~same)))
        last = np.append(first[1:], len(job)) - 1
        where = server[first]
        empty = self._waiting[where] == 0
        self._head[where[empty]] = job[first[empty]]
        self._next[self._tail[where[~empty]]] = job[first[~empty]]
        self._tail[where] = job[last]
        self._waiting[where] += last - first + 1
        started: Ints = where[empty]
        return started

    def _start(self, servers: Ints) -> None:
        """Start the first waiting job of each server as long as it fits (FIFO, no overtaking)."""
        slots = len(self._released)
        n = self.settings.n_servers
        while len(servers):
            job = self._head[servers]
            demand = self._demand[job]
            fits = (self._used[servers] + demand <= self._capacity[servers]).all(axis=1)
            servers, job, demand = servers[fits], job[fits], demand[fits]
            self._used[servers] += demand
            steps = np.maximum(np.rint(self._duration[job] / self._speed[servers]), 1).astype(int)
            slot = (self.t + steps) % slots
            self._released[slot, servers] += demand
            np.add.at(self._finished, (slot, servers // n), 1)
            self._waiting[servers] -= 1
            self._head[servers] = self._next[job]
            servers = servers[self._waiting[servers] > 0]

    def energy(self) -> Floats:
        """Return the energy ratio (E,): ``sum_nk used_nk / eta_nk / C_tot`` [DG-PG App. H.3]."""
        ratio: Floats = np.einsum("enk,enk->e", self.used, self._energy_weight)
        return ratio

    def waiting(self) -> Ints:
        """Return the waiting jobs (E,): in the buffer and in all queues [DG-PG App. H.3]."""
        total: Ints = self.buffer + self.queue_length.sum(axis=1)
        return total

    def finish(self) -> Floats:
        """End the step and return its reward (E,) [DG-PG App. H.3].

        ``-(queue_weight * waiting + energy_weight * energy)``.
        """
        settings = self.settings
        cost = settings.queue_weight * self.waiting() + settings.energy_weight * self.energy()
        self.t, self._begun = self.t + 1, False
        return -cost


Policy = Callable[[Simulation, Jobs, np.random.Generator], Ints]
"""``policy(simulation, jobs, rng) -> servers (J,)``."""


@dataclass(frozen=True)
class Trace:
    """What a policy did to E episodes.

    Attributes
    ----------
    rewards : (T, E) float
    waiting, buffered : (T, E) int
        Jobs that waited anywhere, and those of them that had no dispatcher, after placement.
    energy : (T, E) float
        Energy ratio.
    """

    rewards: Floats
    waiting: Ints
    buffered: Ints
    energy: Floats


def run(scenario: Scenario, policy: Policy, rng: np.random.Generator) -> Trace:
    """Play a policy on all episodes of a scenario to their end."""
    simulation = Simulation(scenario)
    shape = (scenario.settings.steps, scenario.rollouts)
    waiting, buffered = np.zeros((2, *shape), np.int64)
    trace = Trace(np.zeros(shape), waiting, buffered, np.zeros(shape))
    for t in range(scenario.settings.steps):
        jobs = simulation.begin()
        simulation.place(jobs, policy(simulation, jobs, rng))
        trace.waiting[t], trace.buffered[t] = simulation.waiting(), simulation.buffer
        trace.energy[t] = simulation.energy()
        trace.rewards[t] = simulation.finish()
    return trace
