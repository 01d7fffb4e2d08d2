"""The least mean response of a tiny instance, by branch and bound, and two lower bounds.

All tasks are known beforehand, tasks may start at any time and in any order, and no clock step
stands between: no scheduler of the paper can be better, and few can be as good. Servers are there
from the start and stay.

Some best schedule starts every task as early as its server and its predecessors allow, so it is
enough to list tasks by start time and to choose the server of each. A branch is cut when even
without contention among the tasks left it cannot beat the best schedule found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count, check_finite, check_positive, check_shape
from refimpl.scale.model.scenario import InfeasibleTaskError, Scenario
from refimpl.scale.model.workflows import check_acyclic, hop_counts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class SearchLimitError(RuntimeError):
    """A search that was given up: the instance is too large for an exact answer."""


@dataclass(frozen=True)
class Instance:
    """M tasks and N servers, all known beforehand.

    Attributes
    ----------
    arrival : (M,) float
        Seconds at which the task's workflow arrives.
    work : (M,) float
        GFLOP.
    speed : (N,) float
        GFLOPS.
    fits : (M, N) bool
        Whether the server has the memory.
    edges : (M, M) bool
        ``edges[i, j]``: task j needs task i done.

    Raises
    ------
    InfeasibleTaskError
        If a task fits no server.
    CyclicGraphError
        If tasks wait for each other.
    ValueError
        If there is no task or no server, shapes differ, or a number is NaN or out of range.
    """

    arrival: Floats
    work: Floats
    speed: Floats
    fits: Bools
    edges: Bools

    def __post_init__(self) -> None:
        for name in ("work", "speed"):
            array = getattr(self, name)
            if array.ndim != 1 or not array.size:
                raise ValueError(f"{name} must be a vector, not empty; got shape {array.shape}")
            check_finite(name, array)
            check_positive(f"least {name}", float(array.min()))
        tasks, servers = self.work.size, self.speed.size
        check_shape("arrival", self.arrival, (tasks,))
        check_finite("arrival", self.arrival)
        check_shape("fits", self.fits, (tasks, servers))
        check_shape("edges", self.edges, (tasks, tasks))
        check_acyclic(self.edges)
        lost = np.flatnonzero(~self.fits.any(axis=1))
        if lost.size:
            raise InfeasibleTaskError(f"fits must name a server for each task; task {lost[0]} none")

    @property
    def run_time(self) -> Floats:
        """Return ``tau`` (M, N) in seconds, infinite where the task does not fit."""
        return np.where(self.fits, self.work[:, None] / self.speed, math.inf)


@dataclass(frozen=True)
class Schedule:
    """Where and when each of M tasks runs.

    Attributes
    ----------
    server : (M,) int
    start, finish : (M,) float
        Seconds.
    mean_response : float
        Mean of ``finish - arrival``, seconds.
    effort : int
        What it took, counted as the method says.
    """

    server: Ints
    start: Floats
    finish: Floats
    mean_response: float
    effort: int


def instance_of(scenario: Scenario, episode: int) -> Instance:
    """Return all tasks that arrive in one episode; padding is left out.

    Task k is the k-th existing one in the order of workflow and index.
    """
    exists = scenario.exists[episode]
    tasks = np.flatnonzero(exists.reshape(-1))
    workflows, size = exists.shape
    edges = np.zeros((workflows, size, workflows, size), bool)
    for w in range(workflows):
        edges[w, :, w, :] = scenario.edges[episode, w]
    flat = edges.reshape(exists.size, exists.size)
    need = scenario.need[episode].reshape(-1)[tasks]
    return Instance(
        arrival=np.repeat(scenario.arrival[episode], size)[tasks],
        work=scenario.compute[episode].reshape(-1)[tasks],
        speed=scenario.capacity[episode],
        fits=need[:, None] <= scenario.memory[episode],
        edges=flat[np.ix_(tasks, tasks)],
    )


def earliest_finish(instance: Instance) -> Floats:
    """Return when each task (M,) could end with a fast server of its own, seconds."""
    fastest = instance.run_time.min(axis=1)
    ready = instance.arrival.astype(float)
    for _ in range(len(ready)):
        inherited = np.where(instance.edges, (ready + fastest)[:, None], -math.inf).max(axis=0)
        ready = np.maximum(ready, inherited)
    return np.asarray(ready + fastest)


def critical_path_bound(instance: Instance) -> float:
    """Return the mean response if nobody waited for a server: no schedule is better, seconds."""
    return float((earliest_finish(instance) - instance.arrival).mean())


def load_bound(instance: Instance) -> float:
    """Return the least mean response on one server as fast as all together, seconds.

    That server may interrupt a task for a shorter one, so shortest remaining time first is best. It
    can do whatever the cluster does, task by task in slices; no schedule is better.
    """
    release = earliest_finish(instance) - instance.run_time.min(axis=1)
    left = instance.work / instance.speed.sum()
    order = sorted(range(len(left)), key=lambda task: release[task])
    now, waiting, total = 0.0, list[tuple[float, int]](), 0.0
    while order or waiting:
        if not waiting:
            now = max(now, float(release[order[0]]))
        while order and release[order[0]] <= now:
            task = order.pop(0)
            waiting.append((float(left[task]), task))
        remaining, task = min(waiting)
        waiting.remove((remaining, task))
        until = float(release[order[0]]) if order else math.inf
        if now + remaining <= until:
            now += remaining
            total += now - float(instance.arrival[task])
        else:
            waiting.append((remaining - (until - now), task))
            now = until
    return total / len(left)


def optimum(instance: Instance, limit: int = 1_000_000) -> Schedule:
    """Return a schedule of least mean response over all tasks [SCALE eq. 1a].

    Its effort counts partial schedules.

    Parameters
    ----------
    instance : Instance
        Up to about seven tasks.
    limit : int
        Partial schedules looked at before giving up.

    Raises
    ------
    SearchLimitError
        If the limit is reached.
    """
    check_count("limit", limit)
    search = _Search(instance, limit)
    search.run()
    server = np.array([job[0] for job in search.best_jobs], np.int64)
    start = np.array([job[1] for job in search.best_jobs])
    finish = np.array([job[2] for job in search.best_jobs])
    mean = float((finish - instance.arrival).mean())
    return Schedule(server, start, finish, mean, search.nodes)


_Job = tuple[int, float, float]
"""Server, start and finish."""


@dataclass
class _Search:
    """Depth-first search over tasks in the order of their start; plain numbers for speed."""

    instance: Instance
    limit: int
    nodes: int = 0
    best: float = math.inf
    best_jobs: list[_Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run_time = self.instance.run_time.tolist()
        self.arrival = self.instance.arrival.tolist()
        edges = self.instance.edges
        self.before = [np.flatnonzero(column).tolist() for column in edges.T]
        hops = hop_counts(edges)
        self.order = sorted(range(len(hops)), key=lambda task: -int(hops[task]))
        self.rank = {task: place for place, task in enumerate(self.order)}
        rows = zip(self.instance.speed.tolist(), self.instance.fits.T.tolist(), strict=True)
        self.kind = [(speed, tuple(fits)) for speed, fits in rows]

    def run(self) -> None:
        """Fill ``best`` and ``best_jobs``."""
        self._extend([None] * len(self.arrival), [0.0] * len(self.kind), (0.0, -1))

    def _extend(self, jobs: list[_Job | None], free: list[float], last: tuple[float, int]) -> None:
        self.nodes += 1
        if self.nodes > self.limit:
            raise SearchLimitError(f"limit must exceed the partial schedules; got {self.limit}")
        done = [job for job in jobs if job is not None]
        if len(done) == len(jobs):
            total = sum(finish for _, _, finish in done)
            if total < self.best:
                self.best, self.best_jobs = total, done
            return
        if self._bound(jobs, free, last[0]) >= self.best:
            return
        for finish, start, task, server in sorted(self._choices(jobs, free, last)):
            longer = [*jobs[:task], (server, start, finish), *jobs[task + 1 :]]
            after = [*free[:server], finish, *free[server + 1 :]]
            self._extend(longer, after, (start, self.rank[task]))

    def _choices(
        self, jobs: list[_Job | None], free: list[float], last: tuple[float, int]
    ) -> Iterator[tuple[float, float, int, int]]:
        """Next tasks and servers; of servers alike in everything only the first."""
        for task, job in enumerate(jobs):
            before = [jobs[i] for i in self.before[task]]
            if job is not None or None in before:
                continue
            ready = max([self.arrival[task], *(job[2] for job in before if job is not None)])
            seen = set()
            for server, run_time in enumerate(self.run_time[task]):
                start = max(ready, free[server])
                alike = (self.kind[server], free[server])
                if run_time < math.inf and (start, self.rank[task]) > last and alike not in seen:
                    seen.add(alike)
                    yield start + run_time, start, task, server

    def _bound(self, jobs: list[_Job | None], free: list[float], now: float) -> float:
        """Least sum of finish times if the tasks left never wait for each other's servers."""
        finish = [0.0] * len(jobs)
        for task in self.order:
            job = jobs[task]
            if job is not None:
                finish[task] = job[2]
                continue
            ready = max([now, self.arrival[task], *(finish[i] for i in self.before[task])])
            finish[task] = min(
                max(ready, idle) + run_time
                for idle, run_time in zip(free, self.run_time[task], strict=True)
            )
        return sum(finish)
