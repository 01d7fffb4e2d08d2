"""The best that can be done under the paper's clock, knowing the future [SCALE sec. 4.1].

Tasks come in the order of the first level, time passes in steps, and only an action that assigns
nothing moves it: where every server is idle and fits, there is no way to wait. What remains is a
choice of servers and of waits, a finite deterministic problem that a table over states solves. Two
objectives are of interest, the discounted return and the mean response; they want different things.

No policy does better, and none that does not know the future needs to do as well. Servers are there
from the start and stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linear_models.validation import check_count
from refimpl.scale.model.scenario import Scenario
from refimpl.scale.model.simulator import SLACK, priorities
from refimpl.scale.objective.reward import assignment_reward, transfer_delay
from refimpl.scale.theory.exact import SearchLimitError

Pay = Callable[[int, int, float, bool], float]
"""``pay(task, server, finish, local)``: ``local`` if no data must be moved."""
Jobs = tuple[tuple[int, float] | None, ...]
"""Server and finish of every task, None before its start."""
State = tuple[int, Jobs]
"""Steps of the clock, and jobs; of finished ones only what still matters."""


@dataclass(frozen=True)
class Objective:
    """What a play is worth: ``sum_k discount^k x_k`` over its decisions.

    Attributes
    ----------
    pay : callable
        ``x_k`` of an assignment.
    wait : float
        ``x_k`` of a step of the clock.
    discount : float
    """

    pay: Pay
    wait: float
    discount: float


@dataclass(frozen=True)
class Play:
    """A best play of one episode.

    Attributes
    ----------
    value : float
        Of the objective.
    actions : tuple of int
        Servers, decision by decision to the end of the episode.
    states : int
        States looked at.
    """

    value: float
    actions: tuple[int, ...]
    states: int


def discounted_return(scenario: Scenario, episode: int, gamma: float = 0.99) -> Objective:
    """Return the learning objective [SCALE sec. 4.1.3]."""
    settings, width = scenario.settings, scenario.compute.shape[2]

    def pay(task: int, server: int, finish: float, local: bool) -> float:
        del finish
        w, v = divmod(task, width)
        run_time = scenario.compute[episode, w, v] / scenario.capacity[episode, server]
        first = int(scenario.edges[episode, w, :, v].argmax())
        delay = transfer_delay(settings, scenario.data[episode, w, first], local)
        energy = scenario.busy_power[episode, server] * run_time
        return float(assignment_reward(settings, run_time, delay, energy))

    return Objective(pay, settings.invalid_reward, gamma)


def time_saved(end: float) -> Objective:
    """Return the seconds by which tasks are done before ``end``, added up.

    Largest where the sum of ``min(finish, end) - arrival`` over all tasks is least.
    """

    def pay(task: int, server: int, finish: float, local: bool) -> float:
        del task, server, local
        return max(end - finish, 0.0)

    return Objective(pay, 0.0, 1.0)


def least_response(
    scenario: Scenario, episode: int, deadline: float | None = None, limit: int = 200_000
) -> tuple[float, Play]:
    """Return the least mean response over all tasks that arrive, and a play that has it.

    Unfinished tasks count until the end, as in
    :attr:`refimpl.scale.model.episodes.Episodes.all_response`.
    """
    end = _last_tick(scenario, deadline) * scenario.settings.dt
    play = best_play(scenario, episode, time_saved(end), deadline, limit)
    here = scenario.arrival[episode] <= end
    count = int(scenario.size[episode][here].sum())
    waited = float((scenario.size[episode][here] * (end - scenario.arrival[episode][here])).sum())
    return (waited - play.value) / count, play


def best_play(
    scenario: Scenario,
    episode: int,
    objective: Objective,
    deadline: float | None = None,
    limit: int = 200_000,
) -> Play:
    """Return a play of one episode that no other exceeds.

    Parameters
    ----------
    scenario : Scenario
    episode : int
    objective : Objective
    deadline : float, optional
        See :class:`refimpl.scale.model.simulator.Simulation`.
    limit : int
        States looked at before giving up; their number grows with steps to the power of tasks.

    Raises
    ------
    ValueError
        If servers join, leave or fail.
    SearchLimitError
        If the limit is reached.
    """
    check_count("limit", limit)
    comes, goes = scenario.joins[episode], np.minimum(scenario.leaves, scenario.fails)[episode]
    if (comes > 0).any() or np.isfinite(goes).any():
        raise ValueError("scenario must have a cluster that stays as it is; servers come or go")
    table = _Table(scenario, episode, objective, deadline, limit)
    start: State = (0, (None,) * len(table.tasks))
    value, actions, state = table.value(start), list[int](), start
    while not table.over(state):
        action, state = table.best[state]
        actions.append(action)
    return Play(value, tuple(actions), len(table.values))


def _last_tick(scenario: Scenario, deadline: float | None) -> int:
    """Return the reading of the clock at which an episode ends at the latest."""
    settings = scenario.settings
    until = settings.horizon if deadline is None else deadline
    return max(math.ceil((until - SLACK) / settings.dt), 1)


class _Table:
    """Values of states, filled in from the start: tasks are numbered by priority."""

    def __init__(
        self,
        scenario: Scenario,
        episode: int,
        objective: Objective,
        deadline: float | None,
        limit: int,
    ) -> None:
        self.objective, self.limit = objective, limit
        self.drained, self.last = deadline is not None, _last_tick(scenario, deadline)
        self.dt = scenario.settings.dt
        exists = scenario.exists[episode].reshape(-1)
        rank = priorities(scenario)[episode]
        self.tasks = sorted(np.flatnonzero(exists).tolist(), key=lambda task: int(rank[task]))
        place = {task: k for k, task in enumerate(self.tasks)}
        width = scenario.compute.shape[2]
        pairs = [divmod(task, width) for task in self.tasks]
        self.arrival = [float(scenario.arrival[episode, w]) for w, _ in pairs]
        edges = scenario.edges[episode]
        self.before = [
            [place[w * width + int(i)] for i in np.flatnonzero(edges[w, :, v])] for w, v in pairs
        ]
        self.after = [
            [other for other, before in enumerate(self.before) if before[:1] == [task]]
            for task in range(len(self.tasks))
        ]
        need = [float(scenario.need[episode, w, v]) for w, v in pairs]
        work = [float(scenario.compute[episode, w, v]) for w, v in pairs]
        memory, speed = scenario.memory[episode].tolist(), scenario.capacity[episode].tolist()
        self.run_time = [
            [c / s if m <= room else math.inf for s, room in zip(speed, memory, strict=True)]
            for c, m in zip(work, need, strict=True)
        ]
        self.values: dict[State, float] = {}
        self.best: dict[State, tuple[int, State]] = {}

    def over(self, state: State) -> bool:
        """Whether the episode has ended; nothing has before the first step."""
        tick, jobs = state
        now = tick * self.dt + SLACK
        finished = all(job is not None and job[1] <= now for job in jobs)
        return tick >= self.last or (self.drained and tick > 0 and finished)

    def value(self, state: State) -> float:
        """Return the most that can still be had."""
        if self.over(state):
            return 0.0
        if state not in self.values:
            if len(self.values) >= self.limit:
                raise SearchLimitError(f"limit must exceed the states; got {self.limit}")
            self.values[state] = -math.inf  # counts it before those that follow
            found = [
                (pay + self.objective.discount * self.value(after), action, after)
                for pay, action, after in self._moves(state)
            ]
            best = max(found, key=lambda move: move[0])
            self.values[state], self.best[state] = best[0], best[1:]
        return self.values[state]

    def _moves(self, state: State) -> list[tuple[float, int, State]]:
        """Return what each different decision pays and leads to."""
        tick, jobs = state
        now = tick * self.dt
        task = self._next(jobs, now + SLACK)
        busy = {job[0] for job in jobs if job is not None and job[1] > now + SLACK}
        servers = range(len(self.run_time[0])) if self.run_time else range(1)
        if task is None:
            free: list[int] = []
        else:
            row = self.run_time[task]
            free = [j for j in servers if j not in busy and row[j] < math.inf]
        moves = [self._assign(state, task, j) for j in free if task is not None]
        blocked = [j for j in servers if j not in free]
        if blocked:
            moves.append(
                (self.objective.wait, blocked[0], (tick + 1, self._forget(tick + 1, jobs)))
            )
        return moves

    def _forget(self, tick: int, jobs: Jobs) -> Jobs:
        """Drop the end of finished tasks, and their server if nobody needs their data any more."""
        now, kept = tick * self.dt + SLACK, list(jobs)
        for task, job in enumerate(jobs):
            if job is not None and job[1] <= now:
                wanted = any(jobs[other] is None for other in self.after[task])
                kept[task] = (job[0] if wanted else -1, -math.inf)
        return tuple(kept)

    def _next(self, jobs: Jobs, now: float) -> int | None:
        """Return the ready task of highest priority."""
        for task, job in enumerate(jobs):
            before = [jobs[i] for i in self.before[task]]
            done = all(other is not None and other[1] <= now for other in before)
            if job is None and done and self.arrival[task] <= now:
                return task
        return None

    def _assign(self, state: State, task: int, server: int) -> tuple[float, int, State]:
        tick, jobs = state
        finish = tick * self.dt + self.run_time[task][server]
        source = [jobs[i] for i in self.before[task][:1]]
        local = all(job is not None and job[0] == server for job in source)
        pay = self.objective.pay(self.tasks[task], server, finish, local)
        return pay, server, (tick, (*jobs[:task], (server, finish), *jobs[task + 1 :]))
