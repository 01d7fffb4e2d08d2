"""The clock, the servers and the queue of ready tasks, for many episodes at once [SCALE sec. 4.1].

Two levels: the ready task with the most edges before the end of its workflow comes first; the agent
chooses its server. A valid choice starts the task and leaves the clock alone; any other moves the
clock by one step, in which tasks finish, others become ready and workflows arrive.

Arrays are changed in place, because copying them costs more than stepping.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_positive
from refimpl.scale.model.scenario import Floats, Scenario
from refimpl.scale.model.workflows import Bools, Ints, hop_counts
from refimpl.scale.objective.reward import assignment_reward, transfer_delay

NOT_READY = np.iinfo(np.int64).max
SLACK = 1e-9
"""Seconds by which a time may be late on the grid of the clock: far below a step, far above
rounding."""


@dataclass(frozen=True)
class Step:
    """What a step did, (E,) each; ``invalid_reward`` is paid for every action that assigns nothing.

    Attributes
    ----------
    reward : float
        0 where the episode was over before.
    valid : bool
        The task was assigned.
    ended : bool
        The episode is over since this step.
    """

    reward: Floats
    valid: Bools
    ended: Bools


class Simulation:
    """State of E episodes [SCALE Fig. 1] [SCALE sec. 4.1].

    Parameters
    ----------
    scenario : Scenario
    deadline : float, optional
        Without: an episode ends at the horizon. With: it goes on until every task is finished, at
        most until this time.

    Attributes
    ----------
    tick : (E,) int
        Steps of the clock; the time is ``now = tick * dt``.
    task : (E,) int
        Task to be assigned, ``workflow * V + number``, or -1 if none is ready.
    done : (E,) bool
        The episode is over.
    running : (E, N) int
        Task on each server or -1.
    busy_until : (E, N) float
        Seconds at which it finishes.
    present : (E, N) bool
        Whether the server takes tasks.
    server : (E, M) int
        Where each task runs or ran, or -1; M = W * V.
    start, finish : (E, M) float
        Seconds; infinite before the assignment.
    completed : (E, M) bool

    Raises
    ------
    ValueError
        If the deadline is not positive and finite: a livelock would then never end.
    """

    def __init__(self, scenario: Scenario, deadline: float | None = None) -> None:
        if deadline is not None:
            check_positive("deadline", deadline)
        self.settings = scenario.settings
        self.deadline = deadline
        self.rows = np.arange(scenario.episodes)
        self.n_servers = scenario.capacity.shape[1]
        self.n_tasks = scenario.compute.shape[2]
        self.begin(scenario)

    def begin(self, scenario: Scenario) -> None:
        """Start every episode of a scenario of the same shape from time 0."""
        self.scenario = scenario
        episodes, m = scenario.episodes, scenario.size.shape[1] * self.n_tasks
        # Copies: ``replace`` writes into them, and the scenario is its owner's.
        self.compute = scenario.compute.reshape(episodes, m).copy()
        self.need = scenario.need.reshape(episodes, m).copy()
        self.data = scenario.data.reshape(episodes, m).copy()
        self.rank = priorities(scenario)
        self.pending = scenario.edges.sum(axis=2)
        self.first = _first_predecessors(scenario)
        self.n_successors = scenario.edges.sum(axis=3).reshape(episodes, m)
        self.total = scenario.exists.sum(axis=(1, 2))
        self.tick = np.zeros(episodes, np.int64)
        self.arrived = np.zeros(episodes, np.int64)
        self.finished = np.zeros(scenario.size.shape, np.int64)
        self.key = np.full((episodes, m), NOT_READY)
        self.server = np.full((episodes, m), -1)
        self.start = np.full((episodes, m), np.inf)
        self.finish = np.full((episodes, m), np.inf)
        self.completed = np.zeros((episodes, m), bool)
        self.running = np.full((episodes, self.n_servers), -1)
        self.busy_until = np.zeros((episodes, self.n_servers))
        self.done = np.zeros(episodes, bool)
        self._settle()

    def _settle(self) -> None:
        """Bring everything up to the time of the clock, for a start."""
        scenario = self.scenario
        self.elastic = bool(
            (scenario.joins > 0).any()
            or np.isfinite(np.minimum(scenario.leaves, scenario.fails)).any()
        )
        self.present = self._in_cluster(self.rows)
        self._arrive(self.rows)
        self.task = self._select()

    @property
    def now(self) -> Floats:
        """Seconds since the start, (E,)."""
        return np.asarray(self.tick * self.settings.dt)

    def idle(self) -> Bools:
        """Servers that could take a task, (E, N)."""
        return np.asarray(self.present & (self.running < 0))

    def feasible(self) -> Bools:
        """Servers that the task may be assigned to, (E, N) [SCALE sec. 3.3]."""
        fits = self.need[self.rows, self.task][:, None] <= self.scenario.memory
        return np.asarray(self.idle() & fits & (self.task >= 0)[:, None])

    def stranded(self) -> Bools:
        """Episodes whose task fits no server that is there or will still come, (E,).

        Only where servers leave or fail; the task blocks those behind it to the end.
        """
        fits = self.need[self.rows, self.task][:, None] <= self.scenario.memory
        gone = np.minimum(self.scenario.leaves, self.scenario.fails)
        to_come = (self.scenario.joins < gone) & (self.now[:, None] + SLACK < gone)
        return np.asarray((self.task >= 0) & ~(fits & to_come).any(axis=1))

    def predecessor(self) -> Ints:
        """Return the first predecessor of the task, (E,), or -1: where its data are taken from."""
        found = self.first[self.rows, self.task]
        return np.where((self.task >= 0) & (found >= 0), found, -1)

    def delays(self) -> Floats:
        """Seconds of the transfer to every server, (E, N) [SCALE sec. 4.1.1].

        From the server of the first predecessor; 0 without one.
        """
        source = self.predecessor()
        place = self.server[self.rows, source]
        same = np.arange(self.n_servers) == place[:, None]
        same |= (source < 0)[:, None]
        return transfer_delay(self.settings, self.data[self.rows, source][:, None], same)

    def step(self, actions: Ints) -> Step:
        """Assign the task to server ``actions`` (E,), or let the clock move [SCALE sec. 4.1.2].

        Raises
        ------
        ValueError
            If an action is no server.
        """
        if (
            actions.shape != self.rows.shape
            or (actions < 0).any()
            or (actions >= self.n_servers).any()
        ):
            raise ValueError(
                f"actions must be {len(self.rows)} servers from 0 to {self.n_servers - 1}; "
                f"got {actions}"
            )
        before = self.done.copy()
        valid = self._valid(actions)
        reward = np.where(before, 0.0, self.settings.invalid_reward)
        rows = np.flatnonzero(valid)
        if rows.size:
            reward[rows] = self._assign(rows, actions[rows])
        rows = np.flatnonzero(~(valid | before))
        if rows.size:
            self._advance(rows)
        self.task = self._select()
        return Step(reward, valid, self.done & ~before)

    def replace(self, rows: Ints, scenario: Scenario) -> None:
        """Start new episodes in some rows; the scenario has as many, of the same shape."""
        if not len(rows):
            return
        fresh = Simulation(scenario, self.deadline)
        for name, value in vars(fresh).items():
            if isinstance(value, np.ndarray) and name != "rows":
                getattr(self, name)[rows] = value
        self.scenario = self.scenario.put(rows, scenario)
        self.elastic |= fresh.elastic

    def _valid(self, actions: Ints) -> Bools:
        here = self.rows, actions
        fits = self.need[self.rows, self.task] <= self.scenario.memory[here]
        free = self.present[here] & (self.running[here] < 0)
        return np.asarray(free & fits & (self.task >= 0) & ~self.done)

    def _assign(self, rows: Ints, servers: Ints) -> Floats:
        """Start the tasks; return the rewards [SCALE eq. 2]."""
        tasks, scenario = self.task[rows], self.scenario
        run_time = self.compute[rows, tasks] / scenario.capacity[rows, servers]
        source = self.predecessor()[rows]
        same = (source < 0) | (self.server[rows, source] == servers)
        delay = transfer_delay(self.settings, self.data[rows, source], same)
        energy = scenario.busy_power[rows, servers] * run_time
        now = self.now[rows]
        self.server[rows, tasks] = servers
        self.start[rows, tasks] = now
        self.finish[rows, tasks] = self.busy_until[rows, servers] = now + run_time
        self.running[rows, servers] = tasks
        self.key[rows, tasks] = NOT_READY
        return assignment_reward(self.settings, run_time, delay, energy)

    def _advance(self, rows: Ints) -> None:
        """Move the clock one step; finish, fail, release, arrive."""
        self.tick[rows] += 1
        self._finish(rows)
        if self.elastic:
            self._fail(rows)
            self.present[rows] = self._in_cluster(rows)
        self._arrive(rows)
        now = self.tick[rows] * self.settings.dt + SLACK
        if self.deadline is None:
            self.done[rows] = now >= self.settings.horizon
        else:
            self.done[rows] = (now >= self.deadline) | (
                self.finished[rows].sum(axis=1) == self.total[rows]
            )

    def _finish(self, rows: Ints) -> None:
        now = self.tick[rows] * self.settings.dt + SLACK
        # A server that failed on the way did not get there.
        end = np.minimum(now[:, None], self.scenario.fails[rows]) if self.elastic else now[:, None]
        which, servers = np.nonzero((self.running[rows] >= 0) & (self.busy_until[rows] <= end))
        if not which.size:
            return
        e = rows[which]
        tasks = self.running[e, servers]
        self.completed[e, tasks] = True
        self.running[e, servers] = -1
        w, v = np.divmod(tasks, self.n_tasks)
        np.add.at(self.finished, (e, w), 1)
        successors = self.scenario.edges[e, w, v]
        np.subtract.at(self.pending, (e, w), successors)
        free = successors & (self.pending[e, w] == 0)
        which, v = np.nonzero(free)
        self._release(e[which], w[which] * self.n_tasks + v)

    def _fail(self, rows: Ints) -> None:
        """Servers that failed lose their task; it becomes ready again."""
        now = self.tick[rows] * self.settings.dt + SLACK
        lost = (self.running[rows] >= 0) & (self.scenario.fails[rows] <= now[:, None])
        which, servers = np.nonzero(lost)
        e = rows[which]
        tasks = self.running[e, servers]
        self.running[e, servers] = -1
        self.server[e, tasks] = -1
        self.start[e, tasks] = self.finish[e, tasks] = np.inf
        self._release(e, tasks)

    def _arrive(self, rows: Ints) -> None:
        now = self.tick[rows] * self.settings.dt + SLACK
        count = (self.scenario.arrival[rows] <= now[:, None]).sum(axis=1)
        more = count > self.arrived[rows]
        for e, n in zip(rows[more], count[more], strict=True):
            fresh = np.arange(self.arrived[e] * self.n_tasks, n * self.n_tasks)
            w, v = np.divmod(fresh, self.n_tasks)
            roots = (self.pending[e, w, v] == 0) & (v < self.scenario.size[e, w])
            self._release(np.full(roots.sum(), e), fresh[roots])
            self.arrived[e] = n

    def _release(self, rows: Ints, tasks: Ints) -> None:
        self.key[rows, tasks] = self.rank[rows, tasks]

    def _select(self) -> Ints:
        """Return the ready task of highest priority, or -1, (E,)."""
        best = self.key.argmin(axis=1)
        return np.where(self.key[self.rows, best] == NOT_READY, -1, best)

    def _in_cluster(self, rows: Ints) -> Bools:
        now = self.tick[rows][:, None] * self.settings.dt + SLACK
        s = self.scenario
        gone = np.minimum(s.leaves[rows], s.fails[rows])
        return np.asarray((s.joins[rows] <= now) & (now < gone))


def priorities(scenario: Scenario) -> Ints:
    """Rank every task, (E, M): smallest first [SCALE sec. 4.1].

    Most edges to the end of the workflow; then the earlier workflow; then the smaller number.
    The paper leaves ties open.
    """
    episodes, workflows, tasks = scenario.compute.shape
    hops = hop_counts(scenario.edges)
    behind = (tasks - hops).reshape(episodes, -1)
    return np.asarray(behind * workflows * tasks + np.arange(workflows * tasks))


def _first_predecessors(scenario: Scenario) -> NDArray[np.int64]:
    """First predecessor of every task as an index into M, or -1, (E, M)."""
    edges = scenario.edges
    episodes, workflows, tasks = scenario.compute.shape
    offset = np.arange(workflows)[:, None] * tasks
    first = np.where(edges.any(axis=2), edges.argmax(axis=2) + offset, -1)
    return np.asarray(first.reshape(episodes, -1))
