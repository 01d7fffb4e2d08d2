"""Play episodes with a policy, and what is counted [SCALE sec. 4.1.3].

Beside the paper's metric, the mean response time of the tasks that were completed, stands one that
no choice of tasks can improve: the mean over all tasks that arrived, unfinished ones until the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from refimpl.scale.model.scenario import Floats, Scenario
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Bools, Ints

Policy = Callable[[Simulation, np.random.Generator], Ints]
"""``policy(simulation, rng) -> servers (E,)``; choices in episodes that are over do not count."""


@dataclass
class Counts:
    """Actions that assigned nothing, by reason, (E,) each.

    Attributes
    ----------
    decisions : int
        Actions, valid or not.
    none : int
        No task was ready.
    forced : int
        No server could take the task.
    memory : int
        Avoidable: the chosen server was idle but too small.
    busy : int
        Avoidable: the chosen server was busy or absent.
    run, longest : int
        Avoidable ones since the last valid action, and the longest such run.
    """

    decisions: Ints
    none: Ints
    forced: Ints
    memory: Ints
    busy: Ints
    run: Ints
    longest: Ints

    @classmethod
    def zeros(cls, episodes: int) -> Counts:
        """Before the first action."""
        return cls(*(np.zeros(episodes, np.int64) for _ in range(7)))

    def add(self, sim: Simulation, actions: Ints, feasible: Bools) -> None:
        """Count the actions about to be made."""
        alive = ~sim.done
        ready, able = sim.task >= 0, feasible.any(axis=1)
        invalid = alive & ~feasible[sim.rows, actions]
        avoidable = invalid & able
        small = avoidable & sim.idle()[sim.rows, actions]
        self.decisions += alive
        self.none += invalid & ~ready
        self.forced += invalid & ready & ~able
        self.memory += small
        self.busy += avoidable & ~small
        self.run = np.where(avoidable, self.run + 1, np.where(alive & ~invalid, 0, self.run))
        self.longest = np.maximum(self.longest, self.run)


@dataclass(frozen=True)
class Episodes:
    """What happened in E episodes; arrays (E,) [SCALE eq. 1].

    Attributes
    ----------
    returns, discounted : float
        Sum of rewards, without and with the discount of the settings of learning.
    arrived, completed : int
        Tasks.
    response : float
        ``T-bar``: mean seconds from a workflow's arrival to the end of its completed tasks [SCALE
        eq. 1]; NaN if there is none.
    all_response : float
        The same over all tasks that arrived; one that is not completed counts until the end.
    end : float
        Seconds at which the episode ended.
    counts : Counts
    """

    returns: Floats
    discounted: Floats
    arrived: Ints
    completed: Ints
    response: Floats
    all_response: Floats
    end: Floats
    counts: Counts

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Everything by name, as float64."""
        counts = {f"invalid {name}": getattr(self.counts, name) for name in REASONS}
        rest = {name: getattr(self, name) for name in METRICS}
        extra = {"decisions": self.counts.decisions, "longest": self.counts.longest}
        return {name: np.asarray(x, float) for name, x in {**rest, **counts, **extra}.items()}


REASONS = ("none", "forced", "memory", "busy")
METRICS = ("returns", "discounted", "arrived", "completed", "response", "all_response", "end")


@dataclass
class Returns:
    """Sums of rewards, (E,) each."""

    plain: Floats
    discounted: Floats
    factor: float = field(default=1.0)

    def add(self, reward: Floats, gamma: float) -> None:
        """Add the rewards of a step."""
        self.plain += reward
        self.discounted += self.factor * reward
        self.factor *= gamma


def play(
    scenario: Scenario,
    policy: Policy,
    rng: np.random.Generator,
    deadline: float | None = None,
    gamma: float = 0.99,
) -> Episodes:
    """Play every episode of a scenario to its end.

    Parameters
    ----------
    scenario : Scenario
    policy : Policy
    rng : Generator
        For policies that draw.
    deadline : float, optional
        See :class:`refimpl.scale.model.simulator.Simulation`.
    gamma : float
        Discount per decision.
    """
    sim = Simulation(scenario, deadline)
    counts = Counts.zeros(scenario.episodes)
    sums = Returns(np.zeros(scenario.episodes), np.zeros(scenario.episodes))
    while not sim.done.all():
        actions = policy(sim, rng)
        counts.add(sim, actions, sim.feasible())
        sums.add(sim.step(actions).reward, gamma)
    return measured(sim, sums, counts)


def measured(sim: Simulation, sums: Returns, counts: Counts) -> Episodes:
    """Summarise a simulation as it stands."""
    arrival = np.repeat(sim.scenario.arrival, sim.n_tasks, axis=1)
    end = sim.now
    here = sim.scenario.exists.reshape(sim.completed.shape) & (arrival <= end[:, None])
    until = np.where(sim.completed, sim.finish, end[:, None])
    waited = np.subtract(until, arrival, out=np.zeros_like(until), where=here)
    completed, arrived = sim.completed.sum(axis=1), here.sum(axis=1)
    with np.errstate(invalid="ignore"):
        response = (waited * sim.completed).sum(axis=1) / completed
        all_response = waited.sum(axis=1) / arrived
    return Episodes(
        sums.plain,
        sums.discounted,
        arrived,
        completed,
        response,
        np.nan_to_num(all_response),
        end,
        counts,
    )
