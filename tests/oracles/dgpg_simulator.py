"""One episode of the cluster, one job at a time, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from refimpl.dgpg.model.scenario import Scenario

Pair = tuple[float, float]


@dataclass(frozen=True)
class Job:
    number: int
    demand: Pair
    duration: float


@dataclass
class Server:
    capacity: Pair
    efficiency: Pair
    running: list[tuple[int, Job]] = field(default_factory=list)  # (step of its end, job)
    waiting: list[Job] = field(default_factory=list)

    def used(self, k: int) -> float:
        return sum(job.demand[k] for _, job in self.running)

    def load(self, k: int) -> float:
        return self.used(k) + sum(job.demand[k] for job in self.waiting)

    def fits(self, job: Job) -> bool:
        return all(self.used(k) + job.demand[k] <= self.capacity[k] for k in (0, 1))

    def has_room(self, job: Job) -> bool:
        return not self.waiting and self.fits(job)

    def release(self, t: int) -> int:
        before = len(self.running)
        self.running = [(end, job) for end, job in self.running if end > t]
        return before - len(self.running)

    def start(self, t: int) -> None:
        """Start waiting jobs in their order, up to the first that does not fit."""
        while self.waiting and self.fits(self.waiting[0]):
            job = self.waiting.pop(0)
            steps = max(round(job.duration / self.efficiency[0]), 1)
            self.running.append((t + steps, job))

    def fill(self) -> float:
        return self.used(0) / self.capacity[0] + self.used(1) / self.capacity[1]

    def crowd(self) -> float:
        return self.load(0) / self.capacity[0] + self.load(1) / self.capacity[1]


class Episode:
    """Episode ``e`` of a scenario."""

    def __init__(self, scenario: Scenario, e: int) -> None:
        self.settings = scenario.settings
        pairs = zip(scenario.capacity[e].tolist(), scenario.efficiency[e].tolist(), strict=True)
        self.servers = [Server(tuple(c), tuple(eta)) for c, eta in pairs]
        self.members = scenario.members[e].tolist()
        jobs = zip(scenario.demand[e].tolist(), scenario.duration[e].tolist(), strict=True)
        self.jobs = [Job(i, tuple(d), length) for i, (d, length) in enumerate(jobs)]
        self.offsets = scenario.offsets[e].tolist()
        self.t = self.done = self.dispatched = 0
        self.buffer: list[Job] = []

    def begin(self) -> list[Job]:
        for server in self.servers:
            self.done += server.release(self.t)
            server.start(self.t)
        self.buffer += self.jobs[self.offsets[self.t] : self.offsets[self.t + 1]]
        n = len(self.servers)
        handed, self.buffer = self.buffer[:n], self.buffer[n:]
        self.dispatched += len(handed)
        return handed

    def put(self, job: Job, server: int) -> None:
        self.servers[server].waiting.append(job)
        self.servers[server].start(self.t)

    def finish(self) -> float:
        waiting = len(self.buffer) + sum(len(server.waiting) for server in self.servers)
        energy = sum(s.used(k) / s.efficiency[k] for s in self.servers for k in (0, 1))
        energy /= sum(sum(server.capacity) for server in self.servers)
        self.t += 1
        return -(self.settings.queue_weight * waiting + self.settings.energy_weight * energy)


def best_fit(episode: Episode, job: Job, among: list[int]) -> int:
    """Fullest server with room, else the least loaded; the first of equals."""
    servers = episode.servers
    room = [n for n in among if servers[n].has_room(job)]
    if room:
        return max(room, key=lambda n: servers[n].fill())
    return min(among, key=lambda n: servers[n].crowd())


def most_efficient(episode: Episode, job: Job, among: list[int]) -> int:
    """Most efficient server with room, the fullest of equals; else the least loaded."""
    servers = episode.servers
    room = [n for n in among if servers[n].has_room(job)]
    if room:
        return max(room, key=lambda n: (sum(servers[n].efficiency), servers[n].fill()))
    return min(among, key=lambda n: servers[n].crowd())


Choose = Callable[[Episode, Job, int], int]
"""``choose(episode, job, agent) -> server``, asked for one job after the other."""


def play(episode: Episode, choose: Choose) -> list[float]:
    """Rewards of the whole episode."""
    rewards = []
    for _ in range(episode.settings.steps):
        for agent, job in enumerate(episode.begin()):
            episode.put(job, choose(episode, job, agent))
        rewards.append(episode.finish())
    return rewards
