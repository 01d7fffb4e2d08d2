"""Claims about tasks, servers and constraints (secs. 3.1, 3.2, eqs. 1b-1e)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.scale.model.episodes import Policy
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.model.simulator import SLACK, Simulation
from refimpl.scale.model.workflows import Chain
from refimpl.scale.objective.reward import transfer_delay
from refimpl.scale.policies.heuristics import random_feasible, random_server

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-12
"""Differences of times below 100 s."""
SMALL = SystemSettings((1, 2, 1), arrival_rate=1.0, horizon=12.0)
"""Four servers that are nearly always busy."""


def walk(scenario: Scenario, policy: Policy, rng: np.random.Generator) -> Iterator[Simulation]:
    """Play to the end; yield the simulation before every decision and at the end."""
    sim = Simulation(scenario)
    while not sim.done.all():
        yield sim
        sim.step(policy(sim, rng))
    yield sim


def done_before(sim: Simulation) -> Bools:
    """Whether all that a task needs is completed, (E, M)."""
    edges = sim.scenario.edges
    finished = sim.completed.reshape(edges.shape[:3])
    missing = (edges & ~finished[..., :, None]).any(axis=2)
    return np.asarray(~missing.reshape(sim.completed.shape))


def ready_as_printed(sim: Simulation) -> Bools:
    """Return the tasks that are not completed and need nothing more, (E, M)."""
    exists = sim.scenario.exists.reshape(sim.completed.shape)
    return np.asarray(exists & ~sim.completed & done_before(sim))


def ready_and_waiting(sim: Simulation) -> Bools:
    """Return those of them that have arrived and run nowhere."""
    arrival = np.repeat(sim.scenario.arrival, sim.n_tasks, axis=1)
    here = arrival <= sim.now[:, None] + SLACK
    return np.asarray(ready_as_printed(sim) & here & (sim.server < 0))


def check_ready_set(ready: Callable[[Simulation], Bools], context: Context) -> Finding:
    """Look for tasks in the set that run already, or whose workflow has not arrived."""
    rng = context.rng("scale", "ready set")
    scenario = sample_scenario(SMALL, 4, rng)
    twice, early, lost = 0, 0, 0
    for sim in walk(scenario, random_feasible, rng):
        members = ready(sim)
        twice += int((members & (sim.server >= 0)).sum())
        arrival = np.repeat(scenario.arrival, sim.n_tasks, axis=1)
        early += int((members & (arrival > sim.now[:, None] + SLACK)).sum())
        lost += int((~members[sim.rows, sim.task] & (sim.task >= 0)).sum())
    return exactly(twice + early + lost, 0.0, already_running=twice, not_arrived=early)


def run_time(work: Floats, speed: Floats) -> Floats:
    """Return ``tau = c / C``."""
    return work / speed


def check_run_time(law: Callable[[Floats, Floats], Floats], context: Context) -> Finding:
    """Compare with the time between start and end of everything that ran."""
    rng = context.rng("scale", "run time")
    scenario = sample_scenario(SMALL, 4, rng)
    *_, sim = walk(scenario, random_feasible, rng)
    e, m = np.nonzero(sim.completed)
    expected = law(sim.compute[e, m], scenario.capacity[e, sim.server[e, m]])
    error = np.abs(sim.finish[e, m] - sim.start[e, m] - expected).max()
    return exactly(float(error), ROUNDING, tasks=len(m), longest=float(expected.max()))


Delay = Callable[[SystemSettings, ArrayLike, ArrayLike], Floats]


def without_latency(settings: SystemSettings, data: ArrayLike, same: ArrayLike) -> Floats:
    """Return the transfer without the base latency."""
    return transfer_delay(replace(settings, latency=0.0), data, same)


def check_communication_cost(law: Delay, context: Context) -> Finding:
    """Compare with ``d / 10 + 0.01`` for a chain spread over servers at random."""
    rng = context.rng("scale", "communication")
    settings = replace(SMALL, family=Chain())
    error, local = 0.0, 0
    for sim in walk(sample_scenario(settings, 4, rng), random_server, rng):
        source, here = sim.predecessor(), sim.rows
        place = sim.server[here, source]
        for e in np.flatnonzero(source >= 0):
            same = np.arange(sim.n_servers) == place[e]
            expected = np.where(same, 0.0, sim.data[e, source[e]] / 10.0 + 0.01)
            found = law(settings, sim.data[e, source[e]], same)
            error = max(error, float(np.abs(found - expected).max()))
            error = max(error, float(np.abs(sim.delays()[e] - expected).max()))
            local += 1
    return exactly(error, ROUNDING, tasks_with_a_predecessor=local)


def more_data(scenario: Scenario) -> Scenario:
    """Return the scenario with a hundred times the data."""
    return replace(scenario, data=100.0 * scenario.data)


def data_first(scenario: Scenario) -> Scenario:
    """Return one in which a task runs on for as long as its output needs to be sent."""
    return replace(scenario, compute=scenario.compute + scenario.data)


def check_no_delay(change: Callable[[Scenario], Scenario], context: Context) -> Finding:
    """Play the same servers with and without the change; compare every end of a task."""
    rng = context.rng("scale", "no delay")
    scenario = sample_scenario(SMALL, 4, rng)
    ends = []
    for each in (scenario, change(scenario)):
        *_, sim = walk(each, random_server, context.rng("scale", "no delay", "servers"))
        ends.append(np.where(sim.completed, sim.finish, 0.0))
    apart = float(np.abs(ends[0] - ends[1]).max())
    return exactly(apart, 0.0, tasks=int((ends[0] > 0).sum()))


def as_it_is(scenario: Scenario) -> Scenario:
    """Return the cluster unchanged."""
    return scenario


def boundless(scenario: Scenario) -> Scenario:
    """Return the cluster with room for every task on every server."""
    return replace(scenario, memory=np.full_like(scenario.memory, 80.0))


def check_constraints(cluster: Callable[[Scenario], Scenario], context: Context) -> Finding:
    """Count breaches of readiness, idleness and memory, and tasks interrupted, in played episodes.

    The episodes are played on ``cluster(scenario)`` and judged by the scenario.
    """
    rng = context.rng("scale", "constraints")
    scenario = sample_scenario(SMALL, 4, rng)
    *_, sim = walk(cluster(scenario), random_server, rng)
    breaches = {"unready": 0, "occupied": 0, "too_large": 0, "interrupted": 0}
    for e, m in np.argwhere(sim.server >= 0):
        j, start, end = sim.server[e, m], sim.start[e, m], sim.finish[e, m]
        w, v = divmod(int(m), sim.n_tasks)
        before = np.flatnonzero(scenario.edges[e, w, :, v]) + w * sim.n_tasks
        ready = max([scenario.arrival[e, w], *sim.finish[e, before]])
        breaches["unready"] += int(start < ready - SLACK)
        beside = (sim.server[e] == j) & (sim.start[e] < end) & (sim.finish[e] > start + SLACK)
        breaches["occupied"] += int(beside.sum()) - 1
        breaches["too_large"] += int(scenario.need[e, w, v] > scenario.memory[e, j])
        length = scenario.compute[e, w, v] / scenario.capacity[e, j]
        breaches["interrupted"] += int(abs(end - start - length) > ROUNDING)
    return only_under(
        "eq. 1b read as a distribution over servers; as printed the policy is a function from "
        "states to servers, while PPO trains and rewards a stochastic one",
        not any(breaches.values()),
        **{name: float(count) for name, count in breaches.items()},
    )


CLAIMS = (
    Claim(
        "scale/ready-set",
        "sec. 3.1",
        "What may be scheduled are the tasks not completed whose predecessors are completed.",
        ("SC-01",),
        Kind.EXACT,
        check_ready_set,
        ready_as_printed,
        Control("tasks that run, or have not arrived, left out", ready_and_waiting),
    ),
    Claim(
        "scale/run-time",
        "sec. 3.2",
        "A task runs for its demand over the server's capacity; demand is then GFLOP, although "
        "the paper gives both in GFLOPS.",
        ("SC-02",),
        Kind.EXACT,
        check_run_time,
        run_time,
        Control("demand times capacity", np.multiply),
    ),
    Claim(
        "scale/communication-cost",
        "sec. 3.2",
        "Data between two servers take their volume over the bandwidth plus the latency, and no "
        "time on one server.",
        ("SC-03",),
        Kind.EXACT,
        check_communication_cost,
        transfer_delay,
        Control("no base latency", without_latency),
    ),
    Claim(
        "scale/communication-delays-nothing",
        "sec. 3.2",
        "The communication cost shapes the reward and delays no task.",
        ("SC-04",),
        Kind.EXACT,
        check_no_delay,
        more_data,
        Control("a task runs on while its output is sent", data_first),
    ),
    Claim(
        "scale/constraints",
        "eqs. 1b-1e",
        "A policy, readiness, idleness and memory are all that restricts a schedule, and no "
        "episode breaks one of them.",
        ("SC-06",),
        Kind.EXACT,
        check_constraints,
        as_it_is,
        Control("played with room for every task everywhere", boundless),
    ),
)
