"""One episode of the cluster, one event at a time, in plain Python.

Between two readings of the clock everything happens in the order of its own time: tasks end,
servers fail, leave and join, workflows arrive. At the same instant the end of a task comes first,
so that a server that fails just then has done its work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from refimpl.scale.model.scenario import Scenario

LATE = 1e-9  # an event so little after the clock's reading is on time: the grid is rounded


@dataclass
class Server:
    number: int
    speed: float
    memory: float
    power: float
    joins: float
    gone: float  # takes no more tasks
    fails: float
    task: Task | None = None
    free_at: float = 0.0
    member: bool = False


@dataclass
class Task:
    number: int  # among all tasks of the episode, padding included
    work: float
    need: float
    output: float
    workflow: Workflow = field(repr=False)
    before: list[Task] = field(default_factory=list, repr=False)
    after: list[Task] = field(default_factory=list, repr=False)
    state: str = "absent"  # then waiting, ready, running, finished
    server: Server | None = None
    start: float = math.inf
    finish: float = math.inf

    def hops(self) -> int:
        """Edges of the longest way to the end."""
        return max((1 + task.hops() for task in self.after), default=0)

    def look(self) -> None:
        """Become ready if nothing is missing."""
        if self.state == "waiting" and all(task.state == "finished" for task in self.before):
            self.state = "ready"


@dataclass
class Workflow:
    number: int
    arrival: float
    tasks: list[Task] = field(default_factory=list)


@dataclass(order=True)
class Event:
    time: float
    kind: int
    number: int
    happen: Callable[[], None] = field(compare=False)


class Episode:
    """Episode ``e`` of a scenario."""

    def __init__(self, scenario: Scenario, e: int, deadline: float | None = None) -> None:
        self.settings, self.deadline = scenario.settings, deadline
        columns = ("capacity", "memory", "busy_power", "joins", "leaves", "fails")
        rows = zip(*(getattr(scenario, name)[e].tolist() for name in columns), strict=True)
        self.servers = [
            Server(j, speed, memory, power, joins, min(leaves, fails), fails)
            for j, (speed, memory, power, joins, leaves, fails) in enumerate(rows)
        ]
        self.workflows = [_workflow(scenario, e, w) for w in range(scenario.arrival.shape[1])]
        self.workflows = [w for w in self.workflows if w.arrival < math.inf]
        self.ticks, self.over = 0, False
        self._happen_until_now()

    @property
    def now(self) -> float:
        return self.ticks * self.settings.dt

    @property
    def tasks(self) -> list[Task]:
        return [task for workflow in self.workflows for task in workflow.tasks]

    def next_task(self) -> Task | None:
        """Longest way to the end first, then the earlier workflow, then the smaller number."""
        ready = [task for task in self.tasks if task.state == "ready"]
        return min(ready, key=lambda task: (-task.hops(), task.number), default=None)

    def delay(self, task: Task, server: Server) -> float:
        """Seconds to fetch the output of the first predecessor."""
        if not task.before or task.before[0].server is server:
            return 0.0
        return task.before[0].output / self.settings.bandwidth + self.settings.latency

    def accepts(self, server: Server, task: Task) -> bool:
        return server.member and server.task is None and task.need <= server.memory

    def step(self, action: int) -> tuple[float, bool]:
        """Reward, and whether a task was assigned."""
        if self.over:
            return 0.0, False
        task, server = self.next_task(), self.servers[action]
        if task is not None and self.accepts(server, task):
            return self._assign(task, server), True
        self.ticks += 1
        self._happen_until_now()
        self.over = self._is_over()
        return self.settings.invalid_reward, False

    def _assign(self, task: Task, server: Server) -> float:
        s, run_time = self.settings, task.work / server.speed
        reward = math.exp(-run_time / s.time_scale)
        reward -= s.comm_weight * self.delay(task, server) / s.delay_scale
        reward -= s.energy_weight * server.power * run_time / s.energy_scale
        task.state, task.server, server.task = "running", server, task
        task.start = self.now
        task.finish = server.free_at = self.now + run_time
        return reward

    def _is_over(self) -> bool:
        if self.deadline is None:
            return self.now + LATE >= self.settings.horizon
        everything = all(task.state == "finished" for task in self.tasks)
        return everything or self.now + LATE >= self.deadline

    def _happen_until_now(self) -> None:
        while due := sorted(event for event in self._events() if event.time <= self.now + LATE):
            due[0].happen()

    def _events(self) -> Iterator[Event]:
        """What is still to come; joining comes before leaving at the same instant."""
        for server in self.servers:
            if server.task is not None:
                yield Event(server.free_at, 0, server.number, lambda s=server: _finish(s))
                yield Event(server.fails, 3, server.number, lambda s=server: _lose(s))
            if not server.member and server.joins < server.gone:
                yield Event(server.joins, 1, server.number, lambda s=server: _join(s))
            if server.member:
                yield Event(server.gone, 2, server.number, lambda s=server: _leave(s))
        for workflow in self.workflows:
            if workflow.tasks and workflow.tasks[0].state == "absent":
                yield Event(workflow.arrival, 4, workflow.number, lambda w=workflow: _arrive(w))


def _workflow(scenario: Scenario, e: int, w: int) -> Workflow:
    workflow = Workflow(w, float(scenario.arrival[e, w]))
    width = scenario.compute.shape[2]
    for v in range(int(scenario.size[e, w])):
        numbers = (float(getattr(scenario, name)[e, w, v]) for name in ("compute", "need", "data"))
        workflow.tasks.append(Task(w * width + v, *numbers, workflow))
    for i, task in enumerate(workflow.tasks):
        for j, other in enumerate(workflow.tasks):
            if scenario.edges[e, w, i, j]:
                task.after.append(other)
                other.before.append(task)
    return workflow


def _finish(server: Server) -> None:
    task, server.task = server.task, None
    assert task is not None
    task.state = "finished"
    for other in task.after:
        other.look()


def _lose(server: Server) -> None:
    task, server.task = server.task, None
    assert task is not None
    task.state, task.server, task.start, task.finish = "ready", None, math.inf, math.inf


def _join(server: Server) -> None:
    server.member = True


def _leave(server: Server) -> None:
    server.member, server.joins = False, math.inf


def _arrive(workflow: Workflow) -> None:
    for task in workflow.tasks:
        task.state = "waiting"
    for task in workflow.tasks:
        task.look()


Choose = Callable[[Episode], int]


def play(episode: Episode, choose: Choose) -> list[tuple[float, bool]]:
    """Rewards and validity of every action until the end."""
    outcomes = []
    while not episode.over:
        outcomes.append(episode.step(choose(episode)))
    return outcomes
